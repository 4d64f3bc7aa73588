from bascule.azure.resource_id import ResourceId
from bascule.platform.desired.model import (
    Kind,
    Later,
    Resource,
    drop_absent,
    find_later,
    resolve,
)

CLUSTER = ResourceId("/subscriptions/s/resourceGroups/g/providers/M.C/managedClusters/old")
LATER = Later(of=CLUSTER, path=("identity", "principalId"), what="the principal of old")


def test_a_document_is_filled_with_what_is_known() -> None:
    document = {"properties": {"principalId": LATER, "list": [LATER, 1], "other": ("x",)}}

    found = resolve(document, {CLUSTER.key: {"identity": {"principalId": "p"}}})

    assert found == {"properties": {"principalId": "p", "list": ["p", 1], "other": ["x"]}}


def test_a_document_waits_for_a_resource_that_is_not_there() -> None:
    assert resolve({"x": LATER}, {}) is None


def test_a_document_waits_for_a_value_that_azure_has_not_filled_in() -> None:
    assert resolve({"x": LATER}, {CLUSTER.key: {"identity": {"principalId": ""}}}) is None
    assert resolve({"x": LATER}, {CLUSTER.key: {"identity": "none"}}) is None


def test_keys_that_are_ids_are_found_in_another_case() -> None:
    later = Later(of=CLUSTER, path=("identities", "/subscriptions/S/x"), what="x")

    assert resolve({"x": later}, {CLUSTER.key: {"identities": {"/Subscriptions/s/X": 1}}}) == {
        "x": 1
    }


def test_what_a_document_waits_for_is_listed_once() -> None:
    assert find_later({"a": LATER, "b": [LATER, "x"]}) == (LATER,)
    assert find_later({"a": 1}) == ()


def test_what_must_be_absent_is_not_made() -> None:
    assert drop_absent({"a": None, "b": {"c": None, "d": 1}}) == {"b": {"d": 1}}


def test_a_resource_is_called_by_its_kind_and_name() -> None:
    assert Resource(kind=Kind.CLUSTER, id=CLUSTER, document={}).name == "cluster old"
    assert Resource(kind=Kind.POOL, id=CLUSTER, document={}, title="a of b").name == (
        "node pool a of b"
    )
