"""What a part takes of the gateway's limits, with what others have there."""

from dataclasses import replace

import pytest

from bascule.gateway.appgw.limits import (
    ACTIVE,
    DOCUMENT,
    KINDS,
    bytes_left,
    count_bytes,
    count_others,
    headroom,
)
from bascule.gateway.appgw.part import LISTENERS, POOLS, REDIRECTS, RULES, Children, Facts, Part
from bascule.gateway.appgw.settings import Limits
from bascule.ids import Cluster

LIMITS = Limits()
REDIRECT = {"name": "r", "properties": {"redirectConfiguration": {"id": "x"}}}
PART = Part(
    children={
        POOLS: {"a": {}, "b": {}},
        LISTENERS: {"a": {}, "b": {}},
        RULES: {"a": {"name": "a", "properties": {}}, "r": REDIRECT},
        REDIRECTS: {"r": {}},
    }
)


def test_ours_others_and_the_limit_are_told_of_each_kind() -> None:
    found = {each.collection: each for each in headroom(PART, Facts(used={POOLS: 3}), LIMITS)}

    assert [*found] == [*KINDS]
    assert (found[POOLS].ours, found[POOLS].others, found[POOLS].limit) == (2, 3, 100)
    assert found[POOLS].left == 95


def test_a_listener_that_only_redirects_is_not_active() -> None:
    found = {each.collection: each for each in headroom(PART, Facts(), LIMITS)}

    assert (found[LISTENERS].ours, found[ACTIVE].ours) == (2, 1)


def test_all_listeners_of_others_count_as_active_unless_facts_say_less() -> None:
    assert count_others(Facts(used={LISTENERS: 4}))[ACTIVE] == 4
    assert count_others(Facts(used={LISTENERS: 4, ACTIVE: 1}))[ACTIVE] == 1


@pytest.mark.parametrize(("pools", "left"), [(5, 0), (4, -1)])
def test_of_what_is_above_a_limit_less_than_nothing_is_left(pools: int, left: int) -> None:
    limits = replace(LIMITS, backend_pools=pools)

    assert min(each.left for each in headroom(PART, Facts(used={POOLS: 3}), limits)) == left


@pytest.mark.parametrize(("beside", "left"), [(0, 0), (1, -1)])
def test_what_may_be_ours_of_the_document_is_what_is_not_above_its_limit(
    beside: int, left: int
) -> None:
    facts = Facts(others_bytes=12_345)
    empty = count_bytes({POOLS: {"a": {"name": ""}}})
    name = "a" * (bytes_left(facts, LIMITS) - empty + beside)

    found = headroom(Part(children={POOLS: {"a": {"name": name}}}), facts, LIMITS)

    assert [each.left for each in found if each.collection == DOCUMENT] == [left]


def test_what_children_take_is_the_same_one_by_one() -> None:
    whole: dict[str, Children] = {
        RULES: {"a": {"name": "a"}, "b": {"name": "bb"}},
        POOLS: {"c": {}},
    }
    parts: list[dict[str, Children]] = [
        {RULES: {"a": {"name": "a"}}, POOLS: {}},
        {RULES: {"b": {"name": "bb"}}},
        {POOLS: {"c": {}}},
    ]

    assert count_bytes(whole) == sum(count_bytes(each) for each in parts)


def test_rules_count_as_long_wherever_they_lead_so_that_a_switch_fits_as_well() -> None:
    blue, green = (
        {RULES: {"a": {"name": "a", "properties": {"urlPathMap": {"id": f"map-{each}"}}}}}
        for each in Cluster
    )

    assert count_bytes(blue) == count_bytes(green)


def test_the_document_is_a_limit_too_in_kilobytes() -> None:
    large = Part(children={POOLS: {"a": {"name": "a" * 3_000}}})

    found = {each.collection: each for each in headroom(large, Facts(others_bytes=2_500), LIMITS)}

    assert (found[DOCUMENT].ours, found[DOCUMENT].others, found[DOCUMENT].limit) == (6, 2, 4_000)
