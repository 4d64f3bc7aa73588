"""(j) An Application Gateway while 100 pods a second come and go: few PUTs, one at a time.

The pods are entries of EndpointSlices that the benchmark writes through the cluster's API, so that
they can change faster than pods start. Other Services of the gateway are asked all the while.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bascule.ids import Cluster
from bascule.lab.shop.deploy import ClusterApi, deploy, object_path, open_api
from bascule.lab.shop.manifests import CONTAINER_PORT, NAMESPACE, Object
from benchmarks.appgw_lab import (
    PACE,
    START_LIMIT_S,
    Place,
    Update,
    build_ingress,
    most_at_once,
    open_place,
    under_load,
)
from benchmarks.figures import Section, Target, write_section
from tests.support.waiting import eventually

SERVICES, PODS = 5, 20
CHANGES_A_S, SECONDS = 100, 60
ROUTES = 10
RATE = 100.0
FIRST_HOST = 100
"""Of the hosts whose pods change."""
IN_FLIGHT_MAX = 16
NOTE = (
    f"{SERVICES} Services of {PODS} pods each in blue; every change puts one address in the place "
    f"of another. {PACE}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of it."""

    changes: int
    seconds: float
    updates: Sequence[Update]
    late_updates: int
    """Of them, how many began after the last change."""
    rest_s: float
    """From the last change until the gateway had it."""
    running_s: float
    """For so much of it an update ran that had begun before."""
    is_last: bool
    requests: int
    failed: int


class Churn:
    """Services without a selector, whose pods we say."""

    def __init__(self) -> None:
        self.addresses = [
            [f"10.250.{service}.{pod + 1}" for pod in range(PODS)] for service in range(SERVICES)
        ]
        self.made = 0

    def objects(self) -> list[Object]:
        """Return all of it for a cluster."""
        found: list[Object] = []
        for number in range(SERVICES):
            found += [_service(number), build_ingress(FIRST_HOST + number, 1, _name(number))]
            found.append(self._slice(number))
        return found

    async def run(self, api: ClusterApi) -> float:
        """Change pods at the rate; return when the last change was taken (monotonic)."""
        gate = asyncio.Semaphore(IN_FLIGHT_MAX)
        begun_s = time.monotonic()
        locks = [asyncio.Lock() for _ in range(SERVICES)]

        async def write(number: int) -> None:
            async with gate, locks[number]:
                body = {"endpoints": self._slice(number)["endpoints"]}
                await api.patch(object_path(self._slice(number)), body)
                self.made += 1

        async with asyncio.TaskGroup() as tasks:
            for change in range(CHANGES_A_S * SECONDS):
                number, pod = change % SERVICES, change // SERVICES % PODS
                self.addresses[number][pod] = f"10.250.{10 + change // 250}.{change % 250 + 1}"
                tasks.create_task(write(number))
                due_s = begun_s + (change + 1) / CHANGES_A_S
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        return time.monotonic()

    def are_in(self, gateway: Any) -> bool:
        """Whether pools of the gateway hold the last addresses, and all of them."""
        pools = [
            sorted(each["ipAddress"] for each in pool["properties"].get("backendAddresses") or ())
            for pool in gateway["properties"]["backendAddressPools"]
        ]
        return all(sorted(wanted) in pools for wanted in self.addresses)

    def _slice(self, number: int) -> Object:
        name = _name(number)
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{name}-1",
                "namespace": NAMESPACE,
                "labels": {"kubernetes.io/service-name": name},
            },
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": CONTAINER_PORT, "protocol": "TCP"}],
            "endpoints": [
                {"addresses": [address], "conditions": {"ready": True}}
                for address in self.addresses[number]
            ],
        }


def _service(number: int) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _name(number), "namespace": NAMESPACE},
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": CONTAINER_PORT}]},
    }


def _name(number: int) -> str:
    return f"churned-{number}"


async def measure(place: Place) -> Measured:
    """Change pods under load, and look at what the gateway was told."""
    churn = Churn()
    await place.set_routes(ROUTES)
    blue = place.targets[Cluster.BLUE]
    await deploy(blue, churn.objects())
    await place.start_runtime()
    begun_at, begun_s = time.time(), time.monotonic()
    async with under_load(place, RATE) as load:
        async with open_api(blue) as api:
            last_s = await churn.run(api)
        last_at = time.time()

        async def is_over() -> bool:
            return churn.are_in(await asyncio.to_thread(place.site.read_gateway))

        await eventually(is_over, within_s=START_LIMIT_S)
        await eventually(place.is_at_rest, within_s=START_LIMIT_S)
    rest_at = time.time()
    updates = [each for each in await place.read_updates() if each.begun_at >= begun_at]
    over_at = max((each.ended_at for each in updates), default=rest_at)
    running = [each for each in updates if each.begun_at < last_at < each.ended_at]
    return Measured(
        changes=churn.made,
        seconds=last_s - begun_s,
        updates=updates,
        late_updates=sum(each.begun_at >= last_at for each in updates),
        rest_s=max(0.0, over_at - last_at),
        running_s=max((each.ended_at - last_at for each in running), default=0.0),
        is_last=churn.are_in(await asyncio.to_thread(place.site.read_gateway)),
        requests=load.judged.requests,
        failed=load.judged.failed,
    )


def judge_targets(found: Measured) -> list[Target]:
    """Return what was promised, and whether it was kept."""
    most = most_at_once(found.updates)
    canceled = sum(each.status != "Succeeded" for each in found.updates)
    return [
        Target(
            text=f"at most one PUT in flight: {most}, {canceled} canceled or failed",
            is_met=most == 1 and canceled == 0,
            is_required=True,
        ),
        Target(
            text=f"the last state wins within one operation: {found.late_updates} begun after "
            "the last change",
            is_met=found.is_last and found.late_updates <= 1,
            is_required=True,
        ),
        Target(
            text=f"0 failed requests meanwhile: {found.failed} of {found.requests:,}",
            is_met=found.failed == 0 < found.requests,
            is_required=True,
        ),
    ]


def main() -> None:
    """Measure and keep the section."""
    with open_place() as place:
        found = asyncio.run(measure(place))
    write_section(
        Section(
            name="appgw_churn",
            title="An Application Gateway while pods come and go",
            command="make bench ARGS=appgw_churn",
            columns=[
                "changes",
                "a second",
                "PUTs",
                "changes a PUT",
                "last change to the gateway, s in the lab",
                "of it an update that ran already",
                "requests elsewhere",
                "failed",
            ],
            rows=[
                [
                    f"{found.changes:,}",
                    f"{found.changes / found.seconds:.0f}",
                    f"{len(found.updates)}",
                    f"{found.changes / max(1, len(found.updates)):.0f}",
                    f"{found.rest_s:.2f}",
                    f"{found.running_s:.2f}",
                    f"{found.requests:,}",
                    f"{found.failed}",
                ]
            ],
            targets=judge_targets(found),
            notes=[NOTE],
        )
    )


if __name__ == "__main__":
    main()
