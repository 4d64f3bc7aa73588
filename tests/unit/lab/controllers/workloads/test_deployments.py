from typing import Any

import pytest

from bascule.lab.controllers.conditions import find_condition
from bascule.lab.controllers.workloads.deployments import (
    DEPLOYMENTS,
    REPLICA_SETS,
    DeploymentController,
)
from bascule.lab.controllers.workloads.pod_sets import PodSetController
from tests.support.lab_plane import FakeKubelet, Plane, deployment

Object = dict[str, Any]


class World(Plane):
    def __init__(self, *, minor: int = 36) -> None:
        super().__init__(minor=minor)
        self.kubelet = FakeKubelet(self.store)
        self.controllers = [
            DeploymentController(self.store),
            PodSetController(self.store),
            self.kubelet,
        ]

    def sizes(self) -> dict[str, int]:
        """The replicas wanted of each ReplicaSet, by its revision."""
        return {
            item["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: item["spec"][
                "replicas"
            ]
            for item in self.store.list(REPLICA_SETS, "default").items
        }

    def set_image(self, image: str) -> None:
        container = {"name": "main", "image": image}
        self.change(
            DEPLOYMENTS, "web", {"spec": {"template": {"spec": {"containers": [container]}}}}
        )

    def condition(self, kind: str) -> tuple[str, str]:
        found = find_condition(self.get(DEPLOYMENTS, "web"), kind) or {}
        return found["status"], found["reason"]


@pytest.fixture
def world() -> World:
    world = World()
    world.create(DEPLOYMENTS, deployment(replicas=3))
    world.settle()
    return world


def test_a_deployment_gets_its_pods_and_says_so(world: World) -> None:
    status = world.get(DEPLOYMENTS, "web")["status"]

    assert len(world.names("pods")) == 3
    assert status["availableReplicas"] == status["updatedReplicas"] == status["replicas"] == 3
    assert world.condition("Available") == ("True", "MinimumReplicasAvailable")
    assert world.condition("Progressing") == ("True", "NewReplicaSetAvailable")
    assert world.reasons("Deployment") == ["ScalingReplicaSet"]


def test_a_new_template_makes_a_revision_and_keeps_the_old_one_empty(world: World) -> None:
    world.set_image("example.test/web:2")
    world.settle()

    assert world.sizes() == {"1": 0, "2": 3}
    assert len(world.names("pods")) == 3


def test_an_undone_template_becomes_the_newest_revision(world: World) -> None:
    first = world.get(DEPLOYMENTS, "web")["spec"]["template"]
    world.set_image("example.test/web:2")
    world.settle()

    world.change(DEPLOYMENTS, "web", {"spec": {"template": first}})
    world.settle()

    assert world.sizes() == {"2": 0, "3": 3}
    annotations = world.get(DEPLOYMENTS, "web")["metadata"]["annotations"]
    assert annotations["deployment.kubernetes.io/revision"] == "3"


def test_a_template_that_never_gets_ready_takes_nothing_away(world: World) -> None:
    world.kubelet.unready.add("example.test/web:2")

    world.set_image("example.test/web:2")
    world.settle()

    ready = world.get(DEPLOYMENTS, "web")["status"]["readyReplicas"]
    assert world.sizes()["2"] == 1
    assert ready >= 2


def test_no_progress_in_time_is_reported(world: World) -> None:
    new = {"progressDeadlineSeconds": 10}
    world.change(DEPLOYMENTS, "web", {"spec": new})
    world.settle()
    world.controllers.remove(world.kubelet)
    world.set_image("example.test/web:2")
    world.settle()

    world.after(12)
    world.after(12)

    assert world.condition("Progressing") == ("False", "ProgressDeadlineExceeded")


def test_a_paused_deployment_scales_but_does_not_roll(world: World) -> None:
    world.change(DEPLOYMENTS, "web", {"spec": {"paused": True}})
    world.set_image("example.test/web:2")
    world.change(DEPLOYMENTS, "web", {"spec": {"replicas": 5}})
    world.settle()

    assert world.sizes() == {"1": 5}
    assert world.condition("Progressing") == ("Unknown", "DeploymentPaused")

    world.change(DEPLOYMENTS, "web", {"spec": {"paused": None}})
    world.settle()

    assert world.sizes() == {"1": 0, "2": 5}


def test_scaling_keeps_the_revision(world: World) -> None:
    world.change(DEPLOYMENTS, "web", {"spec": {"replicas": 1}})
    world.settle()

    assert world.sizes() == {"1": 1}
    assert len(world.names("pods")) == 1


def test_recreate_waits_until_the_old_pods_are_gone(world: World) -> None:
    world.change(
        DEPLOYMENTS, "web", {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}
    )
    for name in world.names("pods"):
        world.change("pods", name, {"spec": {"nodeName": "node-1"}})
    world.kubelet.keeps_terminating = True
    world.set_image("example.test/web:2")
    world.settle()

    assert list(world.sizes().values()) == [0]

    world.kubelet.keeps_terminating = False
    world.settle()
    world.after(1)

    assert world.sizes() == {"1": 0, "2": 3}


def test_history_past_the_limit_is_forgotten(world: World) -> None:
    world.change(DEPLOYMENTS, "web", {"spec": {"revisionHistoryLimit": 1}})
    for number in range(2, 5):
        world.set_image(f"example.test/web:{number}")
        world.settle()

    assert world.sizes() == {"3": 0, "4": 3}


def test_an_orphaned_replica_set_is_adopted(world: World) -> None:
    name = world.names(REPLICA_SETS)[0]
    world.change(REPLICA_SETS, name, {"metadata": {"ownerReferences": None}})

    world.settle()

    assert world.get(REPLICA_SETS, name)["metadata"]["ownerReferences"][0]["name"] == "web"
    assert len(world.names(REPLICA_SETS)) == 1


def test_a_deployment_that_is_going_away_starts_nothing(world: World) -> None:
    world.change(DEPLOYMENTS, "web", {"metadata": {"finalizers": ["example.test/hold"]}})
    world.store.delete(DEPLOYMENTS, "web", "default")
    world.set_image("example.test/web:2")

    world.settle()

    assert world.sizes() == {"1": 3}


def test_terminating_replicas_are_counted_by_new_releases_only() -> None:
    for minor, expected in ((33, False), (36, True)):
        world = World(minor=minor)
        world.create(DEPLOYMENTS, deployment(replicas=1))
        world.settle()

        assert ("terminatingReplicas" in world.get(DEPLOYMENTS, "web")["status"]) is expected
