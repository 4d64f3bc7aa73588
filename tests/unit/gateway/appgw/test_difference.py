import copy
from typing import Any

import pytest

from bascule.gateway.appgw.difference import (
    VALUE_MAX,
    ChangeKind,
    diff_documents,
    lines_of,
)
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, POOLS, PROBES, REWRITES, RULES
from tests.support.appgw_parts import OWNS, child, merged, our_part, our_pool, shown, theirs
from tests.support.arm_gateways import part, pool


def lines(before: Any, after: Any) -> list[str]:
    return list(lines_of(diff_documents(before, after, OWNS)))


def test_what_is_the_same_gives_no_lines() -> None:
    document = shown(merged(theirs(), our_part()))

    assert lines(document, shown(document, etag="other")) == []
    assert lines(document, document) == []


def test_a_switch_reads_as_the_rules_that_lead_elsewhere() -> None:
    before = shown(merged(theirs(), our_part()))
    after = merged(before, our_part(cluster="green"))

    (change,) = diff_documents(before, after, OWNS)

    assert change.lines == (
        "~ requestRoutingRules/bsc-rule: urlPathMap bsc-map-blue -> bsc-map-green",
    )
    assert (change.collection, change.name, change.kind) == (RULES, "bsc-rule", ChangeKind.CHANGED)
    assert change.is_ours


def test_children_that_come_and_go_are_told_with_whose_they_are() -> None:
    before = theirs(backendAddressPools=[pool("blue"), pool("old")])
    after = theirs(backendAddressPools=[our_pool(), pool("blue")])

    changes = diff_documents(before, after, OWNS)

    assert [(each.kind, each.is_ours, each.lines) for each in changes] == [
        (ChangeKind.ADDED, True, ("+ backendAddressPools/bsc-pool-blue",)),
        (ChangeKind.REMOVED, False, ("- backendAddressPools/old",)),
    ]


def test_collections_that_are_not_ours_come_last() -> None:
    after = theirs(authenticationCertificates=[part("a")], rewriteRuleSets=[part("r")])

    assert lines(theirs(), after) == [
        "+ rewriteRuleSets/r",
        "+ authenticationCertificates/a",
    ]


def test_of_a_list_only_what_came_and_went_is_told() -> None:
    before = theirs(backendAddressPools=[pool("blue", "10.0.0.1", "a.example.com")])
    after = theirs(backendAddressPools=[pool("blue", "10.0.0.2", "a.example.com")])

    assert lines(before, after) == [
        "~ backendAddressPools/blue: backendAddresses -10.0.0.1 +10.0.0.2"
    ]


def test_path_rules_are_told_one_by_one() -> None:
    before = shown(merged(theirs(), our_part()))
    after = copy.deepcopy(before)
    rules = child(after, PATH_MAPS, "bsc-map-blue")["properties"]["pathRules"]
    rules[0]["properties"]["paths"] = ["/basket"]
    rules.append(part("b", paths=["/b"]))
    place = "urlPathMaps/bsc-map-blue: pathRules"

    assert lines(before, after) == [
        f"~ {place}/b added",
        f"~ {place}/cart paths -/cart -/cart/* +/basket",
    ]
    moved = copy.deepcopy(after)
    child(moved, PATH_MAPS, "bsc-map-blue")["properties"]["pathRules"].reverse()
    assert lines(after, moved) == [f"~ {place} in another order"]
    rules.clear()
    assert f"~ {place}/cart removed" in lines(before, after)


def test_the_gateways_own_properties_and_tags_are_told() -> None:
    before = {**theirs(), "tags": {"team": "a", "bascule-table": "1"}}
    after = {**theirs(), "tags": {"team": "b", "bascule-table": "2"}, "zones": ["1"]}

    changes = diff_documents(before, after, OWNS)

    assert [(each.lines, each.is_ours) for each in changes] == [
        (('~ zones (none) -> ["1"]',), False),
        (("~ tag bascule-table 1 -> 2",), True),
        (("~ tag team a -> b",), False),
    ]


def test_what_stands_beside_the_properties_of_a_child_is_told() -> None:
    before, after = theirs(), theirs()
    child(after, LISTENERS, "all")["zones"] = ["1"]

    assert lines(before, after) == ['~ httpListeners/all: zones (none) -> ["1"]']


def test_values_that_may_be_secret_are_not_told_and_long_ones_are_cut() -> None:
    before, after = theirs(rewriteRuleSets=[part("r")]), theirs()
    actions = {"actionSet": {"requestHeaderConfigurations": [{"headerValue": "hunter2"}]}}
    after["properties"][REWRITES] = [part("r", rewriteRules=[{"name": "a", **actions}])]
    child(after, POOLS, "blue")["properties"]["backendAddresses"] = [
        {"ipAddress": f"10.0.0.{number}"} for number in range(100)
    ]

    told = lines(before, after)

    assert "~ rewriteRuleSets/r: rewriteRules changed" in told
    assert all(len(line) < VALUE_MAX + 60 for line in told)
    assert any(line.endswith("...") for line in told)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (5, 6, "~ probes/p: interval 5 -> 6"),
        (["b", "a"], ["a", "b"], "~ probes/p: interval in another order"),
        ({"x": 1}, None, '~ probes/p: interval {"x": 1} -> (none)'),
    ],
)
def test_values_of_all_kinds_are_told(before: object, after: object, told: str) -> None:
    one = theirs(probes=[part("p", interval=before)])
    other = theirs(probes=[part("p")])
    if after is not None:
        child(other, PROBES, "p")["properties"]["interval"] = after
    else:
        del child(other, PROBES, "p")["properties"]["interval"]

    assert lines(one, other) == [told]
