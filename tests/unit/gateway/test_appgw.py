"""What Azure's ingress controller gets wrong, and the translation does not.

Each test is named in docs/reference/agic.md, which says what the fault is.
"""

import json
import random
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from bascule.gateway.appgw.merge import is_same, merge, read_facts
from bascule.gateway.appgw.part import COLLECTIONS, LISTENERS, POOLS, Facts, Part
from bascule.gateway.appgw.pfx import Pfx
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.ownership import Owns
from bascule.ids import Cluster
from bascule.manifest.objects import Metadata, TlsSecret
from bascule.routing.build import build_routes
from bascule.routing.documents import whole_split
from bascule.routing.model import RoutingTable
from tests.support.agic_document import build_agic_gateway
from tests.support.gateway_parts import FACTS, GATEWAY, OPTIONS, SETTINGS_OF, Seen, translate
from tests.support.manifests import endpoints, ingress, pod, rewrite, service, snapshot
from tests.support.routing_worlds import certificate_pair

HOST = "shop.example.com"
OTHER = "cart.example.com"
BACKED = (service(), endpoints("10.0.0.1"))
TLS = f"tls: [{{hosts: [{HOST}], secretName: cert}}]"
SECRET = TlsSecret(
    meta=Metadata(namespace="shop", name="cert"), pair=certificate_pair("p", year=2030)
)
POLICY = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
    "/ApplicationGatewayWebApplicationFirewallPolicies/strict"
)


def _asked(**annotations: str) -> str:
    """Return annotations of Azure's controller as YAML."""
    names = {
        f"appgw.ingress.kubernetes.io/{k.replace('_', '-')}": v for k, v in annotations.items()
    }
    return json.dumps(names)


def _children(seen: Seen) -> str:
    return json.dumps({name: seen.of(name) for name in COLLECTIONS}, sort_keys=False)


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["id"]] if isinstance(value.get("id"), str) else []
        return own + [found for each in value.values() for found in _references(each)]
    return (
        [found for each in value for found in _references(each)] if isinstance(value, list) else []
    )


def _dangling(seen: Seen) -> list[str]:
    """Return references to children of ours that are not there."""
    there = {f"{GATEWAY}/{kind}/{name}" for kind in COLLECTIONS for name in seen.of(kind)}
    found = _references([seen.of(kind) for kind in COLLECTIONS])
    return [each for each in found if "/bsc-" in each and each not in there]


# Probes


def test_two_hosts_of_one_service_have_a_probe_each() -> None:
    cart = ingress("cart", host=OTHER)

    seen = translate(ingress(), cart, *BACKED)

    assert {seen.probe_of(seen.rule_of(host))["host"] for host in (HOST, OTHER)} == {HOST, OTHER}


def test_the_order_of_events_changes_nothing() -> None:
    objects = [
        ingress(),
        ingress("cart", host=OTHER, path="/cart"),
        service(),
        endpoints("10.0.0.1", "10.0.0.2", pods=("a", "b")),
        pod("a", probe="path: /old, port: 8080"),
        pod("b", probe="path: /new, port: 8080"),
    ]
    rng = random.Random(7)  # noqa: S311 - an order, not a secret

    outcomes = {_children(translate(*rng.sample(objects, len(objects)))) for _ in range(20)}

    assert len(outcomes) == 1


def test_what_most_pods_ask_is_probed_whichever_is_listed_first() -> None:
    behind = endpoints("10.0.0.1", "10.0.0.2", "10.0.0.3", pods=("a", "b", "c"))
    pods = [
        pod("a", probe="path: /old, port: 8080"),
        pod("b", probe="path: /new, port: 8080"),
        pod("c", probe="path: /new, port: 8080"),
    ]

    paths = {
        translate(ingress(), service(), behind, *order).probes[0]["path"]
        for order in permutations(pods)
    }

    assert paths == {"/new"}


def test_a_probe_is_that_of_the_pods_with_its_named_port_and_host_header() -> None:
    asked = "path: /ready, port: admin, httpHeaders: [{name: Host, value: inner.test}]"
    behind = endpoints("10.0.0.1", pods=("a",))
    port = "containerPort: 8080}, {name: admin, containerPort: 9000"

    seen = translate(ingress(), service(), behind, pod("a", probe=asked, port=port))

    (probe,) = seen.probes
    assert (probe["path"], probe["port"], probe["host"]) == ("/ready", 9000, "inner.test")


def test_an_annotation_decides_over_the_pods_and_the_rest_stays_theirs() -> None:
    behind = endpoints("10.0.0.1", pods=("a",))
    probing = pod("a", probe="path: /ready, port: 9000")
    asked = ingress(annotations=_asked(health_probe_path="/well", health_probe_interval="9"))

    (probe,) = translate(asked, service(), behind, probing).probes

    assert (probe["path"], probe["interval"], probe["port"]) == ("/well", 9, 9000)


def test_a_threshold_of_the_pods_is_what_the_gateway_takes() -> None:
    text = pod("a", probe="port: 8080").replace("httpGet", "failureThreshold: 99, httpGet")

    (probe,) = translate(ingress(), service(), endpoints("10.0.0.1", pods=("a",)), text).probes

    assert probe["unhealthyThreshold"] == 20


# Backends and ports


def test_only_ready_endpoints_of_all_slices_are_in_the_pool_in_the_order_of_numbers() -> None:
    slices = (
        endpoints("10.0.1.10", name="one"),
        endpoints("10.0.1.9", name="two"),
        endpoints("10.0.1.1", name="three", conditions="ready: false"),
        endpoints("10.0.1.2", name="four", conditions="ready: true, terminating: true"),
    )

    seen = translate(ingress(), service(), *slices)

    assert seen.addresses(seen.rule_of(HOST)) == ["10.0.1.9", "10.0.1.10"]


def test_a_pool_holds_more_than_a_thousand_addresses() -> None:
    many = [f"10.1.{n // 250}.{n % 250 + 1}" for n in range(1_100)]

    seen = translate(ingress(), service(), endpoints(*many))

    assert len(seen.addresses(seen.rule_of(HOST))) == 1_100


@pytest.mark.parametrize(
    ("objects", "code"),
    [
        ((), "ServiceNotFound"),
        (
            (service(spec="ports: [{port: 8080, name: http}]"), endpoints("10.0.0.1")),
            "ServicePortNotFound",
        ),
        ((service(spec="type: ExternalName, externalName: a.test"),), "ExternalNameRefused"),
        (
            (service(), endpoints("10.0.0.1", conditions="ready: false, serving: false")),
            "NoReadyEndpoint",
        ),
    ],
    ids=["service", "port", "external", "endpoints"],
)
def test_a_path_that_nobody_answers_is_told_and_the_others_are_served(
    objects: tuple[str, ...], code: str
) -> None:
    api = (service("api"), endpoints("10.0.0.9", service="api"))

    seen = translate(ingress(), ingress("api", host=OTHER, service="api"), *objects, *api)

    assert code in seen.codes
    assert seen.addresses(seen.rule_of(HOST)) == []
    assert seen.addresses(seen.rule_of(OTHER)) == ["10.0.0.9"]


def test_a_service_of_the_same_name_in_another_namespace_changes_nothing() -> None:
    before = translate(ingress(), *BACKED)
    strangers = (text.replace("namespace: shop", "namespace: else") for text in BACKED)

    after = translate(ingress(), *BACKED, *strangers)

    assert _children(after) == _children(before)


# Default backends


ONLY_DEFAULT = """
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: all, namespace: shop}
spec:
  ingressClassName: bascule
  defaultBackend: {service: {name: web, port: {number: 80}}}
"""


def test_an_ingress_with_a_default_backend_only_is_led_to_the_port_of_its_pods() -> None:
    seen = translate(ONLY_DEFAULT, *BACKED)

    rule = seen.rule_of("*")
    assert seen.reached(rule)["port"] == 8080
    assert seen.addresses(rule) == ["10.0.0.1"]
    assert seen.probe_of(rule)["path"] == "/"


def test_endpoints_of_a_default_backend_are_followed() -> None:
    seen = translate(ONLY_DEFAULT, service(), endpoints("10.0.0.7"))

    assert seen.addresses(seen.rule_of("*")) == ["10.0.0.7"]


def test_of_two_default_backends_of_a_host_the_oldest_serves_and_the_other_is_told() -> None:
    default = "defaultBackend: {{service: {{name: {}, port: {{number: 80}}}}}}"
    old = ingress("old", path="/a", more=default.format("web"))
    new = ingress("new", path="/b", more=default.format("api"), created="2026-02-01T00:00:00Z")
    api = (service("api"), endpoints("10.0.0.9", service="api"))

    seen = translate(new, old, *BACKED, *api)

    path_map = seen.follow(seen.rule_of(HOST)["urlPathMap"])
    pool = seen.follow(path_map["defaultBackendAddressPool"])
    assert pool["backendAddresses"] == [{"ipAddress": "10.0.0.1"}]
    assert "DefaultBackendConflict" in seen.codes


def test_a_gateway_without_hosts_answers_that_nobody_is_there() -> None:
    seen = translate(service())

    assert list(seen.listeners) == [("*", 80)]
    assert seen.addresses(seen.rule_of("*")) == []


# Listeners, paths, priorities


def test_a_redirect_with_a_port_of_its_own_keeps_tls_and_leads_there() -> None:
    asked = _asked(ssl_redirect="true", override_frontend_port="8443")

    seen = translate(ingress(annotations=asked, more=TLS), *BACKED, SECRET)

    listener = seen.listeners[(HOST, 8443)]
    (redirect,) = seen.redirects
    assert listener["protocol"] == "Https"
    assert listener["sslCertificate"]
    assert seen.follow(redirect["targetListener"]) == listener
    assert "redirectConfiguration" in seen.rule_of(HOST, 80)
    assert seen.listeners[(HOST, 80)]["protocol"] == "Http"


def test_a_priority_with_a_redirect_is_given_once() -> None:
    asked = _asked(ssl_redirect="true", rule_priority="77")

    seen = translate(ingress(annotations=asked, more=TLS), *BACKED, SECRET)

    assert seen.priorities[f"{HOST}:443"] == 77
    assert len(set(seen.priorities.values())) == len(seen.priorities) == 2


@pytest.mark.parametrize("order", ["before", "after"])
def test_another_ingress_of_the_host_does_not_take_the_waf_policy_away(order: str) -> None:
    guarded = ingress("guarded", annotations=_asked(waf_policy_for_path=POLICY))
    name = "a" if order == "before" else "z"
    created = "2025-01-01T00:00:00Z" if order == "before" else "2027-01-01T00:00:00Z"
    plain = ingress(name, path="/plain", created=created)

    seen = translate(guarded, plain, *BACKED)

    assert seen.listeners[(HOST, 80)]["firewallPolicy"] == {"id": POLICY}


def test_a_prefix_is_matched_by_element() -> None:
    seen = translate(ingress(path="/bar"), *BACKED)

    assert seen.paths_of(HOST) == ["/bar", "/bar/*"]


def test_an_exact_root_answers_what_no_other_path_does_and_says_so() -> None:
    seen = translate(ingress(path_type="Exact"), *BACKED)

    assert seen.addresses(seen.rule_of(HOST)) == ["10.0.0.1"]
    assert "PathWidened" in seen.codes


def test_the_longest_path_comes_first_whatever_the_order_of_writing() -> None:
    short = ingress("short", path="/a", created="2025-01-01T00:00:00Z")
    long = ingress("long", path="/a/b/c")
    exact = ingress("exact", path="/a/b", path_type="Exact")

    assert translate(short, long, exact, *BACKED).paths_of(HOST) == [
        "/a/b/c",
        "/a/b/c/*",
        "/a/b",
        "/a",
        "/a/*",
    ]


def test_exact_hosts_come_before_wildcards_and_these_before_any() -> None:
    hosts = (HOST, "*.example.com", "*.com", "")
    texts = [ingress(f"i{n}", host=host) for n, host in enumerate(hosts)]

    found = translate(*texts, *BACKED).priorities

    assert sorted(found, key=found.__getitem__) == [
        f"{HOST}:80",
        "*.example.com:80",
        "*.com:80",
        "*:80",
    ]


def test_four_hundred_hosts_have_priorities_of_their_own_and_a_new_one_moves_none() -> None:
    texts = [ingress(f"i{n}", host=f"h{n}.test") for n in range(401)]
    wide = replace(SETTINGS_OF, limits=None)

    before = translate(*texts[:400], *BACKED, settings=wide).priorities
    after = translate(*texts, *BACKED, settings=wide).priorities

    assert len(set(after.values())) == 401
    assert max(after.values()) <= 20_000
    moved = [host for host, priority in before.items() if after[host] != priority]
    assert len(moved) <= 3


def test_more_than_five_host_names_are_all_served() -> None:
    names = [f"h{n}.test" for n in range(11)]

    seen = translate(ingress(annotations=_asked(hostname_extension=",".join(names))), *BACKED)

    listeners = seen.of(LISTENERS).values()
    assert {name for each in listeners for name in each["hostNames"]} == {HOST, *names}
    assert max(len(each["hostNames"]) for each in listeners) <= 5


# TLS


@pytest.mark.parametrize("redirect", ["true", "false"])
def test_a_missing_secret_never_means_plain_http(redirect: str) -> None:
    tls = ingress(more=TLS, annotations=_asked(ssl_redirect=redirect))

    seen = translate(tls, ingress("cart", host=OTHER), *BACKED)

    assert list(seen.listeners) == [(OTHER, 80)]
    assert {"CertificateMissing", "TlsHostNotServed"} <= seen.codes


def test_a_secret_that_goes_missing_leaves_the_last_good_certificate_in_place() -> None:
    before = translate(ingress(more=TLS), *BACKED, SECRET)

    after = translate(ingress(more=TLS), *BACKED, previous=before.routes)

    assert _children(after) == _children(before)
    assert after.part.certificates == before.part.certificates
    assert "CertificateMissing" in after.codes


def test_a_certificate_that_no_host_uses_any_more_is_not_in_the_part() -> None:
    assert translate(ingress(more=TLS), *BACKED, SECRET).part.certificates
    assert not translate(ingress(), *BACKED, SECRET).part.certificates


@pytest.mark.parametrize(
    "asked",
    [
        {"appgw_ssl_certificate": "absent"},
        {"appgw_ssl_profile": "absent"},
        {"appgw_trusted_root_certificate": "absent"},
        {"rewrite_rule_set": "absent"},
        {"rewrite_rule_set_custom_resource": "absent"},
        {"ssl_redirect": "true"},
        {"ssl_redirect": "yes"},
        {"use_private_ip": "yes"},
        {"waf_policy_for_path": "strict"},
        {"override_frontend_port": "99999"},
        {"backend_protocol": "ftp"},
    ],
    ids=lambda asked: "-".join(f"{k}={v}" for k, v in asked.items()),
)
def test_one_wrong_ingress_costs_its_own_routes_only(asked: dict[str, str]) -> None:
    facts = replace(FACTS, private_frontend="private")
    good = translate(ingress("cart", host=OTHER), *BACKED, facts=facts)

    seen = translate(ingress(annotations=_asked(**asked)), ingress("cart", host=OTHER), *BACKED)

    assert [p.name for p in seen.part.problems] == ["web"] * len(seen.part.problems) != []
    assert seen.rule_of(OTHER) == good.rule_of(OTHER)
    assert not any(host == HOST for host, _ in seen.listeners) or not seen.addresses(
        seen.rule_of(HOST)
    )
    assert _dangling(seen) == []


def test_without_a_private_frontend_nothing_private_is_shown_in_public() -> None:
    public = Facts(public_frontend="public")

    seen = translate(ingress(annotations=_asked(use_private_ip="true")), *BACKED, facts=public)

    assert "NoPrivateFrontend" in seen.codes
    assert all(not pool["backendAddresses"] for pool in seen.of(POOLS).values())


# Rewrites


def test_of_two_rewrites_one_is_applied_and_no_reference_dangles() -> None:
    asked = _asked(rewrite_rule_set="there", rewrite_rule_set_custom_resource="headers")
    rules = rewrite(
        spec="rewriteRules: [{name: one, ruleSequence: 7, actions: {responseHeaderConfigurations:"
        " [{actionType: delete, headerName: Server, headerValue: x}]}}]"
    )
    facts = replace(FACTS, rewrite_sets=frozenset({"there"}))

    seen = translate(ingress(annotations=asked), *BACKED, rules, facts=facts)

    (found,) = seen.rewrites
    (rule,) = found["rewriteRules"]
    (header,) = rule["actionSet"]["responseHeaderConfigurations"]
    assert seen.follow(seen.rule_of(HOST)["rewriteRuleSet"]) == found
    assert (rule["ruleSequence"], header["headerValue"]) == (7, "")
    assert "AnnotationWithoutEffect" in seen.codes
    assert _dangling(seen) == []


# Names, two clusters, other owners


def test_the_same_names_in_two_clusters_are_pools_of_their_own() -> None:
    green = (ingress(), service(), endpoints("10.9.0.1"))

    seen = translate(ingress(), *BACKED, green=green)

    pools = [pool for name, pool in seen.of(POOLS).items() if name != "bsc-none"]
    assert sorted(pool["backendAddresses"][0]["ipAddress"] for pool in pools) == [
        "10.0.0.1",
        "10.9.0.1",
    ]
    assert seen.addresses(seen.rule_of(HOST)) == ["10.0.0.1"]


def test_every_name_is_as_long_as_azure_takes_it_and_ours() -> None:
    long = "x" * 63
    secret = replace(SECRET, meta=Metadata(namespace="shop", name="y" * 200))
    tls = TLS.replace("cert", "y" * 200)
    texts = (
        ingress(service=long, path=f"/{'z' * 150}", more=tls),
        service(long),
        endpoints("10.0.0.1", service=long),
    )

    seen = translate(*texts, secret)

    names = [name for kind in COLLECTIONS for name in seen.of(kind)]
    assert all(name.startswith("bsc-") and len(name) <= 80 for name in names)
    assert _dangling(seen) == []


def test_a_host_that_somebody_else_serves_is_left_to_them() -> None:
    prohibited = f"""
---
apiVersion: appgw.ingress.k8s.io/v1
kind: AzureIngressProhibitedTarget
metadata: {{name: others, namespace: shop}}
spec: {{hostname: {OTHER}, paths: [/*]}}
"""
    theirs = replace(FACTS, listeners=frozenset({("public", 80, HOST)}))
    both = (ingress(), ingress("cart", host=OTHER), *BACKED)

    seen = translate(*both, prohibited, facts=theirs)

    assert list(seen.listeners) == [(OTHER, 80)]
    assert "HostTakenByOther" in seen.codes
    assert _children(seen) == _children(translate(*both, facts=theirs))


def test_a_table_that_is_translated_again_is_the_same_without_any_memory() -> None:
    objects = (ingress(more=TLS), *BACKED, SECRET)
    routes = build_routes({Cluster.BLUE: snapshot(*objects)}, options=OPTIONS)
    table = RoutingTable(routes=routes, split=whole_split(Cluster.BLUE))
    translator = Translator(SETTINGS_OF)

    first = translator.translate(table, FACTS)

    assert translator.translate(table, FACTS) == first
    assert Translator(SETTINGS_OF).translate(table, FACTS) == first


# The document around our part

OWNS = Owns(prefix="bsc-", owner="shop")
Body = dict[str, Any]


def _brownfield() -> Body:
    """Return a gateway with AGIC's children, a certificate, and what no SDK of 2021 knows."""
    body = build_agic_gateway(GATEWAY, subnet_id="/subnet", address_id="/address", cluster_id="c")
    certificate = {"name": "theirs", "properties": {"publicCertData": "MII"}}
    layer_4 = [{"name": "tcp", "properties": {"timeout": 7}}]
    unknown = {"backendSettingsCollection": layer_4, "newest": {"a": [1]}}
    body["properties"] |= {"sslCertificates": [certificate], **unknown}
    return {"id": GATEWAY, "etag": "one", "location": "somewhere", **body}


def _merged(body: Body, part: Part) -> Body:
    pfx = {name: Pfx(data="data", password="password") for name in part.certificates}
    return merge(body, part, OWNS, pfx=pfx, tags={"bascule-table": "0123456789abcdef"})


def test_what_is_not_ours_stays_byte_for_byte_fields_unknown_to_us_included() -> None:
    body = _brownfield()
    before = json.dumps(body)
    seen = translate(ingress("cart", host=OTHER), *BACKED, facts=read_facts(body, OWNS))

    after = _merged(body, seen.part)

    assert json.dumps(body) == before
    for name, value in body["properties"].items():
        kept = after["properties"][name]
        theirs = (
            [each for each in kept if not each["name"].startswith("bsc-")]
            if isinstance(kept, list)
            else kept
        )
        assert json.dumps(theirs) == json.dumps(value)
    assert body["tags"].items() < after["tags"].items()


def test_our_certificates_go_when_they_are_not_used_and_others_stay() -> None:
    body = _brownfield()
    facts = read_facts(body, OWNS)
    with_tls = _merged(body, translate(ingress(more=TLS), *BACKED, SECRET, facts=facts).part)

    without = _merged(with_tls, translate(ingress(), *BACKED, facts=facts).part)

    assert len(with_tls["properties"]["sslCertificates"]) == 2
    assert [each["name"] for each in without["properties"]["sslCertificates"]] == ["theirs"]


def test_a_restart_finds_its_document_the_same_though_azure_hides_certificates() -> None:
    body = _brownfield()
    objects = (ingress("cart", host=OTHER, more=TLS.replace(HOST, OTHER)), *BACKED, SECRET)
    seen = translate(*objects, facts=read_facts(body, OWNS))
    sent = _merged(body, seen.part)
    shown = json.loads(json.dumps(sent)) | {"etag": "two"}
    for each in shown["properties"]["sslCertificates"]:
        if each["properties"].pop("data", None):
            each["properties"] = {"publicCertData": "MII", "provisioningState": "Succeeded"}

    again = translate(*objects, facts=read_facts(shown, OWNS))

    assert is_same(shown, merge(shown, again.part, OWNS, pfx={}, tags={}))
