from typing import Any

import pytest

from bascule.lab.controllers.network.endpoint_slices import SLICES, EndpointSliceController
from tests.support.lab_plane import Plane, service, set_pod_ready, template

Object = dict[str, Any]


@pytest.fixture
def world() -> Plane:
    world = Plane()
    world.controllers = [EndpointSliceController(world.store)]
    world.create("services", service())
    return world


def add_pod(world: Plane, name: str, *, app: str = "web", is_ready: bool = True) -> None:
    body = template(app)
    head = {"apiVersion": "v1", "kind": "Pod"}
    pod = {**head, "metadata": {"name": name, "labels": {"app": app}}, "spec": body["spec"]}
    set_pod_ready(world.store, world.create("pods", pod), is_ready=is_ready)


def names(world: Plane) -> list[str]:
    slices = world.store.list(SLICES, "default").items
    ends = [end for item in slices for end in item.get("endpoints") or ()]
    return sorted(end["targetRef"]["name"] for end in ends)


def test_selected_pods_are_endpoints(world: Plane) -> None:
    add_pod(world, "web-1")
    add_pod(world, "other", app="other")

    world.settle()

    assert names(world) == ["web-1"]


def test_a_pod_whose_labels_no_longer_fit_leaves(world: Plane) -> None:
    add_pod(world, "web-1")
    world.settle()

    world.change("pods", "web-1", {"metadata": {"labels": {"app": "debug"}}})
    world.settle()

    assert names(world) == []


def test_a_changed_selector_counts_at_once(world: Plane) -> None:
    add_pod(world, "web-1")
    add_pod(world, "other", app="other")
    world.settle()

    world.change("services", "web", {"spec": {"selector": {"app": "other"}}})
    world.settle()

    assert names(world) == ["other"]


def test_a_deleted_slice_is_written_again(world: Plane) -> None:
    add_pod(world, "web-1")
    world.settle()
    [name] = world.names(SLICES)

    world.store.delete(SLICES, name, "default")
    world.settle()

    assert names(world) == ["web-1"]


def test_a_service_without_a_selector_is_left_to_its_owner(world: Plane) -> None:
    world.create("services", service("manual", selector=None))

    world.settle()

    assert len(world.names(SLICES)) == 1


def test_old_clients_see_the_same_in_endpoints(world: Plane) -> None:
    add_pod(world, "web-1")
    add_pod(world, "web-2", is_ready=False)

    world.settle()

    [subset] = world.get("endpoints", "web")["subsets"]
    assert [address["targetRef"]["name"] for address in subset["addresses"]] == ["web-1"]
    assert [address["targetRef"]["name"] for address in subset["notReadyAddresses"]] == ["web-2"]
    assert subset["ports"] == [{"port": 8080, "protocol": "TCP", "name": "http"}]


def test_a_pod_on_its_way_out_is_no_longer_in_endpoints(world: Plane) -> None:
    add_pod(world, "web-1")
    world.change("pods", "web-1", {"metadata": {"finalizers": ["example.test/hold"]}})
    world.store.delete("pods", "web-1", "default")

    world.settle()

    assert "subsets" not in world.get("endpoints", "web")
    assert names(world) == ["web-1"]
