from typing import Any, Literal

from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.object_tables import ObjectKey, ObjectTables


def change(
    kind: Literal["ADDED", "MODIFIED", "DELETED"], name: str, *, owner: str = "", space: str = "a"
) -> Change:
    metadata: dict[str, Any] = {"name": name}
    if owner:
        metadata["ownerReferences"] = [{"uid": owner}]
    return Change(
        type=kind,
        resource="pods",
        namespace=space,
        name=name,
        resource_version=1,
        object={"metadata": metadata},
        previous=None,
    )


def key(name: str) -> ObjectKey:
    return ObjectKey(resource="pods", namespace="a", name=name)


def test_a_change_of_owner_moves_an_object_from_one_to_the_other() -> None:
    tables = ObjectTables()

    tables.apply(change("ADDED", "p", owner="u1"))
    first = tables.dependents("u1")
    tables.apply(change("MODIFIED", "p", owner="u2"))

    assert first == (key("p"),)
    assert tables.dependents("u1") == ()
    assert tables.dependents("u2") == (key("p"),)


def test_what_is_deleted_is_found_nowhere() -> None:
    tables = ObjectTables()
    tables.apply(change("ADDED", "p", owner="u1"))

    for _ in range(2):
        tables.apply(change("DELETED", "p", owner="u1"))

    assert tables.find("pods", "p", "a") is None
    assert tables.dependents("u1") == ()
    assert tables.in_namespace("a") == ()
    assert list(tables.items()) == []


def test_objects_are_sorted_by_namespace_and_name() -> None:
    tables = ObjectTables()
    for name, space in (("z", "a"), ("b", "a"), ("a", "b")):
        tables.apply(change("ADDED", name, space=space))

    everywhere = [obj["metadata"]["name"] for obj in tables.sorted_objects("pods", "")]

    assert everywhere == ["b", "z", "a"]
    assert tables.in_namespace("a") == (key("b"), key("z"))
    assert [obj["metadata"]["name"] for obj in tables.sorted_objects("pods", "b")] == ["a"]
