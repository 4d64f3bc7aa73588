"""Tables become what their golden files say, and again at little cost."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bascule.gateway.appgw.part import LISTENERS, POOLS, RULES, Part, Standing
from bascule.gateway.appgw.settings import Mechanism
from bascule.gateway.appgw.translate.translation import Translator
from bascule.ids import Cluster
from bascule.lab.arm.dataplane.translate.translation import translate as serve
from bascule.lab.arm.network.gateways.rules import check_document
from bascule.routing.model import Host, RoutingTable
from bascule.routing.weights import Split, Weights
from tests.support.appgw_tables import (
    read_case,
    show,
    translate_case,
    whole_document,
)
from tests.support.arm_gateways import FRONTEND_ADDRESSES

GOLDEN = Path(__file__).parents[4] / "golden" / "appgw" / "translation"
CASES = sorted(GOLDEN.glob("*.in.yaml"))
API = "2024-07-01"
SHOP = """
ingresses:
- {name: a, hosts: [a.test], paths: [{to: a}]}
- {name: b, hosts: [b.test], paths: [{to: b}]}
- {name: c, hosts: [c.test], paths: [{to: c}]}
services:
  a: {blue: ['10.0.0.1:80', '10.0.0.2:80'], green: ['10.1.0.1:80', '10.1.0.2:80']}
  b: {blue: ['10.0.0.3:80', '10.0.0.4:80'], green: ['10.1.0.3:80', '10.1.0.4:80']}
  c: {blue: ['10.0.0.5:80', '10.0.0.6:80'], green: ['10.1.0.5:80', '10.1.0.6:80']}
"""


def _name(path: Path) -> str:
    return path.name.removesuffix(".in.yaml")


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_a_table_becomes_what_its_golden_file_says(case: Path) -> None:
    expected = case.with_name(case.name.replace(".in.", ".out."))

    shown = show(translate_case(case.read_text()))

    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(shown)
    assert shown == expected.read_text()


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_azure_takes_each_document(case: Path) -> None:
    settings, table, facts = read_case(case.read_text())
    part = Translator(settings).translate(table, facts)

    document = whole_document(part, facts)
    if part.children[RULES]:
        check_document(document, API)
    if not document["properties"]["sslCertificates"]:
        assert serve(document, FRONTEND_ADDRESSES).bindings
    assert all(len(name) <= 80 for found in part.children.values() for name in found)


def test_a_switch_changes_nothing_but_rules() -> None:
    settings, table, facts = read_case(SHOP)
    translator = Translator(settings)

    blue = translator.translate(table, facts)
    green = translator.translate(_to(table, Cluster.GREEN), facts)

    changed = {name for name in blue.children if blue.children[name] != green.children[name]}
    assert changed == {RULES}
    assert "green" in str(green.children[RULES])
    assert "blue" not in str(green.children[RULES])


def test_the_way_back_of_a_switch_is_made_already() -> None:
    settings, table, facts = read_case(SHOP)
    translator = Translator(settings)
    blue = translator.translate(table, facts)
    translator.translate(_to(table, Cluster.GREEN), facts)

    again = translator.translate(table, facts)

    name = "bsc-rule-80-a.test"
    assert again == blue
    assert again.children[RULES][name] is blue.children[RULES][name]


def test_by_pools_a_switch_changes_nothing_but_addresses() -> None:
    settings, table, facts = read_case(SHOP)
    translator = Translator(replace(settings, mechanism=Mechanism.POOLS))

    blue = translator.translate(table, facts)
    green = translator.translate(_to(table, Cluster.GREEN), facts)

    changed = {name for name in blue.children if blue.children[name] != green.children[name]}
    assert changed == {POOLS}


def test_what_did_not_change_is_taken_over_as_it_is() -> None:
    settings, table, facts = read_case(SHOP)
    translator = Translator(settings)
    first = translator.translate(table, facts)
    a, b, c = table.routes.hosts
    after = _with_hosts(table, a, _without_an_endpoint(b), c)

    second = translator.translate(after, facts)

    assert second == Translator(settings).translate(after, facts)
    assert second.children[POOLS] != first.children[POOLS]
    assert (
        second.children[LISTENERS]["bsc-listener-80-a.test"]
        is (first.children[LISTENERS]["bsc-listener-80-a.test"])
    )


@pytest.mark.parametrize(
    "names", [("a.test",), ("a.test", "b.test", "d.test"), ("b.test", "a.test", "c.test"), ()]
)
def test_hosts_that_come_go_or_change_places_leave_what_a_fresh_translator_makes(
    names: tuple[str, ...],
) -> None:
    settings, table, facts = read_case(SHOP)
    translator = Translator(settings)
    translator.translate(table, facts)
    first = table.routes.hosts[0]
    after = _with_hosts(table, *(replace(first, name=name) for name in names))

    assert translator.translate(after, facts) == Translator(settings).translate(after, facts)


def test_a_host_that_comes_leaves_the_others_as_they_are() -> None:
    settings, table, facts = read_case(SHOP)
    translator = Translator(settings)
    first = translator.translate(_with_hosts(table, *table.routes.hosts[:2]), facts)

    second = translator.translate(table, facts)

    name = "bsc-rule-80-a.test"
    assert second.children[RULES][name] is first.children[RULES][name]
    assert second == Translator(settings).translate(table, facts)


def test_other_facts_are_taken_into_account_at_once() -> None:
    settings, table, facts = read_case(SHOP)
    translator = Translator(settings)
    translator.translate(table, facts)
    taken = replace(facts, listeners=frozenset({("public", 80, "b.test")}))

    part = translator.translate(table, taken)

    assert [*part.children[LISTENERS]] == [
        "bsc-listener-80-a.test",
        "bsc-listener-80-c.test",
        "bsc-prepared",
    ]


def test_without_limits_nothing_is_left_out() -> None:
    settings, table, facts = read_case(f"settings: {{limits: {{listeners: 1}}}}\n{SHOP}")

    limited = Translator(settings).translate(table, facts)
    unlimited = Translator(replace(settings, limits=None)).translate(table, facts)

    assert len(limited.children[LISTENERS]) == 1
    assert len(unlimited.children[LISTENERS]) == 4


def test_the_way_by_pools_is_proposed_as_often_as_asked() -> None:
    settings, table, facts = read_case(f"settings: {{limits: {{backend_pools: 3}}}}\n{SHOP}")
    translator = Translator(settings)

    first, second = (translator.translate(table, facts) for _ in range(2))

    assert "Set switchBy: pools" in first.problems[0].message
    assert second == first


def test_the_way_by_pools_is_not_proposed_to_who_has_it() -> None:
    part = translate_case(f"settings: {{mechanism: pools, limits: {{backend_pools: 0}}}}\n{SHOP}")

    assert _codes(part) == {"GatewayFull"}
    assert "switchBy" not in part.problems[0].message


AUTO = f"settings: {{mechanism: auto, limits: {{backend_pools: 4}}}}\n{SHOP}"


def test_where_rules_have_no_room_and_pools_have_it_is_by_pools_and_says_so() -> None:
    settings, table, facts = read_case(AUTO)

    part = Translator(settings).translate(table, facts)

    by_pools = Translator(replace(settings, mechanism=Mechanism.POOLS)).translate(table, facts)
    assert part.children == by_pools.children
    assert part.choice.mechanism is Mechanism.POOLS
    assert _codes(part) == {"SwitchedByPools"}


def test_what_is_live_by_rules_stays_so_while_traffic_moves_and_says_what_to_wait_for() -> None:
    settings, table, facts = read_case(AUTO)
    live = Standing(mechanism=Mechanism.RULES, split=table.split, is_held=True)

    part = Translator(settings).translate(table, replace(facts, standing=live))

    assert part.choice.mechanism is Mechanism.RULES
    assert _codes(part) >= {"GatewayFull"}
    assert "Let traffic come to rest at one cluster: pools are exchanged then" in str(part.problems)


def test_what_has_room_is_worked_out_anew_when_a_host_changes_and_else_stands() -> None:
    settings, table, facts = read_case(f"settings: {{limits: {{backend_pools: 3}}}}\n{SHOP}")
    translator = Translator(settings)
    first = translator.translate(table, facts)
    a, b, c = table.routes.hosts
    changed = _with_hosts(table, _without_an_endpoint(a), b, c)

    again = translator.translate(replace(table), facts)
    after = translator.translate(changed, facts)

    assert again.children is first.children
    assert after == Translator(settings).translate(changed, facts)
    assert after != first


def test_shares_that_nobody_accepted_go_to_the_larger_side() -> None:
    part = translate_case(f"weights: {{green: '60'}}\n{SHOP}")

    assert _codes(part) == {"SharesNotAccepted"}
    assert "green" in str(part.children[RULES])
    assert "blue" not in str(part.children[RULES])


def test_a_preview_host_is_made_again_when_its_host_changes_and_else_stands() -> None:
    settings, table, facts = read_case(f"previews: {{p.test: a.test}}\n{SHOP}")
    translator = Translator(settings)
    first = translator.translate(table, facts)
    again = translator.translate(table, facts)
    a, b, c = table.routes.hosts
    after = _with_hosts(table, _without_an_endpoint(a), b, c)

    assert (
        again.children[RULES]["bsc-rule-80-p.test"] is first.children[RULES]["bsc-rule-80-p.test"]
    )
    assert translator.translate(after, facts) == Translator(settings).translate(after, facts)


def test_a_gateway_without_any_frontend_is_left_alone() -> None:
    settings, table, facts = read_case(SHOP)

    part = Translator(settings).translate(
        table, replace(facts, public_frontend="", private_frontend="")
    )

    assert not any(part.children.values())
    assert _codes(part) == {"NoFrontend"}


def _to(table: RoutingTable, cluster: Cluster) -> RoutingTable:
    return table.with_split(Split(Weights.all_to(cluster)))


def _with_hosts(table: RoutingTable, *hosts: Host) -> RoutingTable:
    return replace(table, routes=replace(table.routes, hosts=hosts))


def _without_an_endpoint(host: Host) -> Host:
    (route,) = host.routes
    assert route.blue is not None
    blue = replace(route.blue, endpoints=route.blue.endpoints[:-1])
    return replace(host, routes=(replace(route, blue=blue),))


def _codes(part: Part) -> set[str]:
    return {problem.code for problem in part.problems}
