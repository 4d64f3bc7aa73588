from typing import Any

import pytest

from bascule.lab.kubeapi.custom_kinds import DEFINITIONS, CustomKinds, kind_of
from bascule.lab.kubeapi.lifecycle import DEFAULT_DELETE
from bascule.lab.kubeapi.objects.schema import load_catalog
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.refusals import NotFoundError
from bascule.lab.kubeapi.store import Store
from tests.support.lab_store import new_store

CRONTABS = "crontabs.example.com"


def definition(*versions: dict[str, Any]) -> dict[str, Any]:
    first = {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}}
    return {
        "metadata": {"name": CRONTABS},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "crontabs", "kind": "CronTab"},
            "versions": list(versions or (first,)),
        },
    }


def new_kinds() -> tuple[Store, CustomKinds]:
    store = new_store()
    return store, CustomKinds(store, load_catalog("1.36"))


def crontab(**metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a", "namespace": "shop", **metadata}}


def test_a_definition_is_established_and_serves_its_kind() -> None:
    store, _ = new_kinds()

    created = store.create(DEFINITIONS, definition())
    obj = store.create(CRONTABS, crontab())

    conditions = {item["type"]: item["status"] for item in created["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}
    assert created["status"]["storedVersions"] == ["v1"]
    assert created["spec"]["names"]["listKind"] == "CronTabList"
    assert obj["apiVersion"] == "example.com/v1"


def test_the_stored_version_comes_first_even_when_it_is_not_served() -> None:
    versions = (
        {"name": "v1", "served": True, "storage": False},
        {"name": "v1beta1", "served": False, "storage": True},
    )

    kind = kind_of(definition(*versions))

    assert kind.storage_version == "v1beta1"
    assert kind.served_version("v1beta1") is None
    assert kind.served_version("v1") is not None


@pytest.mark.parametrize("stored", [0, 2])
def test_exactly_one_version_is_stored(stored: int) -> None:
    store, _ = new_kinds()
    versions = [
        {"name": f"v{number}", "served": True, "storage": number <= stored} for number in (1, 2)
    ]

    with pytest.raises(StatusError) as caught:
        store.create(DEFINITIONS, definition(*versions))

    assert caught.value.code == 422


def test_a_deleted_definition_takes_its_objects_and_its_kind_along() -> None:
    store, _ = new_kinds()
    store.create(DEFINITIONS, definition())
    store.create(CRONTABS, crontab())

    store.delete(DEFINITIONS, CRONTABS, "", DEFAULT_DELETE)

    assert store.find(DEFINITIONS, CRONTABS) is None
    assert store.list(CRONTABS).items == []
    with pytest.raises(NotFoundError):
        store.kind(CRONTABS)


def test_a_deleted_definition_waits_for_objects_with_finalizers() -> None:
    store, _ = new_kinds()
    store.create(DEFINITIONS, definition())
    store.create(CRONTABS, crontab(finalizers=["example.com/hold"]))

    store.delete(DEFINITIONS, CRONTABS, "", DEFAULT_DELETE)
    waiting = store.find(DEFINITIONS, CRONTABS)
    store.patch(CRONTABS, "a", "shop", {"metadata": {"finalizers": None}})

    assert waiting is not None
    assert store.find(DEFINITIONS, CRONTABS) is None


def test_schema_columns_and_scale_come_from_the_version() -> None:
    store, custom = new_kinds()
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object"}},
        "subresources": {"scale": {"specReplicasPath": ".spec.replicas"}},
    }
    store.create(DEFINITIONS, definition(version))
    kind = store.kind(CRONTABS)

    columns = custom.printer_columns(kind, "v1")

    assert custom.schema(kind, "v1") is not None
    assert custom.raw_schema(kind, "v2") is None
    assert custom.scale_paths(kind, "v1") == {"specReplicasPath": ".spec.replicas"}
    assert [column["name"] for column in columns or ()] == ["Age"]
    assert custom.printer_columns(store.kind("pods"), "v1") is None


def test_definitions_in_the_store_are_served_from_the_start() -> None:
    store = new_store()
    CustomKinds(store, load_catalog("1.36"))
    store.create(DEFINITIONS, definition())
    store.unregister(CRONTABS)

    CustomKinds(store, load_catalog("1.36"))

    assert store.kind(CRONTABS).is_custom
