from dataclasses import replace
from datetime import UTC, datetime

from bascule.ids import CertificateDigest, Cluster
from bascule.manifest.objects import Ingress
from bascule.routing.cluster.claims import read_claims
from bascule.routing.cluster.hosts import ClusterHost, ClusterRoute, GatewayDefault
from bascule.routing.merge import MergedHost, Side, merge_host
from bascule.routing.model import (
    CertificateRef,
    IngressRef,
    Match,
    PathKind,
    Problem,
    RouteSettings,
    Severity,
)
from tests.support.manifests import ingress, view
from tests.support.tables import backend

HOST = "shop.example.com"
PLAIN, SECURE = RouteSettings(), RouteSettings(ssl_redirect=True)


def _route(
    cluster: Cluster, path: str = "/", settings: RouteSettings = PLAIN, annotation: str = ""
) -> ClusterRoute:
    return ClusterRoute(
        match=Match(path, PathKind.PREFIX),
        backend=backend(cluster, "web", 1),
        settings=settings,
        extensions=(("example.com/a", annotation),),
        source=IngressRef(cluster, "shop", "web"),
    )


def _certificate(name: str, year: int | None = None) -> CertificateRef:
    return CertificateRef(
        namespace="shop",
        secret=name,
        digest=CertificateDigest(name),
        not_after=datetime(year, 1, 1, tzinfo=UTC) if year else None,
    )


def _side(
    cluster: Cluster,
    *routes: ClusterRoute,
    is_tls: bool = False,
    certificate: CertificateRef | None = None,
    is_judged: bool = True,
) -> Side:
    host = ClusterHost(name=HOST, routes=routes, is_tls=is_tls, certificate=certificate)
    return Side(cluster=cluster, host=host, is_judged=is_judged)


def _nothing(cluster: Cluster, *, is_judged: bool = True) -> Side:
    return Side(cluster=cluster, host=None, is_judged=is_judged)


def _codes(merged: MergedHost) -> list[tuple[str, str]]:
    assert all(p.severity is Severity.WARNING for p in merged.problems)
    return [(p.cluster.value, p.code) for p in merged.problems]


BLUE, GREEN = _route(Cluster.BLUE), _route(Cluster.GREEN)


def test_a_route_in_both_clusters_has_both_backends() -> None:
    merged = merge_host(HOST, _side(Cluster.BLUE, BLUE), _side(Cluster.GREEN, GREEN), None)

    (route,) = merged.host.routes
    assert (route.blue, route.green) == (BLUE.backend, GREEN.backend)
    assert route.sources == (BLUE.source, GREEN.source)
    assert merged.problems == ()


def test_the_side_that_is_active_does_not_change_who_is_blue() -> None:
    merged = merge_host(HOST, _side(Cluster.GREEN, GREEN), _side(Cluster.BLUE, BLUE), None)

    assert merged.host.routes[0].blue == BLUE.backend
    assert merged.host.routes[0].sources == (BLUE.source, GREEN.source)


def test_a_route_in_one_cluster_is_bound_to_it_and_reported() -> None:
    extra = _route(Cluster.GREEN, "/new")

    merged = merge_host(HOST, _side(Cluster.BLUE, BLUE), _side(Cluster.GREEN, GREEN, extra), None)

    assert [r.bound_to for r in merged.host.routes] == [Cluster.GREEN, None]
    assert _codes(merged) == [("green", "RouteInOneCluster")]
    assert "Prefix shop.example.com/new is in green only" in merged.problems[0].message


def test_nothing_is_reported_against_a_cluster_that_is_not_judged() -> None:
    green = _nothing(Cluster.GREEN, is_judged=False)

    assert merge_host(HOST, _side(Cluster.BLUE, BLUE), green, None).problems == ()


def test_where_settings_differ_the_active_ones_win_and_the_other_ingress_is_told() -> None:
    blue = _route(Cluster.BLUE, settings=SECURE, annotation="blue")

    merged = merge_host(HOST, _side(Cluster.BLUE, blue), _side(Cluster.GREEN, GREEN), None)
    swapped = merge_host(HOST, _side(Cluster.GREEN, GREEN), _side(Cluster.BLUE, blue), None)

    assert merged.host.routes[0].settings == SECURE
    assert merged.host.routes[0].extensions == {"example.com/a": "blue"}
    assert _codes(merged) == [("green", "SettingsDiffer")]
    assert swapped.host.routes[0].settings == PLAIN
    assert _codes(swapped) == [("blue", "SettingsDiffer")]


def test_where_tls_differs_the_active_cluster_decides() -> None:
    secure = _side(Cluster.GREEN, GREEN, is_tls=True, certificate=_certificate("green"))
    plain = _side(Cluster.BLUE, BLUE)

    merged = merge_host(HOST, plain, secure, None)
    swapped = merge_host(HOST, secure, plain, None)

    assert (merged.host.is_tls, merged.host.certificate) == (False, None)
    assert swapped.host.is_tls
    assert _codes(merged) == [("green", "TlsDiffers")]
    assert _codes(swapped) == [("blue", "TlsDiffers")]


def test_tls_of_a_host_without_routes_is_nobody_s_difference() -> None:
    merged = merge_host(HOST, _side(Cluster.BLUE, BLUE), _side(Cluster.GREEN, is_tls=True), None)

    assert _codes(merged) == [("blue", "RouteInOneCluster")]


def _chosen(
    active: CertificateRef | None, other: CertificateRef | None, last: CertificateRef | None
) -> str:
    merged = merge_host(
        HOST,
        _side(Cluster.BLUE, BLUE, is_tls=True, certificate=active),
        _side(Cluster.GREEN, GREEN, is_tls=True, certificate=other),
        last,
    )
    return merged.host.certificate.secret if merged.host.certificate else "none"


def test_the_certificate_of_the_active_cluster_serves() -> None:
    assert _chosen(_certificate("blue", 2027), _certificate("green", 2030), None) == "blue"


def test_else_the_one_that_is_valid_longest_serves() -> None:
    assert _chosen(None, _certificate("green", 2030), _certificate("last", 2029)) == "green"
    assert _chosen(None, _certificate("green", 2029), _certificate("last", 2030)) == "last"
    assert _chosen(None, _certificate("green", 2029), _certificate("last", 2029)) == "last"
    assert _chosen(None, _certificate("green"), None) == "green"


def test_with_no_certificate_at_all_there_is_none() -> None:
    assert _chosen(None, None, None) == "none"


def test_a_host_that_stopped_using_tls_forgets_its_certificate() -> None:
    merged = merge_host(
        HOST, _side(Cluster.BLUE, BLUE), _nothing(Cluster.GREEN), _certificate("last")
    )

    assert merged.host.certificate is None


def test_the_gateway_s_default_backend_serves_what_a_host_leaves_open() -> None:
    item = read_claims(view(ingress(), Ingress), Cluster.GREEN)
    default = GatewayDefault(item=item, backend=backend(Cluster.GREEN, "rest", 1))
    green = replace(_nothing(Cluster.GREEN), default=default)

    merged = merge_host(HOST, _side(Cluster.BLUE, _route(Cluster.BLUE, "/x")), green, None)

    assert [r.match.path for r in merged.host.routes] == ["/x", "/"]
    assert merged.host.routes[1].green == default.backend


def test_a_host_s_own_rule_comes_before_the_gateway_s_default_backend() -> None:
    item = read_claims(view(ingress(), Ingress), Cluster.BLUE)
    default = GatewayDefault(item=item, backend=backend(Cluster.BLUE, "rest", 1))
    blue = replace(_side(Cluster.BLUE, BLUE), default=default)

    merged = merge_host(HOST, blue, _nothing(Cluster.GREEN), None)

    assert merged.host.routes[0].blue == BLUE.backend


def test_problems_of_both_sides_are_kept_once() -> None:
    problem = Problem(
        cluster=Cluster.BLUE, kind="Ingress", namespace="a", name="b", code="X", message="m"
    )
    host = ClusterHost(name=HOST, routes=(BLUE,), problems=(problem, problem))
    blue = Side(cluster=Cluster.BLUE, host=host)

    merged = merge_host(HOST, blue, _side(Cluster.GREEN, GREEN), None)

    assert merged.problems == (problem,)
