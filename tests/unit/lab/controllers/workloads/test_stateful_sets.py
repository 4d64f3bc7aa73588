from typing import Any

import pytest

from bascule.lab.controllers.workloads.histories import REVISIONS
from bascule.lab.controllers.workloads.stateful_sets import STATEFUL_SETS, StatefulSetController
from tests.support.lab_plane import FakeKubelet, Plane, end_pod, template

Object = dict[str, Any]


class World(Plane):
    def __init__(self) -> None:
        super().__init__()
        self.kubelet = FakeKubelet(self.store)
        self.controllers = [StatefulSetController(self.store), self.kubelet]

    def set_image(self, image: str) -> None:
        containers = [{"name": "main", "image": image}]
        self.change(
            STATEFUL_SETS, "db", {"spec": {"template": {"spec": {"containers": containers}}}}
        )

    def images(self) -> list[str]:
        pods = self.store.list("pods", "default").items
        return [pod["spec"]["containers"][0]["image"].partition(":")[2] for pod in pods]


def stateful_set(replicas: int = 3, **spec: Any) -> Object:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {
            "replicas": replicas,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": template("db"),
            "volumeClaimTemplates": [claim],
            **spec,
        },
    }


@pytest.fixture
def world() -> World:
    world = World()
    world.create(STATEFUL_SETS, stateful_set())
    return world


def test_pods_have_names_that_stay_and_claims_of_their_own(world: World) -> None:
    world.settle()

    pod = world.get("pods", "db-1")
    assert world.names("pods") == ["db-0", "db-1", "db-2"]
    assert world.names("persistentvolumeclaims") == ["data-db-0", "data-db-1", "data-db-2"]
    assert pod["spec"]["hostname"] == "db-1"
    assert pod["spec"]["volumes"][0]["persistentVolumeClaim"] == {"claimName": "data-db-1"}
    assert world.get(STATEFUL_SETS, "db")["status"]["readyReplicas"] == 3


def test_a_pod_waits_for_the_one_before_it(world: World) -> None:
    world.kubelet.unready.add("example.test/web:1")

    world.settle()

    assert world.names("pods") == ["db-0"]


def test_parallel_sets_do_not_wait() -> None:
    world = World()
    world.kubelet.unready.add("example.test/web:1")
    world.create(STATEFUL_SETS, stateful_set(podManagementPolicy="Parallel"))

    world.settle()

    assert world.names("pods") == ["db-0", "db-1", "db-2"]


def test_scaling_down_takes_the_last_first_and_keeps_the_claims(world: World) -> None:
    world.settle()

    world.change(STATEFUL_SETS, "db", {"spec": {"replicas": 1}})
    world.settle()

    assert world.names("pods") == ["db-0"]
    assert len(world.names("persistentvolumeclaims")) == 3


def test_an_update_rolls_from_the_last_and_stops_where_it_fails(world: World) -> None:
    world.settle()
    world.kubelet.unready.add("example.test/web:2")

    world.set_image("example.test/web:2")
    world.settle()

    assert world.images() == ["1", "1", "2"]

    world.kubelet.unready.clear()
    world.settle()

    status = world.get(STATEFUL_SETS, "db")["status"]
    assert world.images() == ["2", "2", "2"]
    assert status["currentRevision"] == status["updateRevision"]
    assert len(world.names(REVISIONS)) == 2


def test_a_partition_keeps_the_first_pods_at_the_old_revision(world: World) -> None:
    world.settle()
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    world.change(STATEFUL_SETS, "db", {"spec": {"updateStrategy": rolling}})

    world.set_image("example.test/web:2")
    world.settle()
    world.store.delete("pods", "db-0", "default")
    world.settle()

    assert world.images() == ["1", "1", "2"]


def test_on_delete_waits_for_the_operator(world: World) -> None:
    world.settle()
    world.change(STATEFUL_SETS, "db", {"spec": {"updateStrategy": {"type": "OnDelete"}}})

    world.set_image("example.test/web:2")
    world.settle()

    assert world.images() == ["1", "1", "1"]


def test_a_pod_that_ended_is_made_again(world: World) -> None:
    world.settle()
    before = world.get("pods", "db-0")["metadata"]["uid"]

    end_pod(world.store, "db-0", "Failed")
    world.settle()

    assert world.get("pods", "db-0")["metadata"]["uid"] != before


def test_going_back_reuses_the_revision_and_old_ones_are_forgotten(world: World) -> None:
    world.change(STATEFUL_SETS, "db", {"spec": {"revisionHistoryLimit": 0}})
    world.settle()
    world.set_image("example.test/web:2")
    world.settle()
    assert len(world.names(REVISIONS)) == 1

    world.change(STATEFUL_SETS, "db", {"spec": {"revisionHistoryLimit": 5}})
    world.set_image("example.test/web:3")
    world.settle()
    world.set_image("example.test/web:2")
    world.settle()

    numbers = [item["revision"] for item in world.store.list(REVISIONS, "default").items]
    assert len(numbers) == 2
    assert max(numbers) == 4
