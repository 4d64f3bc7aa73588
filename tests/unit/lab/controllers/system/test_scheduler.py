from collections import Counter
from typing import Any

import pytest

from bascule.lab.controllers.system.nodes import LEASES, NodeController, NodeShape, machines_of
from bascule.lab.controllers.system.scheduler import Scheduler
from tests.support.lab_plane import Plane, end_pod, template

Object = dict[str, Any]


class World(Plane):
    def __init__(self, pods: str = "2") -> None:
        super().__init__()
        self.store.create("namespaces", {"metadata": {"name": "kube-node-lease"}})
        shape = NodeShape(count=2, pods=pods)
        self.nodes = NodeController(self.store, machines_of("blue", "1.36", "127.64", shape))
        self.nodes.fill()
        self.controllers = [Scheduler(self.store), self.nodes]

    def add_pod(self, name: str, **spec: Any) -> None:
        body = {**template(**spec)["spec"]}
        self.create(
            "pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": body}
        )

    def placed(self) -> Counter[str]:
        pods = self.store.list("pods", "default").items
        return Counter(pod["spec"].get("nodeName", "") for pod in pods)


@pytest.fixture
def world() -> World:
    return World()


def test_pods_spread_over_the_nodes(world: World) -> None:
    for number in range(4):
        world.add_pod(f"web-{number}")

    world.settle()

    assert world.placed() == {"blue-node-1": 2, "blue-node-2": 2}
    assert world.reasons("Pod") == ["Scheduled"] * 4


def test_a_pod_without_room_waits_says_why_and_gets_the_next_place(world: World) -> None:
    for number in range(5):
        world.add_pod(f"web-{number}")
    world.settle()
    [waiting] = [p for p in world.store.list("pods").items if not p["spec"].get("nodeName")]
    name = waiting["metadata"]["name"]
    taken = next(n for n in world.names("pods") if n != name)

    [condition] = world.get("pods", name)["status"]["conditions"]
    assert condition["message"] == "0/2 nodes are available: 2 Too many pods."

    end_pod(world.store, taken, "Succeeded")
    world.settle()

    assert world.get("pods", name)["spec"]["nodeName"]


def test_a_cordoned_node_takes_nothing_until_it_is_uncordoned(world: World) -> None:
    for node in world.nodes.node_names():
        world.store.patch("nodes", node, "", {"spec": {"unschedulable": True}})
    world.add_pod("web")
    world.settle()
    assert world.placed() == {"": 1}

    world.store.patch("nodes", "blue-node-2", "", {"spec": {"unschedulable": None}})
    world.settle()

    assert world.placed() == {"blue-node-2": 1}


def test_pods_of_other_schedulers_and_gated_pods_are_left_alone(world: World) -> None:
    world.add_pod("other", schedulerName="mine")
    world.add_pod("gated", schedulingGates=[{"name": "example.test/gate"}])

    world.settle()

    assert world.placed() == {"": 2}


def test_a_cluster_without_nodes_says_so(world: World) -> None:
    for node in world.nodes.node_names():
        world.store.delete("nodes", node)
    world.add_pod("web")

    world.settle()

    [condition] = world.get("pods", "web")["status"]["conditions"]
    assert condition["message"] == "no nodes available to schedule pods"


def test_nodes_say_their_version_and_keep_their_leases(world: World) -> None:
    world.settle()
    first = world.store.get(LEASES, "blue-node-1", "kube-node-lease")["spec"]["renewTime"]

    world.after(11)

    node = world.store.get("nodes", "blue-node-1")
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.36")
    assert node["metadata"]["labels"]["lab.bascule.dev/kubernetes-version"] == "1.36"
    assert world.store.get(LEASES, "blue-node-1", "kube-node-lease")["spec"]["renewTime"] != first
    assert world.nodes.host("blue-node-2") == "127.64.0.2"
    assert world.nodes.host("unknown") == ""


def test_the_pods_of_a_node_that_is_gone_are_gone_too(world: World) -> None:
    world.add_pod("web")
    world.settle()
    [node] = world.placed()

    world.store.delete("nodes", node)
    world.settle()

    assert "deletionTimestamp" in world.get("pods", "web")["metadata"]
    assert world.store.find(LEASES, node, "kube-node-lease") is None


def test_an_old_cluster_at_a_new_version_says_the_new_one(world: World) -> None:
    newer = NodeController(world.store, machines_of("blue", "1.37", "127.64", NodeShape(count=2)))

    newer.fill()

    info = world.store.get("nodes", "blue-node-1")["status"]["nodeInfo"]
    assert info["kubeletVersion"].startswith("v1.37")
