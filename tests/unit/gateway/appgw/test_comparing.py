import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.gateway.appgw.canonical import canonical_child, canonical_properties, spoken_of
from bascule.gateway.appgw.comparing import is_same_child, says
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, POOLS, PROBES, RULES
from tests.support.arm_gateways import part, ref

Document = dict[str, Any]

REF = ref(POOLS, "bsc-a")
VALUES = st.sampled_from(
    (None, "", [], {}, 0, 30, False, True, "Http", "http", ["b", "a"], ["a", "b"], REF)
)
NAMES = st.sampled_from(
    (
        "backendAddressPool",
        "data",
        "etag",
        "hostNames",
        "interval",
        "paths",
        "protocol",
        "provisioningState",
        "requestRoutingRules",
        "somethingNew",
    )
)
PROPERTIES = st.dictionaries(NAMES, VALUES, max_size=3)
CHILD_NAMES = st.sampled_from(("one", "One", "two"))


@st.composite
def children(draw: st.DrawFn) -> Document:
    """Return a child, with rules of paths or without."""
    rules = st.builds(
        lambda name, properties, more: {"name": name, "properties": properties, **more},
        CHILD_NAMES,
        PROPERTIES,
        st.sampled_from(({}, {}, {"etag": "1"}, {"zones": ["1"]})),
    )
    found: Document = dict(draw(PROPERTIES))
    if draw(st.booleans()):
        found["pathRules"] = draw(st.lists(rules, max_size=2))
    more: Document = draw(st.sampled_from(({}, {}, {"etag": "1", "id": "x"}, {"zones": ["1"]})))
    return {"name": draw(CHILD_NAMES), "properties": found, **more}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Document, Document]:
    """Return two children, which often differ in little."""
    one = draw(children())
    other = copy.deepcopy(one)
    other["properties"].update(draw(st.dictionaries(NAMES, VALUES, max_size=1)))
    if other["properties"].get("pathRules") and draw(st.booleans()):
        other["properties"]["pathRules"][0]["properties"].update(draw(PROPERTIES))
    return one, draw(st.sampled_from((other, other, draw(children()))))


COLLECTIONS = st.sampled_from((PATH_MAPS, PROBES, LISTENERS, RULES, POOLS, "newThings"))


@settings(max_examples=60, deadline=None)
@given(COLLECTIONS, pairs())
def test_what_is_seen_at_little_cost_is_what_the_canonical_forms_say(
    collection: str, pair: tuple[Document, Document]
) -> None:
    one, other = pair

    same = canonical_child(collection, one) == canonical_child(collection, other)

    assert is_same_child(collection, one, other) is same


@settings(max_examples=60, deadline=None)
@given(COLLECTIONS, pairs())
def test_what_stands_there_as_asked_is_what_the_canonical_forms_say(
    collection: str, pair: tuple[Document, Document]
) -> None:
    found, wanted = pair
    there = canonical_properties(collection, found["properties"])
    asked = canonical_properties(collection, wanted["properties"])
    spoken = {**{k: there[k] for k in asked if k in there}, **spoken_of(collection, there)}

    assert says(collection, found, wanted) is (spoken == asked)


@pytest.mark.parametrize(
    ("collection", "found", "wanted", "is_said"),
    [
        (POOLS, {"backendAddresses": [1], "x": 1}, {"backendAddresses": [1]}, True),
        (POOLS, {"backendAddresses": [1]}, {"backendAddresses": [2]}, False),
        (PROBES, {"path": "/", "interval": 30}, {"path": "/"}, True),
        (PROBES, {"path": "/", "interval": 31}, {"path": "/"}, False),
        (PATH_MAPS, {"pathRules": [part("a", paths=["/a"])]}, {}, False),
        (
            PATH_MAPS,
            {"pathRules": [{**part("a", paths=["/a"]), "etag": "1"}]},
            {"pathRules": [part("a", paths=["/a"])]},
            True,
        ),
        (PATH_MAPS, {"pathRules": [part("a")]}, {"pathRules": [part("b")]}, False),
        (PATH_MAPS, {"pathRules": [part("a")]}, {"pathRules": [part("a"), part("b")]}, False),
        (PATH_MAPS, {"pathRules": [part("a", x=1)]}, {"pathRules": [part("a", x=1)]}, False),
        (PATH_MAPS, {"pathRules": [part("a", newer=1)]}, {"pathRules": [part("A")]}, True),
        (
            PATH_MAPS,
            {"pathRules": [{**part("a"), "zones": ["1"]}]},
            {"pathRules": [{**part("a"), "zones": ["1"]}]},
            False,
        ),
        (RULES, {"httpListener": REF}, {"httpListener": {"id": REF["id"].upper()}}, True),
    ],
)
def test_a_child_says_what_it_should(
    collection: str, found: Document, wanted: Document, *, is_said: bool
) -> None:
    assert says(collection, part("x", **found), part("X", **wanted)) is is_said


@pytest.mark.parametrize(
    ("collection", "one", "other", "is_same"),
    [
        (POOLS, part("a", x=1), part("a", x=1), True),
        (POOLS, part("a", x=1), {**part("a", x=1), "etag": "1"}, True),
        (POOLS, part("a", x=1), part("a", x=2), False),
        (POOLS, part("a", pathRules=[REF]), part("a"), True),
        (PROBES, part("a", path="/"), part("a", path="/", interval=30), True),
        (PROBES, part("a"), {**part("a"), "zones": ["1"]}, False),
        (PATH_MAPS, part("m", pathRules=[part("a")]), part("m", pathRules=[part("b")]), False),
        (
            PATH_MAPS,
            part("m", pathRules=[part("a")]),
            part("m", pathRules=[{**part("a"), "etag": "1"}]),
            True,
        ),
    ],
)
def test_two_children_ask_for_the_same(
    collection: str, one: Document, other: Document, *, is_same: bool
) -> None:
    assert is_same_child(collection, one, other) is is_same
