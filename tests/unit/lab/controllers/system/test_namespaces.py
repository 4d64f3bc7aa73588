import pytest

from bascule.lab.controllers.system.namespaces import ROOT_CA, NamespaceController
from tests.support.lab_plane import Plane


@pytest.fixture
def world() -> Plane:
    world = Plane()
    world.controllers = [NamespaceController(world.store, b"PEM")]
    world.settle()
    return world


def test_a_namespace_has_its_account_and_the_clusters_authority(world: Plane) -> None:
    assert world.names("serviceaccounts") == ["default"]
    assert world.get("configmaps", ROOT_CA)["data"] == {"ca.crt": "PEM"}


def test_what_a_namespace_always_has_comes_back(world: Plane) -> None:
    world.store.delete("serviceaccounts", "default", "default")
    world.change("configmaps", ROOT_CA, {"data": {"ca.crt": "other"}})

    world.settle()

    assert world.names("serviceaccounts") == ["default"]
    assert world.get("configmaps", ROOT_CA)["data"] == {"ca.crt": "PEM"}


def test_a_deleted_namespace_goes_with_all_that_it_holds(world: Plane) -> None:
    world.create("configmaps", {"metadata": {"name": "x"}})

    world.store.delete("namespaces", "default")
    world.settle()
    world.after(1)

    assert world.store.find("namespaces", "default") is None
    assert world.store.in_namespace("default") == ()


def test_a_namespace_waits_for_finalizers_and_says_for_what(world: Plane) -> None:
    held = {"metadata": {"name": "x", "finalizers": ["example.test/hold"]}}
    world.create("configmaps", held)

    world.store.delete("namespaces", "default")
    world.settle()

    namespace = world.store.get("namespaces", "default")
    assert namespace["status"]["phase"] == "Terminating"
    [condition] = namespace["status"]["conditions"]
    assert "configmaps has 1 resource instances" in condition["message"]

    world.change("configmaps", "x", {"metadata": {"finalizers": None}})
    world.after(1)

    assert world.store.find("namespaces", "default") is None
