from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bascule.lab.controllers.network.slices import ENDPOINTS_MAX, SlicePlan, plan_slices
from tests.support.lab_plane import service

Object = dict[str, Any]


def a_service(**spec: Any) -> Object:
    made = service(**spec)
    made["metadata"] |= {"namespace": "default", "uid": "uid-service"}
    return made


def pod(number: int, *, ready: bool = True, **more: Any) -> Object:
    made: Object = {
        "metadata": {"name": f"web-{number}", "namespace": "default", "uid": f"uid-{number}"},
        "spec": {
            "nodeName": "node-1",
            "containers": [{"ports": [{"name": "http", "containerPort": 8080}]}],
        },
        "status": {
            "podIP": f"127.64.{number >> 8}.{number & 255}",
            "conditions": [{"type": "Ready", "status": str(ready)}],
        },
    }  # fmt: skip
    made["metadata"] |= more
    return made


class Slices:
    """Existing slices to which plans are applied, as the store would."""

    def __init__(self) -> None:
        self.by_name: dict[str, Object] = {}
        self._count = 0
        self.writes = 0

    def apply(self, plan: SlicePlan) -> None:
        for gone in plan.delete:
            del self.by_name[gone]
            self.writes += 1
        for item in plan.update:
            if self.by_name[item["metadata"]["name"]] != item:
                self.writes += 1
            self.by_name[item["metadata"]["name"]] = item
        for item in plan.create:
            self._count += 1
            self.writes += 1
            name = f"web-{self._count}"
            self.by_name[name] = {**item, "metadata": {**item["metadata"], "name": name}}

    def run(self, pods: list[Object], of: Object | None = None) -> None:
        self.apply(plan_slices(of or a_service(), pods, list(self.by_name.values())))

    def endpoints(self) -> list[Object]:
        return [end for item in self.by_name.values() for end in item["endpoints"] or ()]


def test_a_service_without_pods_has_one_empty_slice() -> None:
    slices = Slices()

    slices.run([])

    [only] = slices.by_name.values()
    assert only["endpoints"] is None
    assert only["ports"] is None
    assert only["metadata"]["labels"]["kubernetes.io/service-name"] == "web"


def test_conditions_say_ready_serving_and_terminating() -> None:
    slices = Slices()
    pods = [pod(1), pod(2, ready=False), pod(3, deletionTimestamp="now")]

    slices.run(pods)

    found = {end["targetRef"]["name"]: end["conditions"] for end in slices.endpoints()}
    assert found == {
        "web-1": {"ready": True, "serving": True, "terminating": False},
        "web-2": {"ready": False, "serving": False, "terminating": False},
        "web-3": {"ready": False, "serving": True, "terminating": True},
    }


def test_unready_addresses_are_published_where_the_service_says_so() -> None:
    slices = Slices()

    slices.run([pod(1, ready=False)], a_service(publishNotReadyAddresses=True))

    assert slices.endpoints()[0]["conditions"]["ready"] is True


def test_more_than_a_hundred_endpoints_need_several_slices() -> None:
    slices = Slices()

    slices.run([pod(number) for number in range(250)])

    assert sorted(len(item["endpoints"]) for item in slices.by_name.values()) == [50, 100, 100]


def test_one_change_writes_one_slice() -> None:
    slices = Slices()
    pods = [pod(number) for number in range(250)]
    slices.run(pods)
    slices.writes = 0

    slices.run([pod(7, ready=False), *pods[:7], *pods[8:]])

    assert slices.writes == 1


def test_named_ports_and_moved_ports_are_resolved_for_each_pod() -> None:
    slices = Slices()
    ports = [
        {"name": "http", "port": 80, "targetPort": "http", "appProtocol": "kubernetes.io/h2c"},
        {"name": "gone", "port": 81, "targetPort": "missing"},
    ]
    moved = pod(2, annotations={"lab.bascule.dev/ports": "8080=41234"})

    slices.run([pod(1), moved], a_service(ports=ports))

    found = sorted(
        (item["ports"][0]["port"], len(item["ports"])) for item in slices.by_name.values()
    )
    assert found == [(8080, 1), (41234, 1)]
    assert next(iter(slices.by_name.values()))["ports"][0]["appProtocol"] == "kubernetes.io/h2c"


def test_a_headless_service_is_labelled_and_hostnames_are_kept() -> None:
    slices = Slices()
    member = pod(1)
    member["spec"] |= {"hostname": "db-0", "subdomain": "db"}

    slices.run([member], a_service(clusterIP="None"))

    [only] = slices.by_name.values()
    assert "service.kubernetes.io/headless" in only["metadata"]["labels"]
    assert only["endpoints"][0]["hostname"] == "db-0"


@given(st.lists(st.sets(st.integers(0, 299), max_size=260), min_size=1, max_size=4))
def test_whatever_comes_and_goes_each_pod_is_in_exactly_one_slice(steps: list[set[int]]) -> None:
    slices = Slices()

    for numbers in steps:
        slices.run([pod(number) for number in numbers])
        names = [end["targetRef"]["name"] for end in slices.endpoints()]
        assert sorted(names) == sorted(f"web-{number}" for number in numbers)
        assert slices.by_name
        assert all(
            len(item["endpoints"] or ()) <= ENDPOINTS_MAX for item in slices.by_name.values()
        )
