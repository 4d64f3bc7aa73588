"""The algebra of server-side apply: idempotence, ownership, and what dropping removes."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.lab.kubeapi.objects.apply import Writer, apply_configuration, track_update
from bascule.lab.kubeapi.objects.field_paths import from_fields, to_fields
from bascule.lab.kubeapi.objects.schema import Gvk, load_catalog
from bascule.lab.kubeapi.objects.typed import list_fields

CALM = settings(max_examples=60, deadline=None)

Object = dict[str, Any]
SCHEMA = load_catalog("1.36").schema_of(Gvk.parse("apps/v1", "Deployment"))
NAMES = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)
SMALL = st.integers(0, 2)
TEXTS = st.sampled_from(["x", "y"])


@st.composite
def configurations(draw: st.DrawFn) -> Object:
    containers = [
        {
            "name": name,
            **draw(st.fixed_dictionaries({}, optional={"image": TEXTS, "tty": st.booleans()})),
            **draw(st.sampled_from([{}, {"ports": [{"containerPort": 80}]}])),
        }
        for name in draw(NAMES)
    ]
    labels = draw(st.dictionaries(st.sampled_from("lm"), TEXTS, max_size=2))
    spec = draw(st.fixed_dictionaries({}, optional={"replicas": SMALL, "paused": st.booleans()}))
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", **({"labels": labels} if labels else {})},
        "spec": {**spec, "template": {"spec": {"containers": containers}}},
    }


def writer(name: str) -> Writer:
    return Writer(manager=name, api_version="apps/v1", time="2026-01-01T00:00:00Z")


def applied(live: Object | None, intent: Object, name: str, *, force: bool = True) -> Object:
    return apply_configuration(live, intent, schema=SCHEMA, writer=writer(name), force=force)


def fields_of(obj: Object, name: str) -> frozenset[tuple[str, ...]]:
    for entry in obj["metadata"].get("managedFields", ()):
        if entry["manager"] == name:
            return from_fields(entry["fieldsV1"])
    return frozenset()


def bare(obj: Object) -> Object:
    copied = copy.deepcopy(obj)
    copied["metadata"].pop("managedFields", None)
    return copied


@CALM
@given(configurations(), configurations())
def test_applying_twice_is_applying_once(live: Object, intent: Object) -> None:
    once = applied(applied(None, live, "one"), intent, "two")

    assert applied(once, intent, "two", force=False) == once


@CALM
@given(configurations(), configurations())
def test_a_later_intent_of_one_manager_is_all_that_is_left(first: Object, second: Object) -> None:
    made = applied(applied(None, first, "one"), second, "one", force=False)

    assert set(list_fields(bare(made), SCHEMA)) == set(list_fields(second, SCHEMA))


@CALM
@given(configurations(), configurations())
def test_dropping_everything_removes_only_ones_own_fields(ours: Object, theirs: Object) -> None:
    empty = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    both = applied(applied(None, theirs, "them"), ours, "us")
    kept = fields_of(both, "them")

    left = applied(both, empty, "us", force=False)

    assert fields_of(left, "them") == kept
    assert kept <= set(list_fields(bare(left), SCHEMA))
    assert not fields_of(left, "us")


@CALM
@given(configurations(), configurations())
def test_what_an_intent_says_is_so_afterwards(live: Object, intent: Object) -> None:
    made = applied(applied(None, live, "one"), intent, "two")

    assert set(list_fields(intent, SCHEMA)) <= set(list_fields(bare(made), SCHEMA))
    for key in ("replicas", "paused"):
        if key in intent["spec"]:
            assert made["spec"][key] == intent["spec"][key]


@CALM
@given(configurations(), configurations())
def test_an_update_leaves_no_field_with_two_values_and_no_field_unowned(
    old: Object, new: Object
) -> None:
    old["metadata"]["annotations"] = {"tracked": "yes"}
    made = applied(None, old, "one")
    changed = copy.deepcopy(new)
    changed["metadata"]["managedFields"] = made["metadata"].get("managedFields", [])

    updated = track_update(made, changed, schema=SCHEMA, writer=writer("two"))

    owned = fields_of(updated, "one") | fields_of(updated, "two")
    ours = {path for path in list_fields(new, SCHEMA) if path[0] == "f:spec"}
    assert ours <= owned


@CALM
@given(configurations())
def test_fields_survive_being_written(obj: Object) -> None:
    paths = frozenset(list_fields(obj, SCHEMA))

    assert from_fields(to_fields(paths)) == paths
