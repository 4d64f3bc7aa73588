"""Listeners, rules, redirects, and the ways that are prepared behind them."""

from bascule.gateway.appgw.part import (
    CERTIFICATES,
    LISTENERS,
    PATH_MAPS,
    POOLS,
    PORTS,
    REDIRECTS,
    RULES,
    Children,
)
from bascule.gateway.appgw.translate.backends import TO_BLUE, Stance
from bascule.gateway.appgw.translate.doors import grant_doors
from bascule.gateway.appgw.translate.groups import plan_host
from bascule.gateway.appgw.translate.listeners import Framed, write_group, write_route
from bascule.gateway.appgw.translate.sheet import Sheet, Site
from bascule.routing.weights import Weights
from tests.support.appgw_tables import read_case

SERVICES = "services: {web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}}\nsecrets: [t]"
TWO = "paths: [{path: /}, {path: /a}]"


def _write(ingress: str, more: str = "", stance: Stance = TO_BLUE) -> Sheet:
    framed, sheet = _frame(ingress, more, stance)
    write_group(framed, sheet)
    return sheet


def _frame(ingress: str, more: str = "", stance: Stance = TO_BLUE) -> tuple[Framed, Sheet]:
    settings, table, facts = read_case(f"ingresses: [{ingress}]\n{SERVICES}\n{more}")
    site = Site(settings, facts)
    groups = plan_host(table.routes.hosts[0], site).groups
    (doors,) = grant_doors(groups, site).doors
    return Framed(group=groups[0], doors=doors, stance=stance), Sheet(site)


def _names(sheet: Sheet, collection: str) -> list[str]:
    return [*sheet.children.get(collection, {})]


def _text(children: Children) -> str:
    return str([*children.values()])


def test_one_route_needs_no_path_map_and_the_other_cluster_is_prepared() -> None:
    sheet = _write("{}")

    assert _names(sheet, PATH_MAPS) == []
    assert _names(sheet, POOLS) == ["bsc-pool-blue_shop_web_http", "bsc-pool-green_shop_web_http"]
    assert "pool-blue" in _text(sheet.children[RULES])


def test_several_routes_have_a_path_map_for_each_cluster_and_for_shares() -> None:
    half = Stance(wanted=Weights(5_000), base=Weights(5_000))

    sheet = _write(f"{{{TWO}}}", stance=half)

    assert _names(sheet, PATH_MAPS) == [
        f"bsc-map-80-shop.example.com-{tag}" for tag in ("both", "blue", "green")
    ]
    assert "com-both" in _text(sheet.children[RULES])


def test_where_addresses_are_exchanged_there_is_one_path_map() -> None:
    sheet = _write(f"{{{TWO}}}", "settings: {mechanism: pools}")

    assert _names(sheet, PATH_MAPS) == ["bsc-map-80-shop.example.com"]


def test_a_host_in_one_cluster_has_the_ways_to_that_one_alone() -> None:
    green = Stance(wanted=Weights(0), base=Weights(0))

    sheet = _write(f"{{{TWO}, in: [blue]}}", stance=green)

    assert _names(sheet, PATH_MAPS) == ["bsc-map-80-shop.example.com-blue"]


def test_what_never_goes_elsewhere_has_one_way() -> None:
    fixed = Stance(wanted=Weights(0), base=Weights(10_000), is_fixed=True)

    assert _names(_write(f"{{{TWO}}}", stance=fixed), PATH_MAPS) == [
        "bsc-map-80-shop.example.com-green"
    ]


def test_a_tls_listener_has_its_certificate_and_a_redirect_to_it() -> None:
    sheet = _write("{tls: t, annotations: {appgw-ssl-profile: p}}", "facts: {ssl_profiles: [p]}")

    (certificate,) = _names(sheet, CERTIFICATES)
    assert [*sheet.certificates] == [certificate]
    assert _names(sheet, LISTENERS) == [
        "bsc-listener-443-shop.example.com",
        "bsc-listener-80-shop.example.com",
    ]
    assert "sslProfiles/p" in _text(sheet.children[LISTENERS])
    assert "listener-443" in _text(sheet.children[REDIRECTS])
    assert "bsc-redirect-443" in _text(sheet.children[RULES])


def test_a_certificate_and_a_port_of_others_are_referred_to() -> None:
    sheet = _write(
        "{annotations: {appgw-ssl-certificate: wild}}",
        "facts: {certificates: [Wild], ports: {443: theirs}}",
    )

    assert _names(sheet, CERTIFICATES) == _names(sheet, PORTS) == []
    assert "sslCertificates/Wild" in _text(sheet.children[LISTENERS])
    assert "frontendPorts/theirs" in _text(sheet.children[LISTENERS])


def test_policy_and_rewrites_of_the_root_stand_at_listener_and_rule() -> None:
    policy = (
        "/subscriptions/1/resourceGroups/r/providers/Microsoft.Network/"
        "ApplicationGatewayWebApplicationFirewallPolicies/w"
    )
    sheet = _write(
        f"{{annotations: {{waf-policy-for-path: {policy}, rewrite-rule-set: h}}}}",
        "facts: {has_waf: true, rewrite_sets: [h]}",
    )

    assert policy in _text(sheet.children[LISTENERS])
    assert "rewriteRuleSets/h" in _text(sheet.children[RULES])


def test_a_host_for_any_name_has_a_listener_without_names() -> None:
    sheet = _write("{hosts: ['']}")

    assert "'hostNames': []" in _text(sheet.children[LISTENERS])


def test_a_group_without_a_listener_is_not_written() -> None:
    sheet = _write("{}", "facts: {listeners: [[public, 80, shop.example.com]]}")

    assert sheet.children == {}


def test_what_one_route_leads_to_can_be_had_alone() -> None:
    framed, sheet = _frame(f"{{{TWO}}}")

    write_route(framed, framed.group.routes[0], sheet)

    assert _names(sheet, RULES) == []
    assert len(_names(sheet, POOLS)) == 2
