"""Both clusters' backends are led to at any time, by a listener that no client finds."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bascule.azure.document import Document
from bascule.errors import InvariantError
from bascule.gateway.appgw.limits import count_bytes, headroom
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, POOLS, RULES, Choice, Part
from bascule.gateway.appgw.reach import read_reach
from bascule.gateway.appgw.settings import Mechanism
from bascule.gateway.appgw.translate.prepared import (
    NOT_PREPARED,
    host_of,
    prepare,
    without_prepared,
)
from bascule.gateway.appgw.translate.sheet import Site
from bascule.gateway.appgw.translate.translation import Translator
from bascule.ids import Cluster
from bascule.routing.model import Severity
from bascule.routing.weights import Split, Weights
from tests.support.appgw_tables import FACTS, SETTINGS, read_case, translate_case, whole_document
from tests.support.arm_gateways import GATEWAY

SERVICES = """
services:
  web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}
  api: {blue: ['10.0.0.2:80', '10.0.0.3:80'], green: ['10.1.0.2:80']}
secrets: [t]
"""
SHOP = f"ingresses: [{{paths: [{{path: /}}, {{path: /api, to: api}}]}}]\n{SERVICES}"
TLS = f"ingresses: [{{tls: t, annotations: {{ssl-redirect: 'false'}}}}]\n{SERVICES}"
BALANCERS = """settings:
  backends: loadBalancer
  load_balancers: {blue: {address: 10.9.0.1}, green: {address: 10.9.0.2}}
"""


def _properties(part: Part, collection: str, name: str = "bsc-prepared") -> Any:
    return part.children[collection][name]["properties"]


def _pools_of(part: Part, name: str = "bsc-prepared") -> list[str]:
    rules = _properties(part, PATH_MAPS, name)["pathRules"]
    return [_last(rule["properties"]["backendAddressPool"]) for rule in rules]


def _last(reference: Mapping[str, str]) -> str:
    return reference["id"].rpartition("/")[2]


def test_every_pool_of_both_clusters_is_led_to_whichever_has_the_requests() -> None:
    part = translate_case(SHOP)

    assert {*_pools_of(part)} == {*part.children[POOLS]} - {"bsc-none"}
    assert _last(_properties(part, RULES)["urlPathMap"]) == "bsc-prepared"
    assert _last(_properties(part, RULES)["httpListener"]) == "bsc-prepared"


def test_all_else_under_its_name_is_answered_by_nobody() -> None:
    path_map = _properties(translate_case(SHOP), PATH_MAPS)

    assert _last(path_map["defaultBackendAddressPool"]) == "bsc-none"
    assert _last(path_map["defaultBackendHttpSettings"]) == "bsc-none"


def test_its_host_is_the_same_every_time_and_another_one_for_another_gateway() -> None:
    site = Site(SETTINGS, FACTS)
    others = [
        host_of(2, site),
        host_of(1, Site(replace(SETTINGS, owner="other"), FACTS)),
        host_of(1, Site(replace(SETTINGS, gateway_id=f"{GATEWAY}2"), FACTS)),
    ]

    (host,) = _properties(translate_case(SHOP), LISTENERS)["hostNames"]

    assert host == host_of(1, Site(replace(SETTINGS, gateway_id=GATEWAY.upper()), FACTS))
    assert len(host) == len(".bascule.invalid") + 32
    assert len({host, *others}) == 4


def test_load_balancers_are_prepared_as_pods_are() -> None:
    assert set(_pools_of(translate_case(BALANCERS + SHOP))) == {"bsc-pool-blue", "bsc-pool-green"}


@pytest.mark.parametrize(
    "case",
    [
        f"settings: {{mechanism: pools}}\n{SHOP}",
        SHOP.replace("green", "none"),
        "ingresses: []",
    ],
    ids=["addresses are exchanged", "one cluster has them all", "nothing is served"],
)
def test_where_a_switch_leads_nowhere_else_nothing_is_prepared(case: str) -> None:
    assert "bsc-prepared" not in translate_case(case).children[LISTENERS]


def test_a_switch_leaves_it_as_it_is_and_changes_rules_of_hosts_alone() -> None:
    settings, table, facts = read_case(SHOP)
    translator = Translator(settings)

    blue, green = (
        translator.translate(table.with_split(Split(Weights.all_to(each))), facts)
        for each in Cluster
    )

    changed = [
        (collection, name)
        for collection, found in blue.children.items()
        for name in found
        if found[name] != green.children[collection][name]
    ]
    assert changed == [(RULES, "bsc-rule-80-shop.example.com")]
    assert blue.children.keys() == green.children.keys()


@pytest.mark.parametrize("cluster", Cluster)
def test_no_cluster_counts_as_reached_by_it(cluster: Cluster) -> None:
    settings, table, facts = read_case(SHOP)
    part = Translator(settings).translate(table.with_split(Split(Weights.all_to(cluster))), facts)

    assert read_reach(whole_document(part), SETTINGS.prefix).reached == {cluster}


def test_it_listens_where_hosts_do_rather_without_tls() -> None:
    plain = translate_case(SHOP.replace("{paths", "{tls: t, paths"))
    with_tls = translate_case(TLS)

    assert _properties(plain, LISTENERS)["protocol"] == "Http"
    assert "sslCertificate" not in _properties(plain, LISTENERS)
    assert _properties(with_tls, LISTENERS)["protocol"] == "Https"
    shown = _properties(with_tls, LISTENERS, "bsc-listener-443-shop.example.com")
    for key in ("frontendPort", "frontendIPConfiguration", "sslCertificate"):
        assert _properties(with_tls, LISTENERS)[key] == shown[key]


def test_its_priority_is_the_last_that_nobody_has() -> None:
    settings, table, facts = read_case(SHOP)

    part = Translator(settings).translate(
        table, replace(facts, priorities=frozenset({20_000, 19_999}))
    )

    assert _properties(part, RULES)["priority"] == 19_998


def test_what_is_too_much_for_one_map_has_more_listeners_each_with_its_host() -> None:
    settings, table, facts = read_case(f"settings: {{limits: {{path_rules_a_map: 3}}}}\n{SHOP}")

    part = Translator(settings).translate(table, facts)

    assert [len(_pools_of(part, name)) for name in ("bsc-prepared", "bsc-prepared-2")] == [3, 1]
    names = [_properties(part, LISTENERS, n)["hostNames"] for n in part.children[LISTENERS]]
    assert len({str(each) for each in names}) == 3
    assert [
        _properties(part, RULES, n)["priority"] for n in ("bsc-prepared", "bsc-prepared-2")
    ] == [
        20_000,
        19_999,
    ]


def test_without_limits_all_are_prepared() -> None:
    assert len(_pools_of(translate_case(f"settings: {{limits: null}}\n{SHOP}"))) == 4


@pytest.mark.parametrize("lack", ["listeners", "active_listeners", "rules"])
def test_hosts_come_first_and_what_is_not_probed_is_said_once(lack: str) -> None:
    settings, table, facts = read_case(f"settings: {{limits: {{{lack}: 1}}}}\n{SHOP}")

    part = Translator(settings).translate(table, facts)

    assert [*part.children[LISTENERS]] == ["bsc-listener-80-shop.example.com"]
    (problem,) = part.problems
    assert (problem.code, problem.kind, problem.severity) == (
        "NotAllProbed",
        "Gateway",
        Severity.WARNING,
    )
    assert "has no room for a listener that leads to 4 pools" in problem.message


def _kilobytes_of(text: str) -> int:
    """Return how large the document would be without limits and without what is prepared."""
    part = without_prepared(translate_case(f"settings: {{limits: null}}\n{text}"))
    return count_bytes(part.children) // 1_000 + 1


@pytest.mark.parametrize(("beside", "maps", "left"), [(9, 2, 0), (6, 1, 1), (3, 0, 4)])
@pytest.mark.parametrize("cluster", Cluster)
def test_hosts_come_first_in_the_size_of_the_document_too(
    *, beside: int, maps: int, left: int, cluster: Cluster
) -> None:
    limits = f"{{path_rules_a_map: 3, document_kilobytes: {_kilobytes_of(SHOP) + beside}}}"
    settings, table, facts = read_case(f"settings: {{limits: {limits}}}\n{SHOP}")
    aimed = table.with_split(Split(Weights.all_to(cluster)))

    part = Translator(settings).translate(aimed, facts)

    hosts, *prepared = part.children[LISTENERS]
    assert hosts == "bsc-listener-80-shop.example.com"
    assert prepared == ["bsc-prepared", "bsc-prepared-2"][:maps]
    assert [each.code for each in part.problems] == ["NotAllProbed"] * bool(left)
    assert all(f"leads to {left} pools" in each.message for each in part.problems)
    assert ("bsc-none" in part.children[POOLS]) is bool(maps)


def test_what_has_no_room_in_rules_or_in_the_document_is_told_together() -> None:
    beside = f"document_kilobytes: {_kilobytes_of(SHOP) + 6}, rules: 2"
    text = f"settings: {{limits: {{path_rules_a_map: 1, {beside}}}}}\n{SHOP}"
    both = translate_case(text)
    none = translate_case(text.replace(f"{_kilobytes_of(SHOP) + 6}", f"{_kilobytes_of(SHOP) + 3}"))

    assert ["leads to 3 pools" in each.message for each in both.problems] == [True]
    assert ["leads to 4 pools" in each.message for each in none.problems] == [True]


def test_where_it_alone_has_no_room_routes_change_clusters_by_rules_all_the_same() -> None:
    limits = f"{{document_kilobytes: {_kilobytes_of(SHOP) + 3}}}"
    part = translate_case(f"settings: {{mechanism: auto, limits: {limits}}}\n{SHOP}")

    assert part.choice == Choice(mechanism=Mechanism.RULES, why="everything has room so")
    assert "bsc-prepared" not in part.children[LISTENERS]


def test_a_host_is_left_out_only_where_nothing_prepared_is_left() -> None:
    each = ", ".join(f"{{name: i{n}, hosts: [h{n}.test]}}" for n in range(9))
    text = f"ingresses: [{each}]\n{SERVICES}"
    most = _kilobytes_of(text)
    found = {}
    for beside in range(-3, 16):
        limits = f"settings: {{limits: {{document_kilobytes: {most + beside}}}}}"
        part = translate_case(f"{limits}\n{text}")
        codes = {each.code for each in part.problems}
        found[beside] = ("bsc-prepared" in part.children[LISTENERS], "GatewayFull" in codes)

    assert found[15] == (True, False)
    assert {(False, False), (False, True)} <= {*found.values()}
    assert (True, True) not in found.values()


def test_no_switch_takes_it_away_though_the_document_grows_by_some_bytes() -> None:
    each = ", ".join(f"{{name: i{n}, hosts: [h{n}.test]}}" for n in range(9))
    text = f"ingresses: [{each}]\n{SERVICES}"
    limits = f"settings: {{limits: {{document_kilobytes: {_kilobytes_of(text) + 20}}}}}"
    settings, table, facts = read_case(f"{limits}\n{text}")

    def is_probed(others_bytes: int, cluster: Cluster) -> bool:
        split = Split(Weights.all_to(cluster))
        known = replace(facts, others_bytes=others_bytes)
        part = Translator(settings).translate(table.with_split(split), known)
        return "bsc-prepared" in part.children[LISTENERS]

    most = bisect_left(range(20_000), x=True, key=lambda n: not is_probed(n, Cluster.BLUE))

    assert 0 < most < 20_000
    assert [is_probed(most - 1, each) for each in Cluster] == [True, True]
    assert [is_probed(most, each) for each in Cluster] == [False, False]


def test_where_the_pool_of_nobody_has_no_room_all_else_leads_to_the_first_pool() -> None:
    settings, table, facts = read_case(f"settings: {{limits: {{backend_pools: 4}}}}\n{SHOP}")

    part = Translator(settings).translate(table, facts)

    assert part.problems == ()
    assert settings.limits is not None
    assert all(each.left >= 0 for each in headroom(part, facts, settings.limits))
    default = _properties(part, PATH_MAPS)["defaultBackendAddressPool"]
    assert _last(default) == _pools_of(part)[0]


def test_a_part_without_it_has_all_else() -> None:
    part = translate_case(SHOP)

    less = without_prepared(part)

    gone = [
        (collection, name)
        for collection, found in part.children.items()
        for name in found
        if name not in less.children[collection]
    ]
    assert set(gone) == {(each, "bsc-prepared") for each in (PATH_MAPS, LISTENERS, RULES)}
    assert len(gone) == 3


def test_pairs_without_any_listener_have_nowhere_to_be_led_from() -> None:
    pairs = {f"{GATEWAY}/s/{each}": f"{GATEWAY}/p/bsc-pool-{each}" for each in Cluster}

    assert prepare(pairs, {}, Site(SETTINGS, FACTS)) is NOT_PREPARED


def test_a_gateway_without_any_priority_left_is_no_gateway_of_azures() -> None:
    pairs = {f"{GATEWAY}/s/{each}": f"{GATEWAY}/p/bsc-pool-{each}" for each in Cluster}
    children: dict[str, dict[str, Document]] = {
        LISTENERS: {"l": {"name": "l", "properties": {"protocol": "Http"}}}
    }
    full = replace(FACTS, priorities=frozenset(range(1, 20_001)))

    with pytest.raises(InvariantError, match="no priority left"):
        prepare(pairs, children, Site(SETTINGS, full))


def test_a_changed_endpoint_leaves_it_as_it_is() -> None:
    settings, table, facts = read_case(SHOP)
    translator = Translator(settings)
    first = translator.translate(table, facts)
    (host,) = table.routes.hosts
    route, *others = host.routes
    assert route.blue is not None
    fewer = replace(route, blue=replace(route.blue, endpoints=route.blue.endpoints[:1]))
    routes = replace(table.routes, hosts=(replace(host, routes=(fewer, *others)),))

    second = translator.translate(replace(table, routes=routes), facts)

    assert second.children[POOLS] != first.children[POOLS]
    for collection in (LISTENERS, RULES, PATH_MAPS):
        before: Document = first.children[collection]["bsc-prepared"]
        assert second.children[collection]["bsc-prepared"] is before
