"""(c) From a change of one endpoint to Envoy's acknowledgement, through the controller.

The feed is in memory, all else is real: cache, hold-off, build, translation, ADS, Envoy.
An endpoint that leaves is urgent and has a shorter hold-off than one that joins; figures are beyond
the hold-off of each. Also: memory of the controller's process.
"""

import asyncio
import random
import resource
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from bascule.app.clock import SystemClock
from bascule.controller.holdoff import HoldOff
from bascule.controller.loop import Controller, ControllerOptions
from bascule.controller.ports import ControllerPorts
from bascule.gateway.driver import Applied
from bascule.gateway.envoy.bootstrap import UnixXds
from bascule.gateway.envoy.driver import EnvoyDriver, UnixListen
from bascule.gateway.envoy.process import EnvoyProcess, ProcessOptions
from bascule.ids import Cluster
from bascule.manifest.objects import ManifestObject
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import Listener, RoutingTable
from bascule.routing.options import BuildOptions
from bascule.routing.weights import Split, Weights
from benchmarks.figures import Section, Target, median, percentile, write_section
from tests.support.controller_world import FakeLastGood
from tests.support.fake_feed import FakeFeed
from tests.support.network import free_port
from tests.support.raw_objects import parsed, raw_ingress, raw_service, raw_slice

CHANGES = 31
HOLD_OFF = HoldOff()
NOTE = (
    f"{CHANGES} of each. The hold-off is {1000 * HOLD_OFF.urgent_s:.0f} ms for one that leaves and "
    f"{1000 * HOLD_OFF.quiet_s:.0f} ms for one that joins. All endpoints of a service and cluster "
    "are one message to Envoy: hence the cost at 10,000 of one service."
)
ACK_MS_MAX = 10
MEMORY_MIB_MAX = 150
# Services and endpoints of each; then one service whose endpoints grow.
SHAPES = ((1, 10), (1, 100), (1, 1_000), (1, 10_000), (100, 10), (1_000, 10))


class StampingDriver(EnvoyDriver):
    """Remembers when each table was acknowledged, and counts them."""

    stamps: asyncio.Queue[float]

    @override
    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        applied = await super().apply(table, certificates)
        self.stamps.put_nowait(time.monotonic())
        return applied


@dataclass(frozen=True, slots=True)
class Stage:
    """A running controller with an Envoy, and its two feeds."""

    driver: StampingDriver
    blue: FakeFeed
    green: FakeFeed


@asynccontextmanager
async def running_stage(state: Path) -> AsyncIterator[Stage]:
    """Start Envoy and the controller; end both."""
    clock, port = SystemClock(), free_port()
    listener = Listener(name="http", address="127.0.0.1", port=port)
    envoy = EnvoyProcess(
        state, UnixXds(path=state / "xds.sock"), ProcessOptions(node="bench"), clock=clock
    )
    driver = StampingDriver(
        clock=clock,
        listen=UnixListen(path=state / "xds.sock"),
        admin_sockets=[state / "admin.sock"],
    )
    driver.stamps = asyncio.Queue()
    stage = Stage(driver, FakeFeed(), FakeFeed())
    controller = Controller(
        ControllerPorts(
            driver=driver,
            feeds={Cluster.BLUE: stage.blue, Cluster.GREEN: stage.green},
            last_good=FakeLastGood(),
        ),
        split=Split(Weights.all_to(Cluster.BLUE)),
        clock=clock,
        rng=random.Random(1),  # noqa: S311 - jitter, not a secret
        options=ControllerOptions(build=BuildOptions(listeners=(listener,)), hold_off=HOLD_OFF),
    )
    async with driver:
        await envoy.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(controller.run())
                yield stage
                running.cancel()
        finally:
            await envoy.stop()


def make_slices(service: int, endpoints: int, subnet: int) -> list[ManifestObject]:
    """Return the EndpointSlices of a service, at most 100 endpoints each as in Kubernetes."""
    addresses = [
        f"127.{subnet}.{(service * 10 + i) // 250 % 256}.{(service * 10 + i) % 250 + 1}"
        for i in range(endpoints)
    ]
    return [
        item
        for first in range(0, endpoints, 100)
        for item in parsed(
            raw_slice(f"web-{service}", addresses=addresses[first : first + 100], suffix=str(first))
        )
    ]


def make_cluster(services: int, endpoints: int, subnet: int) -> list[ManifestObject]:
    """Return Ingresses, Services and slices of one cluster."""
    objects: list[ManifestObject] = []
    for number in range(services):
        name = f"web-{number}"
        objects += parsed(
            raw_ingress(name, host=f"h{number}.example.com", service=name), raw_service(name)
        )
        objects += make_slices(number, endpoints, subnet)
    return objects


async def measure_shape(services: int, endpoints: int) -> tuple[list[float], list[float]]:
    """Return ms beyond the hold-off of CHANGES endpoints that leave and that join."""
    with tempfile.TemporaryDirectory(prefix="bascule-") as folder:
        async with running_stage(Path(folder)) as stage:
            stage.green.sync(*make_cluster(services, endpoints, 65))
            stage.blue.sync(*make_cluster(services, endpoints, 64))
            await stage.driver.stamps.get()
            await settle(stage)
            leaves, joins = [], []
            for number in range(CHANGES):
                fewer, whole = (
                    make_slices(number % services, min(endpoints, 100) - missing, 64)
                    for missing in (1, 0)
                )
                leaves.append(await change(stage, fewer) - 1000 * HOLD_OFF.urgent_s)
                joins.append(await change(stage, whole) - 1000 * HOLD_OFF.quiet_s)
            return leaves, joins


async def settle(stage: Stage) -> None:
    """Return when no push came for a second: the first tables are through."""
    while True:
        try:
            async with asyncio.timeout(1.0):
                await stage.driver.stamps.get()
        except TimeoutError:
            return


async def change(stage: Stage, slices: list[ManifestObject]) -> float:
    """Change one EndpointSlice of blue; return ms to the acknowledgement."""
    start = time.monotonic()
    stage.blue.put(*slices)
    acknowledged = await stage.driver.stamps.get()
    return 1000 * (acknowledged - start)


def main() -> None:
    """Measure each shape and keep the section."""
    rows, medians = [], {}
    memory_mib = 0.0
    for services, endpoints in SHAPES:
        leaves, joins = asyncio.run(measure_shape(services, endpoints))
        medians[services, endpoints] = median([*leaves, *joins])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        memory_mib = max(memory_mib, peak)
        rows.append(
            [
                f"2 x {services:,}",
                f"2 x {services * endpoints:,}",
                f"{median(leaves):.1f} ({percentile(leaves, 95):.1f})",
                f"{median(joins):.1f} ({percentile(joins, 95):.1f})",
                f"{peak:.0f}",
            ]
        )
    at_target = medians[1_000, 10]
    size = "1,000 routes and 10,000 endpoints in each cluster"
    write_section(
        Section(
            name="endpoint_change",
            title="One endpoint changes",
            command="make bench ARGS=endpoint_change",
            columns=[
                "services",
                "endpoints",
                "one leaves, ms to the ACK beyond the hold-off: median (p95)",
                "one joins, the same",
                "peak MiB of the process so far",
            ],
            rows=rows,
            targets=[
                Target(
                    text=f"at 1,000 services under {ACK_MS_MAX} ms median: {at_target:.1f} ms",
                    is_met=at_target < ACK_MS_MAX,
                ),
                Target(
                    text=f"controller under {MEMORY_MIB_MAX} MiB at {size}: {memory_mib:.0f} MiB",
                    is_met=memory_mib < MEMORY_MIB_MAX,
                ),
            ],
            notes=[NOTE],
        )
    )


if __name__ == "__main__":
    main()
