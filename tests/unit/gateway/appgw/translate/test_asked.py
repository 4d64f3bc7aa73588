"""Annotations and neutral settings together; what is not there is refused."""

import pytest

from bascule.gateway.appgw.translate.asked import Asked, find_name, find_root, read_route
from bascule.gateway.appgw.translate.sheet import Site
from bascule.routing.model import Problem
from tests.support.appgw_tables import read_case

POLICY = (
    "/subscriptions/1/resourceGroups/r/providers/Microsoft.Network/"
    "ApplicationGatewayWebApplicationFirewallPolicies/w"
)
SERVICES = "services: {web: {blue: ['10.0.0.1:80']}}"


def _ask(ingress: str, more: str = "") -> tuple[list[Asked], list[Problem]]:
    settings, table, facts = read_case(f"ingresses: [{ingress}]\n{SERVICES}\n{more}")
    (host,) = table.routes.hosts
    found = [read_route(host, route, Site(settings, facts)) for route in host.routes]
    return [asked for asked, _ in found], [each for _, told in found for each in told]


def _refusal(annotations: str, more: str = "") -> set[str]:
    (asked,), problems = _ask(f"{{in: [blue], annotations: {{{annotations}}}}}", more)
    assert asked.is_refused is bool(problems)
    return {each.code for each in problems}


@pytest.mark.parametrize(
    ("annotations", "code", "there"),
    [
        ("appgw-ssl-certificate: c", "CertificateNotOnGateway", "certificates: [C]"),
        ("appgw-ssl-profile: p", "SslProfileNotOnGateway", "ssl_profiles: [P]"),
        ("appgw-trusted-root-certificate: r", "TrustedRootNotOnGateway", "trusted_roots: [R]"),
        ("rewrite-rule-set: s", "RewriteSetNotOnGateway", "rewrite_sets: [S]"),
        (f"waf-policy-for-path: {POLICY}", "NoFirewall", "has_waf: true"),
    ],
)
def test_what_is_not_on_the_gateway_is_refused_and_what_is_there_is_found_in_any_case(
    annotations: str, code: str, there: str
) -> None:
    assert _refusal(annotations) == {code}
    assert _refusal(annotations, f"facts: {{{there}}}") == set()


def test_a_private_frontend_must_be_there_whoever_asks_for_it() -> None:
    none = "facts: {private_frontend: ''}"

    assert _refusal("use-private-ip: true") == set()
    assert _refusal("use-private-ip: true", none) == {"NoPrivateFrontend"}
    assert _refusal("", f"{none}\nsettings: {{use_private_frontend: true}}") == {
        "NoPrivateFrontend"
    }


def test_a_redirect_needs_tls() -> None:
    assert _refusal("ssl-redirect: true") == {"RedirectWithoutTls"}
    (asked,), problems = _ask("{annotations: {ssl-redirect: true}, tls: t}", "secrets: [t]")
    assert (asked.has_redirect, problems) == (True, [])


def test_rewrite_rules_must_be_there_and_readable() -> None:
    annotation = "rewrite-rule-set-custom-resource: r"
    resource = (
        "objects: [{apiVersion: appgw.ingress.azure.io/v1beta1, "
        "kind: AzureApplicationGatewayRewrite, metadata: {name: r, namespace: shop}, "
        "spec: {rewriteRules: [{actions: {}}]}}]"
    )

    assert _refusal(annotation) == {"RewriteNotFound"}
    assert _refusal(annotation, resource) == {"RewriteInvalid"}


def test_an_ingress_that_cannot_be_read_is_refused_with_its_faults() -> None:
    assert _refusal("use-private-ip: maybe") == {"AnnotationInvalid"}


def test_a_path_that_the_gateway_cannot_be_told_is_left_out() -> None:
    (asked,), problems = _ask("{in: [blue], paths: [{path: '/a*b', kind: Exact}]}")

    assert (asked.is_path_known, asked.is_refused) == (False, True)
    assert [each.code for each in problems] == ["PathNotServable"]


@pytest.mark.parametrize(
    ("annotations", "timeout_s"),
    [
        ("", 30),
        ("bascule.dev/timeout: 90s", 90),
        ("bascule.dev/timeout: 1500ms", 2),
        ("bascule.dev/timeout: 1ms", 1),
        ("bascule.dev/timeout: 90s, request-timeout: 20", 20),
    ],
)
def test_the_gateways_own_timeout_decides_over_the_neutral_one(
    annotations: str, timeout_s: int
) -> None:
    (asked,), _ = _ask(f"{{annotations: {{{annotations}}}}}")

    assert asked.timeout_s == timeout_s


@pytest.mark.parametrize(
    ("annotations", "draining_s"),
    [
        ("", 30),
        ("connection-draining: false", None),
        ("connection-draining: true, connection-draining-timeout: 60", 60),
    ],
)
def test_connections_are_drained_unless_somebody_says_no(
    annotations: str, draining_s: int | None
) -> None:
    (asked,), _ = _ask(f"{{annotations: {{{annotations}}}}}")

    assert asked.draining_s == draining_s


@pytest.mark.parametrize(("annotations", "expected"), [("", True), ("ssl-redirect: false", False)])
def test_tls_hosts_redirect_unless_the_annotation_says_no(
    annotations: str, *, expected: bool
) -> None:
    (asked,), _ = _ask(f"{{annotations: {{{annotations}}}, tls: t}}", "secrets: [t]")

    assert asked.has_redirect is expected


def test_the_root_is_the_prefix_before_the_exact_one() -> None:
    paths = "paths: [{path: /, kind: Exact}, {path: /}, {path: /a}]"
    asked, _ = _ask(f"{{{paths}}}")

    root = find_root(asked)

    assert root is not None
    assert (root.where, root.route.match.kind) == ("shop.example.com/", "Prefix")
    assert find_root(asked[:1]) is None


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ("bascule.dev/retries: 3", ["RetriesNotPossible"]),
        ("bascule.dev/retries: 0", []),
        ("bascule.dev/affinity: header, bascule.dev/affinity-name: user", ["AffinityNotPossible"]),
    ],
)
def test_neutral_settings_that_have_no_effect_are_told(
    annotations: str, expected: list[str]
) -> None:
    (asked,), problems = _ask(f"{{in: [blue], annotations: {{{annotations}}}}}")

    assert [each.code for each in problems] == expected
    assert not asked.is_refused


def test_names_are_found_in_any_case() -> None:
    assert find_name({"Wild", "other"}, "wild") == "Wild"
    assert find_name(set(), "wild") is None
