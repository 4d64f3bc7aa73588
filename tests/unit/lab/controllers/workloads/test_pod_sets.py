from typing import Any

import pytest

from bascule.lab.controllers.conditions import find_condition
from bascule.lab.controllers.workloads.pod_sets import REPLICATION_CONTROLLER, PodSetController
from bascule.lab.kubeapi.objects.statuses import StatusError
from tests.support.lab_plane import FakeKubelet, Plane, template

Object = dict[str, Any]
SETS = "replicasets.apps"


def replica_set(name: str = "web", replicas: int = 2, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name),
            **spec,
        },
    }


def bare_pod(name: str, app: str) -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, **template(app)} | {
        "metadata": {"name": name, "labels": {"app": app}}
    }


@pytest.fixture
def world() -> Plane:
    world = Plane()
    world.controllers = [PodSetController(world.store), FakeKubelet(world.store)]
    return world


def test_a_set_makes_its_pods_and_counts_them(world: Plane) -> None:
    world.create(SETS, replica_set())
    world.settle()

    status = world.get(SETS, "web")["status"]
    assert status["replicas"] == status["readyReplicas"] == status["fullyLabeledReplicas"] == 2
    assert world.reasons("ReplicaSet") == ["SuccessfulCreate", "SuccessfulCreate"]


def test_a_lost_pod_is_replaced(world: Plane) -> None:
    world.create(SETS, replica_set())
    world.settle()
    lost = world.names("pods")[0]

    world.store.delete("pods", lost, "default")
    world.settle()

    assert len(world.names("pods")) == 2
    assert lost not in world.names("pods")


def test_scaling_down_takes_the_pods_that_are_not_ready(world: Plane) -> None:
    world.create(SETS, replica_set(replicas=3))
    world.settle()
    victim = world.names("pods")[1]
    world.controllers.pop()
    world.store.patch_status(
        "pods", victim, "default", {"conditions": [{"type": "Ready", "status": "False"}]}
    )

    world.change(SETS, "web", {"spec": {"replicas": 2}})
    world.settle()

    assert victim not in world.names("pods")


def test_a_pod_counts_as_available_only_after_min_ready_seconds(world: Plane) -> None:
    world.create(SETS, replica_set(minReadySeconds=10))
    world.settle()

    assert "availableReplicas" not in world.get(SETS, "web")["status"]

    world.after(11)

    assert world.get(SETS, "web")["status"]["availableReplicas"] == 2


def test_an_orphan_that_fits_is_adopted_and_a_pod_that_no_longer_fits_let_go(
    world: Plane,
) -> None:
    world.create("pods", bare_pod("orphan", "web"))
    world.create(SETS, replica_set(replicas=1))
    world.settle()

    assert world.names("pods") == ["orphan"]

    world.change("pods", "orphan", {"metadata": {"labels": {"app": "debug"}}})
    world.settle()

    assert "ownerReferences" not in world.get("pods", "orphan")["metadata"]
    assert len(world.names("pods")) == 2


def test_an_orphan_that_appears_later_is_adopted_too(world: Plane) -> None:
    world.create(SETS, replica_set(replicas=2))
    world.settle()
    world.create("pods", bare_pod("extra", "web"))

    world.settle()

    assert len(world.names("pods")) == 2


def test_a_refused_pod_is_told_and_tried_again(world: Plane) -> None:
    quota = {"pods": 0}

    def admit(_resource: str, new: Object, _old: Object | None) -> Object:
        if not quota["pods"]:
            raise StatusError("quota exceeded", code=403, reason="Forbidden")
        return new

    world.store.add_admission("pods", admit)
    world.create(SETS, replica_set(replicas=1))
    world.settle()

    condition = find_condition(world.get(SETS, "web"), "ReplicaFailure") or {}
    assert condition["reason"] == "FailedCreate"
    assert "quota exceeded" in condition["message"]

    quota["pods"] = 1
    world.after(2)

    assert len(world.names("pods")) == 1
    assert find_condition(world.get(SETS, "web"), "ReplicaFailure") is None


def test_a_replication_controller_selects_by_plain_labels() -> None:
    world = Plane()
    world.controllers = [
        PodSetController(world.store, REPLICATION_CONTROLLER),
        FakeKubelet(world.store),
    ]
    raw = replica_set()
    raw |= {"apiVersion": "v1", "kind": "ReplicationController"}
    raw["spec"]["selector"] = {"app": "web"}

    world.create("replicationcontrollers", raw)
    world.settle()

    assert world.get("replicationcontrollers", "web")["status"]["readyReplicas"] == 2
