from typing import Any

import pytest

from bascule.lab.controllers.system.nodes import NodeController, NodeShape, machines_of
from bascule.lab.controllers.workloads.daemon_sets import DAEMON_SETS, DaemonSetController
from tests.support.lab_plane import FakeKubelet, Plane, end_pod, template

Object = dict[str, Any]


class World(Plane):
    def __init__(self) -> None:
        super().__init__()
        nodes = NodeController(
            self.store, machines_of("blue", "1.36", "127.64", NodeShape(count=3))
        )
        nodes.fill()
        self.kubelet = FakeKubelet(self.store)
        self.controllers = [DaemonSetController(self.store), self.kubelet]

    def nodes_of_pods(self) -> list[str]:
        pods = self.store.list("pods", "default").items
        return sorted(pod["spec"]["nodeName"] for pod in pods)


@pytest.fixture
def world() -> World:
    world = World()
    world.create(
        DAEMON_SETS,
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "agent"},
            "spec": {
                "selector": {"matchLabels": {"app": "agent"}},
                "template": template("agent"),
            },
        },
    )
    world.settle()
    return world


def test_each_node_has_one_pod(world: World) -> None:
    assert world.nodes_of_pods() == ["blue-node-1", "blue-node-2", "blue-node-3"]
    status = world.get(DAEMON_SETS, "agent")["status"]
    assert status["numberReady"] == status["desiredNumberScheduled"] == 3


def test_a_cordoned_node_keeps_its_daemon_and_a_tainted_one_does_not(world: World) -> None:
    world.store.patch("nodes", "blue-node-1", "", {"spec": {"unschedulable": True}})
    taint = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
    world.store.patch("nodes", "blue-node-2", "", {"spec": {"taints": [taint]}})

    world.settle()

    assert world.nodes_of_pods() == ["blue-node-1", "blue-node-3"]


def test_an_update_takes_one_pod_after_the_other(world: World) -> None:
    world.kubelet.unready.add("example.test/web:2")
    containers = [{"name": "main", "image": "example.test/web:2"}]
    change = {"spec": {"template": {"spec": {"containers": containers}}}}

    world.change(DAEMON_SETS, "agent", change)
    world.settle()

    assert world.get(DAEMON_SETS, "agent")["status"]["updatedNumberScheduled"] == 1

    world.kubelet.unready.clear()
    world.settle()

    assert world.get(DAEMON_SETS, "agent")["status"]["updatedNumberScheduled"] == 3


def test_on_delete_leaves_the_pods_alone(world: World) -> None:
    change = {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}}
    world.change(DAEMON_SETS, "agent", change)
    before = world.names("pods")
    labels = {"spec": {"template": {"metadata": {"labels": {"new": "yes"}}}}}

    world.change(DAEMON_SETS, "agent", labels)
    world.settle()

    assert world.names("pods") == before


def test_a_daemon_that_ended_is_started_again(world: World) -> None:
    name = world.names("pods")[0]

    end_pod(world.store, name, "Failed")
    world.settle()

    assert name not in world.names("pods")
    assert len(world.names("pods")) == 3
