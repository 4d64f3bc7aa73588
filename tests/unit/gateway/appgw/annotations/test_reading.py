from dataclasses import replace

import pytest

from bascule.gateway.appgw.annotations.reading import (
    EMPTY_IS_UNSET,
    KNOWN,
    PREFIX,
    REFUSING,
    ReadOptions,
    read_options,
)
from bascule.gateway.appgw.options import NO_OPTIONS, ProbeOptions, RouteOptions
from bascule.routing.cluster import rewrites

POLICY = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
    "/ApplicationGatewayWebApplicationFirewallPolicies/strict"
)
GOOD: dict[str, tuple[str, RouteOptions]] = {
    "appgw-ssl-certificate": ("wild", RouteOptions(certificate="wild")),
    "appgw-ssl-profile": ("strict", RouteOptions(ssl_profile="strict")),
    "appgw-trusted-root-certificate": ("one, two", RouteOptions(trusted_roots=("one", "two"))),
    "backend-hostname": ("Inner.test", RouteOptions(backend_host="inner.test")),
    "backend-path-prefix": ("/v1/", RouteOptions(backend_path="/v1/")),
    "backend-protocol": ("HTTPS", RouteOptions(backend_protocol="Https")),
    "connection-draining": ("true", RouteOptions(draining_s=30)),
    "cookie-based-affinity": ("1", RouteOptions(has_affinity=True)),
    "cookie-based-affinity-distinct-name": ("t", RouteOptions(has_affinity_name=True)),
    "health-probe-hostname": ("well.test", RouteOptions(probe=ProbeOptions(host="well.test"))),
    "health-probe-interval": ("9", RouteOptions(probe=ProbeOptions(interval_s=9))),
    "health-probe-path": ("/well*", RouteOptions(probe=ProbeOptions(path="/well"))),
    "health-probe-port": ("8081", RouteOptions(probe=ProbeOptions(port=8081))),
    "health-probe-status-codes": (
        "200-299, 401",
        RouteOptions(probe=ProbeOptions(status_codes=("200-299", "401"))),
    ),
    "health-probe-timeout": ("8", RouteOptions(probe=ProbeOptions(timeout_s=8))),
    "health-probe-unhealthy-threshold": (
        "7",
        RouteOptions(probe=ProbeOptions(unhealthy_threshold=7)),
    ),
    "hostname-extension": (
        "B.test, *.c.test,b.test,",
        RouteOptions(aliases=("b.test", "*.c.test")),
    ),
    "override-frontend-port": ("8443", RouteOptions(frontend_port=8443)),
    "request-timeout": ("90", RouteOptions(request_timeout_s=90)),
    "rewrite-rule-set": ("headers", RouteOptions(rewrite_set="headers")),
    "rewrite-rule-set-custom-resource": ("headers", RouteOptions(rewrite_name="headers")),
    "rule-priority": ("77", RouteOptions(priority=77)),
    "ssl-redirect": ("True", RouteOptions(ssl_redirect=True)),
    "use-private-ip": ("true", RouteOptions(is_private=True)),
    "waf-policy-for-path": (POLICY, RouteOptions(waf_policy=POLICY)),
}
WITH_ANOTHER = {"connection-draining-timeout"}
"""Those that mean nothing on their own."""


def _read(**texts: str) -> ReadOptions:
    return read_options({PREFIX + name.replace("_", "-"): text for name, text in texts.items()})


@pytest.mark.parametrize("name", sorted(GOOD))
def test_each_annotation_is_read(name: str) -> None:
    text, expected = GOOD[name]

    assert read_options({PREFIX + name: text}) == ReadOptions(options=expected)


def test_all_that_azures_controller_reads_is_known() -> None:
    assert GOOD.keys() | WITH_ANOTHER == KNOWN
    assert len(KNOWN) == 26


def test_an_ingress_without_annotations_asks_for_the_defaults() -> None:
    assert read_options({}) == read_options({"other/x": "y"}) == ReadOptions(options=NO_OPTIONS)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_value_that_cannot_be_read_is_told_and_refuses_where_the_default_would_show_more(
    name: str,
) -> None:
    found = read_options({PREFIX + name: "not/a value"})

    assert found.is_refused == (name in REFUSING)
    assert found.options == NO_OPTIONS
    assert found.faults[0].code == "AnnotationInvalid"
    assert PREFIX + name in found.faults[0].message
    effect = "no route of this Ingress is served" if found.is_refused else "default stays|left out"
    assert any(part in found.faults[0].message for part in effect.split("|"))


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_an_empty_value_is_nothing_or_a_fault_but_never_a_setting(name: str) -> None:
    found = read_options({PREFIX + name: ""})

    assert found.options == NO_OPTIONS
    assert bool(found.faults) == (name not in EMPTY_IS_UNSET)


def test_draining_lasts_as_long_as_is_asked_once_it_is_asked_for() -> None:
    both = _read(connection_draining="true", connection_draining_timeout="12")
    alone = _read(connection_draining_timeout="12")

    assert (both.options.draining_s, both.faults) == (12, ())
    assert alone.options.draining_s is None
    assert [fault.code for fault in alone.faults] == ["AnnotationWithoutEffect"]
    assert not alone.is_refused


def test_of_two_rewrites_the_custom_resource_is_applied_and_the_other_one_told() -> None:
    found = _read(rewrite_rule_set="there", rewrite_rule_set_custom_resource="headers")

    assert found.options == replace(NO_OPTIONS, rewrite_name="headers")
    assert [fault.code for fault in found.faults] == ["AnnotationWithoutEffect"]
    assert not found.is_refused


def test_the_rules_of_a_custom_resource_come_with_the_route() -> None:
    asked = {rewrites.ASKED: "headers", rewrites.NAME: "shop/headers", rewrites.RULES: "{}"}

    found = read_options(asked)

    assert found.options == replace(NO_OPTIONS, rewrite_name="shop/headers", rewrite_resource="{}")
    assert read_options({rewrites.RULES: "{}"}) == ReadOptions()


def test_more_than_five_further_hosts_are_all_kept() -> None:
    names = [f"h{number}.test" for number in range(12)]

    assert _read(hostname_extension=",".join(names)).options.aliases == tuple(names)


def test_a_host_that_is_none_is_left_out_on_its_own() -> None:
    found = _read(hostname_extension="good.test,bad_host,shop?.test")

    assert found.options.aliases == ("good.test",)
    assert len(found.faults) == 2
    assert "'bad_host'" in found.faults[0].message


def test_a_name_that_is_not_known_is_told_with_the_nearest_one() -> None:
    found = read_options({PREFIX + "ssl-redirct": "true", "appgw.ingress.istio.io/v1alpha3": "x"})

    assert [fault.code for fault in found.faults] == ["AnnotationUnknown"] * 2
    assert f"did you mean {PREFIX}ssl-redirect?" in found.faults[0].message
    assert "Istio" in found.faults[1].message
    assert not found.is_refused
    assert "did you mean" not in read_options({PREFIX + "qqqq": ""}).faults[0].message
