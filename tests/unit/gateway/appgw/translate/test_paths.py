"""Path maps: each path once, the longest first, and nobody for what is refused."""

from bascule.gateway.appgw.part import REWRITES
from bascule.gateway.appgw.translate.asked import read_route
from bascule.gateway.appgw.translate.backends import TO_BLUE, Backends
from bascule.gateway.appgw.translate.paths import Paths, build_path_map, plan_paths, put_rewrite
from bascule.gateway.appgw.translate.sheet import Sheet, Site
from bascule.routing.weights import Weights
from tests.support.appgw_tables import read_case

BLUE = Weights(10_000)


def _plan(paths: str, more: str = "", annotations: str = "") -> tuple[Paths, Sheet]:
    settings, table, facts = read_case(
        f"ingresses: [{{paths: [{paths}], annotations: {{{annotations}}}}}]\n"
        f"services: {{web: {{blue: ['10.0.0.1:80']}}}}\nwithout: [green]\n{more}"
    )
    (host,) = table.routes.hosts
    sheet = Sheet(Site(settings, facts))
    asked = [read_route(host, route, sheet.site)[0] for route in host.routes]
    return plan_paths(asked, sheet), sheet


def _lines(paths: Paths) -> list[tuple[str, ...]]:
    return [rule.paths for rule in paths.rules]


def _codes(sheet: Sheet) -> list[str]:
    return [each.code for each in sheet.problems]


def test_a_prefix_is_two_paths_and_an_exact_one_takes_one_of_them_away() -> None:
    paths, _ = _plan("{path: /}, {path: /a}, {path: /a, kind: Exact}, {path: /a/b}")

    assert _lines(paths) == [("/a/b", "/a/b/*"), ("/a",), ("/a/*",)]
    assert paths.root is not None


def test_paths_that_differ_by_case_are_one_for_the_gateway() -> None:
    paths, sheet = _plan("{path: /Foo}, {path: /foo}, {path: /foo, kind: Exact}")

    assert _lines(paths) == [("/foo",), ("/Foo/*",)]
    assert _codes(sheet) == ["PathsDifferByCase", "PathsDifferByCase"]


def test_an_exact_root_widens_unless_a_prefix_is_there() -> None:
    widened, told = _plan("{path: /, kind: Exact}")
    shadowed, also_told = _plan("{path: /, kind: Exact}, {path: /}")

    assert (widened.rules, shadowed.rules) == ((), ())
    assert widened.root is not None
    assert _codes(told) == _codes(also_told) == ["PathWidened"]


def test_a_path_with_a_star_is_left_out() -> None:
    paths, _ = _plan("{path: '/a*', kind: Exact}, {path: /b}")

    assert _lines(paths) == [("/b", "/b/*")]


def test_paths_beyond_the_limit_are_nobodys_and_the_longest_are_served() -> None:
    many = ", ".join(f"{{path: /{'x' * n}}}" for n in range(1, 5))

    paths, sheet = _plan(many, "settings: {limits: {path_rules_a_map: 3}}")

    assert [rule.asked.is_refused for rule in paths.rules] == [False, False, True]
    assert paths.rules[-1].paths == ("/xx", "/xx/*", "/x", "/x/*")
    assert _codes(sheet) == ["TooManyPaths", "TooManyPaths"]


def test_without_a_root_all_else_is_nobodys() -> None:
    paths, sheet = _plan("{path: /a}", "settings: {limits: null}")

    found = build_path_map(paths, BLUE, Backends(sheet, TO_BLUE, "a.test"), sheet)

    assert str(found["defaultBackendAddressPool"]).endswith("/bsc-none'}")
    assert "defaultRewriteRuleSet" not in found


def test_policies_and_rewrites_stand_at_the_paths() -> None:
    policy = (
        "/subscriptions/1/resourceGroups/r/providers/Microsoft.Network/"
        "ApplicationGatewayWebApplicationFirewallPolicies/w"
    )
    paths, sheet = _plan(
        "{path: /}, {path: /a}",
        "facts: {has_waf: true, rewrite_sets: [Headers]}",
        f"waf-policy-for-path: {policy}, rewrite-rule-set: headers",
    )

    found = build_path_map(paths, BLUE, Backends(sheet, TO_BLUE, "a.test"), sheet)

    assert str(found["defaultRewriteRuleSet"]).endswith("/Headers'}")
    assert str(found["pathRules"]).count(policy) == 1
    assert str(found["pathRules"]).count("/rewriteRuleSets/Headers") == 1


def test_the_rules_of_a_custom_resource_are_written_down() -> None:
    paths, sheet = _plan(
        "{path: /}",
        "objects: [{apiVersion: appgw.ingress.azure.io/v1beta1, "
        "kind: AzureApplicationGatewayRewrite, metadata: {name: r, namespace: shop}, spec: "
        "{rewriteRules: [{actions: {requestHeaderConfigurations: [{headerName: A}]}}]}}]",
        "rewrite-rule-set-custom-resource: r",
    )

    assert put_rewrite(paths.root, sheet) is not None
    (name,) = sheet.children[REWRITES]
    assert name.startswith("bsc-rewrite-shop-r_")
    assert put_rewrite(None, sheet) is None
