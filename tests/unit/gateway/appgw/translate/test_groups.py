"""Routes of a host by frontend, port and certificate, and who decides where they differ."""

from dataclasses import replace

from bascule.gateway.appgw.translate.groups import Group, HostPlan, plan_host
from bascule.gateway.appgw.translate.sheet import Site
from bascule.routing.model import Host
from tests.support.appgw_tables import read_case

SERVICES = "services: {web: {blue: ['10.0.0.1:80']}}\nsecrets: [t]\nwithout: [green]"


def _plan(ingresses: str, more: str = "", *, host: str = "shop.example.com") -> HostPlan:
    settings, table, facts = read_case(f"ingresses: [{ingresses}]\n{SERVICES}\n{more}")
    found = next(each for each in table.routes.hosts if each.name == host)
    return plan_host(found, Site(settings, facts))


def _places(plan: HostPlan) -> list[tuple[str, int, bool]]:
    return [(each.frontend, each.port, each.is_tls) for each in plan.groups]


def _paths(group: Group) -> list[str]:
    return [asked.route.match.path for asked in group.routes]


def _codes(plan: HostPlan) -> list[str]:
    return [each.code for each in plan.problems]


def test_a_host_is_served_at_the_usual_port_of_the_public_frontend() -> None:
    assert _places(_plan("{}")) == [("public", 80, False)]
    assert _places(_plan("{tls: t}")) == [("public", 443, True)]


def test_ingresses_that_ask_for_other_places_are_served_there_tls_first() -> None:
    plan = _plan(
        "{}, {name: b, paths: [{path: /b}], annotations: {override-frontend-port: 8080}}, "
        "{name: c, paths: [{path: /c}], annotations: {use-private-ip: true}}, "
        "{name: d, paths: [{path: /d}], annotations: {appgw-ssl-certificate: wild}}",
        "facts: {certificates: [Wild]}",
    )

    assert _places(plan) == [
        ("public", 443, True),
        ("public", 80, False),
        ("public", 8080, False),
        ("private", 80, False),
    ]
    assert [_paths(group) for group in plan.groups] == [["/d"], ["/"], ["/b"], ["/c"]]
    assert plan.groups[0].certificate == "Wild"


def test_a_gateway_with_a_private_frontend_alone_uses_that() -> None:
    (group,) = _plan(
        "{}, {name: b, paths: [{path: /b}], annotations: {use-private-ip: true}}",
        "facts: {public_frontend: ''}",
    ).groups

    assert (group.frontend, group.is_private) == ("private", True)
    assert _paths(group) == ["/b", "/"]


def test_a_gateway_without_frontends_serves_nobody() -> None:
    plan = _plan("{}", "facts: {public_frontend: '', private_frontend: ''}")

    assert (plan.groups, _codes(plan)) == ((), ["NoFrontend"])


def test_all_listeners_are_private_where_gateway_yaml_says_so() -> None:
    assert _places(_plan("{}", "settings: {use_private_frontend: true}")) == [
        ("private", 80, False)
    ]


def test_a_tls_host_without_a_certificate_is_not_served() -> None:
    plan = _plan("{tls: gone}")

    assert (plan.groups, _codes(plan)) == ((), ["TlsHostNotServed"])


def test_a_certificate_of_the_gateway_stands_in_for_a_missing_secret() -> None:
    plan = _plan(
        "{tls: gone, annotations: {appgw-ssl-certificate: wild}}, "
        "{name: b, tls: gone, paths: [{path: /b}]}",
        "facts: {certificates: [wild]}",
    )

    assert _places(plan) == [("public", 443, True)]
    assert [_paths(group) for group in plan.groups] == [["/b", "/"]]


def test_a_secret_outranks_a_certificate_of_the_gateway() -> None:
    (group,) = _plan("{tls: t, annotations: {appgw-ssl-certificate: gone}}").groups

    assert getattr(group.certificate, "secret", "") == "t"


def test_a_place_whose_routes_are_all_refused_is_not_opened() -> None:
    plan = _plan("{annotations: {rewrite-rule-set: gone}}")

    assert (plan.groups, _codes(plan)) == ((), ["RewriteSetNotOnGateway"])


def test_the_first_ingress_by_name_decides_over_the_listener_and_others_are_told() -> None:
    plan = _plan(
        "{name: b, tls: t, annotations: {appgw-ssl-profile: two, rule-priority: 2}}, "
        "{name: a, tls: t, paths: [{path: /a}], "
        "annotations: {appgw-ssl-profile: one, rule-priority: 1}}",
        "facts: {ssl_profiles: [one, two]}",
    )

    (group,) = plan.groups
    assert (group.ssl_profile, group.priority) == ("one", 1)
    assert {(each.name, each.code) for each in plan.problems} == {("b", "ListenerSettingsDiffer")}


def test_one_ingress_that_redirects_makes_the_host_redirect() -> None:
    plan = _plan(
        "{tls: t, annotations: {ssl-redirect: false}}, "
        "{name: b, tls: t, paths: [{path: /b}], annotations: {ssl-redirect: true}}"
    )

    assert plan.groups[0].has_redirect


def test_the_policy_of_the_root_is_that_of_the_listener() -> None:
    policy = (
        "/subscriptions/1/resourceGroups/r/providers/Microsoft.Network/"
        "ApplicationGatewayWebApplicationFirewallPolicies/w"
    )
    asked = f"annotations: {{waf-policy-for-path: {policy}}}"

    (root,) = _plan(f"{{{asked}}}", "facts: {has_waf: true}").groups
    (path,) = _plan(f"{{{asked}, paths: [{{path: /a}}]}}", "facts: {has_waf: true}").groups

    assert (root.waf_policy, path.waf_policy) == (policy, "")


def test_further_names_lead_to_the_routes_that_ask_for_them() -> None:
    plan = _plan(
        "{annotations: {hostname-extension: 'all.test, one.test, shop.example.com'}}, "
        "{name: b, paths: [{path: /b}], annotations: {hostname-extension: 'all.test, b.test'}}, "
        "{name: c, paths: [{path: /c}], annotations: {rewrite-rule-set: gone}}"
    )

    assert [(group.names, _paths(group)) for group in plan.groups] == [
        (("shop.example.com", "all.test"), ["/b", "/c", "/"]),
        (("b.test",), ["/b", "/c"]),
        (("one.test",), ["/c", "/"]),
    ]
    assert [group.probe_host for group in plan.groups] == ["shop.example.com", "b.test", "one.test"]


def test_a_wildcard_is_probed_under_an_exact_name_if_it_has_one() -> None:
    exact = "{hosts: ['*.example.com'], annotations: {hostname-extension: a.test}}"

    (named,) = _plan(exact, host="*.example.com").groups
    (unnamed,) = _plan("{hosts: ['*.example.com']}", host="*.example.com").groups

    assert (named.probe_host, unnamed.probe_host) == ("a.test", "localhost")


def test_only_hosts_that_the_gateway_may_serve_are_served() -> None:
    may = "settings: {hosts: ['*.example.com', exact.test]}"
    asked = "annotations: {hostname-extension: 'a.example.com, other.test'}"

    allowed = _plan(f"{{{asked}}}", may)
    refused = _plan("{hosts: [shop.test]}", may, host="shop.test")

    assert allowed.groups[0].names == ("shop.example.com", "a.example.com")
    assert _codes(allowed) == ["HostNotAllowed"]
    assert (refused.groups, _codes(refused)) == ((), ["HostNotAllowed"])


def test_a_preview_has_no_names_of_its_host_and_is_probed_as_it_is() -> None:
    settings, table, facts = read_case(
        "ingresses: [{annotations: {hostname-extension: a.test, rule-priority: 3, bad: x}}]\n"
        f"{SERVICES}"
    )
    (host,) = table.routes.hosts
    shown: Host = replace(host, name="p.test")

    plan = plan_host(shown, Site(settings, facts), preview_of=host)

    (group,) = plan.groups
    assert (group.names, group.priority, plan.problems) == (("p.test",), None, ())
    assert group.probe_host == "shop.example.com"


def test_what_other_hosts_depend_on_is_the_claim() -> None:
    one, other = _plan("{}"), _plan("{paths: [{path: /x}, {path: /}]}")

    assert one.claims == _plan("{}").claims
    assert one.claims != other.claims
    assert one.groups[0].report("Code", "text")[0].name == "shop"
