"""The translation as a whole: each annotation of Azure's controller, and what people miss in it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bascule.gateway.appgw.annotations.reading import KNOWN, PREFIX
from bascule.gateway.appgw.part import (
    LISTENERS,
    PATH_MAPS,
    POOLS,
    PORTS,
    PROBES,
    REDIRECTS,
    REWRITES,
    RULES,
    SETTINGS,
)
from bascule.gateway.appgw.settings import BackendsKind, LoadBalancer
from bascule.gateway.appgw.translate.translation import Translator
from bascule.ids import Cluster
from bascule.routing.documents import whole_split
from bascule.routing.incremental import Builder
from bascule.routing.model import RoutingTable
from tests.support.gateway_parts import FACTS, GATEWAY, OPTIONS, SETTINGS_OF, translate
from tests.support.manifests import endpoints, ingress, rewrite, service, snapshot

HOST = "shop.example.com"
BACKED = (service(), endpoints("10.0.0.1"))
HEADERS = rewrite(
    spec="rewriteRules: [{name: one, actions: {requestHeaderConfigurations:"
    " [{headerName: a, headerValue: b}]}}]"
)
THERE = replace(
    FACTS,
    certificates=frozenset({"wild"}),
    ssl_profiles=frozenset({"strict"}),
    trusted_roots=frozenset({"root"}),
    rewrite_sets=frozenset({"there"}),
)
POLICY = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
    "/ApplicationGatewayWebApplicationFirewallPolicies/strict"
)
DRAIN = {"enabled": True, "drainTimeoutInSec": 12}
EFFECTS: dict[str, tuple[dict[str, str], str, str, Any]] = {
    "appgw-ssl-certificate": ({}, LISTENERS, "sslCertificate", "sslCertificates/wild"),
    "appgw-ssl-profile": (
        {"appgw-ssl-certificate": "wild"},
        LISTENERS,
        "sslProfile",
        "sslProfiles/strict",
    ),
    "appgw-trusted-root-certificate": (
        {"backend-protocol": "https"},
        SETTINGS,
        "trustedRootCertificates",
        ["trustedRootCertificates/root"],
    ),
    "backend-hostname": ({}, SETTINGS, "hostName", "inner.test"),
    "backend-path-prefix": ({}, SETTINGS, "path", "/v1/"),
    "backend-protocol": ({}, SETTINGS, "protocol", "Https"),
    "connection-draining": (
        {"connection-draining-timeout": "12"},
        SETTINGS,
        "connectionDraining",
        DRAIN,
    ),
    "connection-draining-timeout": (
        {"connection-draining": "true"},
        SETTINGS,
        "connectionDraining",
        DRAIN,
    ),
    "cookie-based-affinity": ({}, SETTINGS, "cookieBasedAffinity", "Enabled"),
    "cookie-based-affinity-distinct-name": (
        {"cookie-based-affinity": "true"},
        SETTINGS,
        "affinityCookieName",
        "appgw-affinity-8c042be8841ca9ef9d69bea7ea6ae84c",
    ),
    "health-probe-hostname": ({}, PROBES, "host", "well.test"),
    "health-probe-interval": ({}, PROBES, "interval", 9),
    "health-probe-path": ({}, PROBES, "path", "/well"),
    "health-probe-port": ({}, PROBES, "port", 8081),
    "health-probe-status-codes": ({}, PROBES, "match", {"statusCodes": ["200-299", "401"]}),
    "health-probe-timeout": ({}, PROBES, "timeout", 8),
    "health-probe-unhealthy-threshold": ({}, PROBES, "unhealthyThreshold", 7),
    "hostname-extension": ({}, LISTENERS, "hostNames", [HOST, "more.test"]),
    "override-frontend-port": ({}, PORTS, "port", 8099),
    "request-timeout": ({}, SETTINGS, "requestTimeout", 90),
    "rewrite-rule-set": ({}, RULES, "rewriteRuleSet", "rewriteRuleSets/there"),
    "rewrite-rule-set-custom-resource": (
        {},
        REWRITES,
        "rewriteRules",
        [
            {
                "name": "one",
                "ruleSequence": 100,
                "conditions": [],
                "actionSet": {
                    "requestHeaderConfigurations": [{"headerName": "a", "headerValue": "b"}]
                },
            }
        ],
    ),
    "rule-priority": ({}, RULES, "priority", 77),
    "ssl-redirect": (
        {"appgw-ssl-certificate": "wild"},
        REDIRECTS,
        "targetListener",
        f"httpListeners/bsc-listener-443-{HOST}",
    ),
    "use-private-ip": (
        {},
        LISTENERS,
        "frontendIPConfiguration",
        "frontendIPConfigurations/private",
    ),
    "waf-policy-for-path": ({}, LISTENERS, "firewallPolicy", POLICY),
}
VALUES = {
    "appgw-ssl-certificate": "wild",
    "appgw-ssl-profile": "strict",
    "appgw-trusted-root-certificate": "root",
    "backend-hostname": "inner.test",
    "backend-path-prefix": "/v1/",
    "backend-protocol": "https",
    "connection-draining": "true",
    "connection-draining-timeout": "12",
    "cookie-based-affinity": "true",
    "cookie-based-affinity-distinct-name": "true",
    "health-probe-hostname": "well.test",
    "health-probe-interval": "9",
    "health-probe-path": "/well",
    "health-probe-port": "8081",
    "health-probe-status-codes": "200-299, 401",
    "health-probe-timeout": "8",
    "health-probe-unhealthy-threshold": "7",
    "hostname-extension": "more.test",
    "override-frontend-port": "8099",
    "request-timeout": "90",
    "rewrite-rule-set": "there",
    "rewrite-rule-set-custom-resource": "headers",
    "rule-priority": "77",
    "ssl-redirect": "true",
    "use-private-ip": "true",
    "waf-policy-for-path": POLICY,
}


def _shown(value: Any) -> Any:
    """Return a property with references to the gateway's children made short."""
    if isinstance(value, dict) and set(value) == {"id"}:
        return value["id"].removeprefix(f"{GATEWAY}/")
    return [_shown(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_each_annotation_has_its_effect_on_the_document(name: str) -> None:
    with_it, collection, key, expected = EFFECTS[name]
    asked = json.dumps({PREFIX + each: text for each, text in with_it.items()})
    more = json.dumps(
        {PREFIX + each: text for each, text in {**with_it, name: VALUES[name]}.items()}
    )

    before, after = (
        translate(ingress(annotations=each), *BACKED, HEADERS, facts=THERE)
        for each in (asked, more)
    )

    assert _has(after.of(collection), key, expected)
    assert not _has(before.of(collection), key, expected)
    assert after.part.problems == ()


def _has(children: dict[str, dict[str, Any]], key: str, expected: Any) -> bool:
    return any(_shown(child.get(key)) == expected for child in children.values())


def test_a_waf_policy_is_on_its_paths_and_not_on_those_of_others() -> None:
    guarded = ingress(
        "a", path="/guarded", annotations=json.dumps({f"{PREFIX}waf-policy-for-path": POLICY})
    )

    seen = translate(guarded, ingress("b", path="/open"), *BACKED)

    rules = seen.path_rules_of(HOST)
    assert rules["/guarded"]["firewallPolicy"] == {"id": POLICY}
    assert "firewallPolicy" not in rules["/open"]
    assert "firewallPolicy" not in seen.listeners[(HOST, 80)]
    assert len(seen.of(PATH_MAPS)) == 1


def test_only_hosts_that_the_gateway_may_serve_are_served() -> None:
    settings = replace(SETTINGS_OF, hosts=("*.example.com",))

    seen = translate(ingress(), ingress("x", host="else.test"), *BACKED, settings=settings)

    assert list(seen.listeners) == [(HOST, 80)]
    assert "HostNotAllowed" in seen.codes


def test_one_address_a_cluster_may_stand_for_its_pods() -> None:
    balancers = {Cluster.BLUE: LoadBalancer(address="10.0.9.9", probe_path="/well")}
    settings = replace(SETTINGS_OF, backends=BackendsKind.LOAD_BALANCER, load_balancers=balancers)

    seen = translate(ingress(), *BACKED, settings=settings)

    assert seen.addresses(seen.rule_of(HOST)) == ["10.0.9.9"]
    assert seen.probe_of(seen.rule_of(HOST))["path"] == "/well"


def test_a_changed_endpoint_costs_its_own_host_only() -> None:
    hosts = [ingress(f"i{n}", host=f"h{n}.test", service=f"s{n}") for n in range(30)]
    services = [service(f"s{n}") for n in range(30)]
    slices = [endpoints(f"10.0.0.{n + 1}", service=f"s{n}") for n in range(30)]
    builder, translator = Builder(OPTIONS), Translator(SETTINGS_OF)
    before, after = (
        translator.translate(
            RoutingTable(
                routes=builder.build({Cluster.BLUE: snapshot(*hosts, *services, *slices, more)}),
                split=whole_split(Cluster.BLUE),
            ),
            FACTS,
        )
        for more in ("", endpoints("10.0.0.99", service="s7", name="s7-2"))
    )

    changed = {
        (kind, name)
        for kind, children in after.children.items()
        for name, child in children.items()
        if before.children[kind].get(name) is not child
    }
    assert (POOLS, "bsc-pool-blue_shop_s7_http") in changed
    assert all("s7" in name or "h7" in name for kind, name in changed if kind != PORTS)


def test_all_listeners_may_be_on_the_private_frontend() -> None:
    settings = replace(SETTINGS_OF, use_private_frontend=True)

    seen = translate(ingress(), ingress("x", host="else.test"), *BACKED, settings=settings)

    frontends = {_shown(each["frontendIPConfiguration"]) for each in seen.listeners.values()}
    assert frontends == {"frontendIPConfigurations/private"}


def test_the_prefix_is_that_of_every_name() -> None:
    settings = replace(SETTINGS_OF, prefix="other-")

    seen = translate(ingress(path="/a"), *BACKED, settings=settings)

    names = [name for children in seen.part.children.values() for name in children]
    assert names
    assert all(name.startswith("other-") for name in names)
