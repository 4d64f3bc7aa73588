from dataclasses import replace
from types import MappingProxyType

import pytest

from bascule.app.gateways.front import PROBE_HOST, Divided, Divider, Tier
from bascule.gateway.appgw.annotations.reading import PREFIX
from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Preview
from bascule.routing.certificates import Certificate
from bascule.routing.model import (
    BackendProtocol,
    Host,
    IngressRef,
    Route,
    RouteSet,
    RouteSettings,
    Severity,
)
from tests.support.tables import backend, host, route, route_set

TIER = Tier(listen="10.0.0.9", port=8080, addresses=("10.0.0.8", "10.0.0.7"))
POLICY = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
    "/ApplicationGatewayWebApplicationFirewallPolicies/p"
)


def asking(path: str = "/", *, service: str = "web", **annotations: str) -> Route:
    """Return a route whose Ingress has these annotations; `_` stands for `-`."""
    made = route(backend(Cluster.BLUE, service, 80), backend(Cluster.GREEN, service, 81), path=path)
    extensions = {PREFIX + name.replace("_", "-"): text for name, text in annotations.items()}
    source = IngressRef(Cluster.BLUE, "shop", f"{service}{path.replace('/', '-')}")
    return replace(made, extensions=MappingProxyType(extensions), sources=(source,))


def divide(*hosts: Host, arrangement: Arrangement = NOTHING_ARRANGED) -> Divided:
    return Divider(TIER).divide(route_set(hosts), arrangement)


def front_annotations(divided: Divided) -> dict[str, str]:
    (found,) = divided.front.hosts[0].routes
    return {name.removeprefix(PREFIX): text for name, text in found.extensions.items()}


def codes(divided: Divided) -> list[tuple[str, Severity]]:
    return [(each.code, each.severity) for each in divided.problems]


def test_in_front_every_host_leads_to_the_envoys_whole() -> None:
    divided = divide(host("a.com", asking("/x"), asking("/")), host("b.com", asking()))

    for each in divided.front.hosts:
        (only,) = each.routes
        assert only.match.path == "/"
        assert only.blue is not None
        assert [e.address for e in only.blue.endpoints] == ["10.0.0.7", "10.0.0.8"]
        assert only.blue.probe is not None
        assert (only.blue.probe.host, only.blue.probe.port) == (PROBE_HOST, 8080)
    assert len({each.routes[0].blue for each in divided.front.hosts}) == 1


def test_behind_tls_has_ended_and_all_routes_are_there() -> None:
    certificate = Certificate(b"chain", b"key")
    redirected = replace(asking("/x"), settings=RouteSettings(ssl_redirect=True))

    divided = divide(host("a.com", redirected, asking("/"), certificate=certificate, is_tls=True))

    (behind,) = divided.behind.hosts
    (front,) = divided.front.hosts
    assert (behind.is_tls, behind.certificate) == (False, None)
    assert [each.match.path for each in behind.routes] == ["/x", "/"]
    assert not behind.routes[0].settings.ssl_redirect
    assert front.is_tls
    assert front.certificate is not None
    assert front_annotations(divided)["ssl-redirect"] == "true"
    (listener,) = divided.behind.listeners
    assert (listener.address, listener.port, listener.is_tls) == ("10.0.0.9", 8080, False)


def test_what_changes_behind_changes_nothing_in_front() -> None:
    former = divide(host("a.com", asking("/")))
    more = divide(host("a.com", asking("/zoo", service="zoo"), asking("/")))

    assert former.behind.digest != more.behind.digest
    assert former.front.digest == more.front.digest


def test_a_host_that_is_the_same_object_is_not_divided_again() -> None:
    divider, known = Divider(TIER), host("a.com", asking())
    first = divider.divide(route_set([known]), NOTHING_ARRANGED)
    second = divider.divide(route_set([known, host("b.com", asking())]), NOTHING_ARRANGED)

    assert first.front.hosts[0] is second.front.hosts[0]


def test_the_same_routes_under_another_split_are_not_divided_again() -> None:
    divider, routes = Divider(TIER), route_set([host("a.com", asking())])
    arrangement = Arrangement(preview=Preview(hosts={"new.com": "a.com"}))

    first = divider.divide(routes, NOTHING_ARRANGED)

    assert divider.divide(routes, NOTHING_ARRANGED) is first
    assert divider.divide(routes, arrangement) is not first


def test_listeners_are_as_the_first_ingress_that_says_so_asks() -> None:
    divided = divide(host("a.com", asking("/x", rule_priority="7"), asking("/", rule_priority="9")))

    assert front_annotations(divided)["rule-priority"] == "7"
    assert codes(divided) == []


def test_a_further_name_is_a_host_of_its_own_behind() -> None:
    divided = divide(host("a.com", asking("/x", hostname_extension="b.com"), asking("/")))

    by_name = {each.name: [r.match.path for r in each.routes] for each in divided.behind.hosts}
    assert by_name == {"a.com": ["/x", "/"], "b.com": ["/x"]}
    assert front_annotations(divided)["hostname-extension"] == "b.com"


def test_a_host_of_its_own_comes_before_a_further_name_of_another() -> None:
    divided = divide(
        host("a.com", asking("/", hostname_extension="b.com")), host("b.com", asking("/own"))
    )

    by_name = {each.name: [r.match.path for r in each.routes] for each in divided.behind.hosts}
    assert by_name["b.com"] == ["/own"]


def test_a_time_limit_is_envoys() -> None:
    divided = divide(host("a.com", asking(request_timeout="5")))

    assert divided.behind.hosts[0].routes[0].settings.timeout_s == 5.0
    assert front_annotations(divided)["request-timeout"] == "86400"


@pytest.mark.parametrize(
    "annotations",
    [
        {"backend_path_prefix": "/app"},
        {"backend_hostname": "other.com"},
        {"backend_protocol": "https"},
        {"rewrite_rule_set": "set"},
        {"waf_policy_for_path": "nonsense"},
    ],
    ids=["path", "host", "protocol", "rewrite", "unreadable"],
)
def test_what_would_send_requests_elsewhere_is_answered_by_nobody(
    annotations: dict[str, str],
) -> None:
    divided = divide(host("a.com", asking("/x", **annotations), asking("/")))

    refused, served = divided.behind.hosts[0].routes
    assert refused.is_down
    assert not served.is_down
    assert [severity for _, severity in codes(divided)] == [Severity.ERROR]


def test_plain_http_to_backends_may_be_said() -> None:
    assert codes(divide(host("a.com", asking(backend_protocol="http")))) == []


def test_a_host_of_which_nothing_can_be_served_is_nowhere() -> None:
    divided = divide(host("a.com", asking(backend_path_prefix="/app")))

    assert (divided.front.hosts, divided.behind.hosts) == ((), ())


@pytest.mark.parametrize("cluster", Cluster)
def test_grpc_does_not_pass_and_is_told_once_while_plain_requests_are_served(
    cluster: Cluster,
) -> None:
    made = asking()
    spoken = backend(cluster, "web", 80, protocol=BackendProtocol.H2C)
    is_blue = cluster is Cluster.BLUE
    wanted = replace(made, blue=spoken) if is_blue else replace(made, green=spoken)

    divided = divide(host("a.com", wanted, asking("/x")))

    (problem,) = divided.problems
    assert (problem.code, problem.severity) == ("GrpcNotPassed", Severity.WARNING)
    assert f"{cluster}/shop/web/http" in problem.message
    assert "`type: envoy`" in problem.message
    assert not any(each.is_down for each in divided.behind.hosts[0].routes)


def test_what_does_nothing_is_told() -> None:
    divided = divide(host("a.com", asking(cookie_based_affinity="true")))

    assert codes(divided) == [("AnnotationNotUsed", Severity.WARNING)]


@pytest.mark.parametrize(
    "annotations",
    [
        {"use_private_ip": "true"},
        {"override_frontend_port": "8443"},
        {"waf_policy_for_path": POLICY},
    ],
    ids=["private", "port", "waf"],
)
def test_a_route_that_comes_in_elsewhere_is_not_shown_where_the_others_are(
    annotations: dict[str, str],
) -> None:
    divided = divide(host("a.com", asking("/admin", **annotations), asking("/")))

    (inner, outer) = divided.behind.hosts[0].routes
    assert (inner.is_down, outer.is_down) == (True, False)
    assert codes(divided) == [("PlaceDiffers", Severity.ERROR)]


def test_a_preview_host_is_in_front_and_left_to_envoy_behind() -> None:
    arrangement = Arrangement(preview=Preview(hosts={"new.com": "a.com"}))

    divided = divide(host("a.com", asking()), arrangement=arrangement)

    assert [each.name for each in divided.front.hosts] == ["a.com", "new.com"]
    assert [each.name for each in divided.behind.hosts] == ["a.com"]


def test_what_is_stale_stays_so_behind() -> None:
    routes = replace(route_set([host("a.com", asking())]), stale=frozenset({Cluster.BLUE}))

    assert Divider(TIER).divide(routes, NOTHING_ARRANGED).behind.stale == {Cluster.BLUE}


def test_an_empty_table_has_two_empty_parts() -> None:
    divided = Divider(TIER).divide(RouteSet(listeners=(), hosts=()), NOTHING_ARRANGED)

    assert (divided.front.hosts, divided.behind.hosts, divided.problems) == ((), (), ())
