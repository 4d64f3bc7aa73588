from typing import Any

import pytest

from bascule.lab.controllers.system.garbage import GarbageCollector
from bascule.lab.kubeapi.lifecycle import DeleteOptions
from tests.support.lab_plane import Plane

Object = dict[str, Any]
FOREGROUND = DeleteOptions(propagation="Foreground")
ORPHAN = DeleteOptions(propagation="Orphan")


@pytest.fixture
def world() -> Plane:
    world = Plane()
    world.controllers = [GarbageCollector(world.store)]
    return world


def add(world: Plane, name: str, *owners: Object, blocks: bool = False) -> Object:
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": blocks,
        }
        for owner in owners
    ]
    metadata = {"name": name, "ownerReferences": references}
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    return world.create("configmaps", made)


def test_what_belongs_to_nobody_any_more_goes(world: Plane) -> None:
    owner = add(world, "owner")
    child = add(world, "child", owner)
    add(world, "grandchild", child)
    add(world, "stranger")
    world.settle()

    world.store.delete("configmaps", "owner", "default")
    world.settle()

    assert world.names("configmaps") == ["stranger"]


def test_one_owner_that_is_left_is_enough(world: Plane) -> None:
    first, second = add(world, "first"), add(world, "second")
    add(world, "child", first, second)
    world.settle()

    world.store.delete("configmaps", "first", "default")
    world.settle()

    references = world.get("configmaps", "child")["metadata"]["ownerReferences"]
    assert [item["name"] for item in references] == ["second"]


def test_an_owner_that_never_was_here_is_no_owner(world: Plane) -> None:
    elsewhere = {"metadata": {"name": "owner", "uid": "uid-of-another-cluster"}}
    add(world, "copied", elsewhere)

    world.settle()

    assert world.names("configmaps") == []


def test_foreground_deletion_takes_the_owner_last(world: Plane) -> None:
    owner = add(world, "owner")
    child = add(world, "child", owner, blocks=True)
    world.change("configmaps", "child", {"metadata": {"finalizers": ["example.test/hold"]}})
    world.settle()

    world.store.delete("configmaps", "owner", "default", FOREGROUND)
    world.settle()

    assert world.names("configmaps") == ["child", "owner"]
    assert "deletionTimestamp" in world.get("configmaps", "child")["metadata"]

    world.change("configmaps", child["metadata"]["name"], {"metadata": {"finalizers": None}})
    world.settle()

    assert world.names("configmaps") == []


def test_what_does_not_block_does_not_hold_its_owner(world: Plane) -> None:
    owner = add(world, "owner")
    add(world, "child", owner)
    world.change("configmaps", "child", {"metadata": {"finalizers": ["example.test/hold"]}})
    world.settle()

    world.store.delete("configmaps", "owner", "default", FOREGROUND)
    world.settle()

    assert world.names("configmaps") == ["child"]


def test_orphans_are_left_alone(world: Plane) -> None:
    owner = add(world, "owner")
    add(world, "child", owner)
    world.settle()

    world.store.delete("configmaps", "owner", "default", ORPHAN)
    world.settle()

    assert world.names("configmaps") == ["child"]
    assert "ownerReferences" not in world.get("configmaps", "child")["metadata"]
