from typing import Any

import pytest

from bascule.lab.controllers.system.claims import CLAIMS, CLASSES, VOLUMES, ClaimController
from tests.support.lab_plane import Plane

Object = dict[str, Any]


class World(Plane):
    def __init__(self) -> None:
        super().__init__()
        claims = ClaimController(self.store)
        claims.fill()
        claims.fill()
        self.controllers = [claims]

    def claim(self, **spec: Any) -> None:
        request = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
        head = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
        self.create(CLAIMS, {**head, "spec": {**request, **spec}})
        self.settle()


@pytest.fixture
def world() -> World:
    return World()


def test_a_claim_is_bound_to_a_volume_of_the_default_class(world: World) -> None:
    world.claim()

    claim = world.get(CLAIMS, "data")
    volume = world.store.get(VOLUMES, claim["spec"]["volumeName"])
    assert claim["status"]["phase"] == volume["status"]["phase"] == "Bound"
    assert claim["spec"]["storageClassName"] == "standard"


def test_a_claim_without_its_class_waits_for_it(world: World) -> None:
    world.claim(storageClassName="fast")
    assert world.get(CLAIMS, "data")["status"]["phase"] == "Pending"

    world.store.create(CLASSES, {"metadata": {"name": "fast"}, "provisioner": "example.test/fast"})
    world.settle()

    assert world.get(CLAIMS, "data")["status"]["phase"] == "Bound"


@pytest.mark.parametrize(("policy", "left"), [("Delete", 0), ("Retain", 1)])
def test_the_volume_of_a_claim_that_is_gone_goes_or_stays(
    world: World, policy: str, left: int
) -> None:
    world.claim()
    [volume] = world.store.list(VOLUMES).items
    change = {"spec": {"persistentVolumeReclaimPolicy": policy}}
    world.store.patch(VOLUMES, volume["metadata"]["name"], "", change)

    world.store.delete(CLAIMS, "data", "default")
    world.settle()

    volumes = world.store.list(VOLUMES).items
    assert len(volumes) == left
    assert all(item["status"]["phase"] == "Released" for item in volumes)
