from dataclasses import replace
from types import MappingProxyType

from bascule.ids import CertificateDigest, Cluster
from bascule.routing.arrangement import Arrangement, Preview
from bascule.routing.model import (
    CertificateRef,
    Host,
    IngressRef,
    Match,
    PathKind,
    Route,
    RouteSet,
    RoutingTable,
)
from bascule.routing.weights import Split, Weights
from tests.support.tables import ALL_BLUE, ALL_GREEN, backend

HALF = Weights(5000)
BLUE, GREEN = backend(Cluster.BLUE, "web", 1), backend(Cluster.GREEN, "web", 2)
NO_BLUE, NO_GREEN = backend(Cluster.BLUE, "web"), backend(Cluster.GREEN, "web")
MATCH = Match("/", PathKind.PREFIX)


def _routes(*routes: Route, name: str = "a.test") -> RouteSet:
    return RouteSet(listeners=(), hosts=(Host(name=name, routes=routes),))


def test_a_route_of_two_ready_clusters_follows_the_weights() -> None:
    route = Route(match=MATCH, blue=BLUE, green=GREEN)

    assert route.bound_to is None
    assert not route.is_down
    assert route.effective_weights(HALF) == HALF
    assert route.backend(Cluster.BLUE) is BLUE
    assert route.backend(Cluster.GREEN) is GREEN


def test_a_route_goes_to_the_only_cluster_that_has_it_or_is_ready() -> None:
    assert Route(match=MATCH, blue=None, green=NO_GREEN).bound_to is Cluster.GREEN
    assert Route(match=MATCH, blue=BLUE, green=None).bound_to is Cluster.BLUE
    assert Route(match=MATCH, blue=NO_BLUE, green=GREEN).effective_weights(ALL_BLUE) == ALL_GREEN
    assert Route(match=MATCH, blue=BLUE, green=NO_GREEN).effective_weights(ALL_GREEN) == ALL_BLUE


def test_where_neither_is_ready_the_weights_stand_and_the_route_is_down() -> None:
    route = Route(match=MATCH, blue=NO_BLUE, green=NO_GREEN)

    assert route.is_down
    assert route.effective_weights(HALF) == HALF


def test_every_backend_is_listed_once_by_name() -> None:
    routes = _routes(
        Route(match=Match("/x", PathKind.PREFIX), blue=BLUE, green=None),
        Route(match=MATCH, blue=BLUE, green=GREEN),
    )

    assert routes.backends == (BLUE, GREEN)


def test_equal_tables_have_equal_digests_and_endpoints_count() -> None:
    first = _routes(Route(match=MATCH, blue=BLUE, green=GREEN))
    same = _routes(Route(match=MATCH, blue=BLUE, green=GREEN))
    other = _routes(Route(match=MATCH, blue=NO_BLUE, green=GREEN))

    assert first.digest == same.digest
    assert first.digest != other.digest
    assert first.digest != replace(first, hosts=()).digest


def test_the_order_of_annotations_is_no_part_of_a_digest() -> None:
    one, two = (
        _routes(Route(match=MATCH, blue=BLUE, green=None, extensions=MappingProxyType(dict(pairs))))
        for pairs in ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")])
    )

    assert one.digest == two.digest


def test_problems_are_no_part_of_a_digest() -> None:
    routes = _routes()

    assert replace(routes, stale=frozenset(Cluster)).digest == routes.digest


def test_a_new_split_keeps_the_routes() -> None:
    table = RoutingTable(routes=_routes(), split=Split(ALL_BLUE))

    switched = table.with_split(Split(ALL_GREEN))

    assert switched.routes is table.routes
    assert switched.digest != table.digest


def test_sources_sort_blue_first() -> None:
    refs = [IngressRef(Cluster.GREEN, "a", "a"), IngressRef(Cluster.BLUE, "b", "b")]

    assert min(refs).cluster is Cluster.BLUE


def test_an_arrangement_is_part_of_a_tables_digest_and_a_split_leaves_it() -> None:
    table = RoutingTable(routes=_routes(), split=Split(ALL_BLUE))
    arrangement = Arrangement(preview=Preview(header="x-p", hosts={"b.test": "a.test"}))
    arranged = replace(table, arrangement=arrangement)
    other = Arrangement(preview=Preview(header="x-p", hosts={"c.test": "a.test"}))

    digests = {table.digest, arranged.digest, replace(table, arrangement=other).digest}

    assert len(digests) == 3
    assert arranged.with_split(Split(ALL_GREEN)).arrangement == arrangement


def test_a_certificate_covers_its_names_and_one_label_for_a_wildcard() -> None:
    reference = CertificateRef(
        namespace="shop",
        secret="cert",
        digest=CertificateDigest("d"),
        names=("*.example.com", "shop.test"),
    )

    names = ("shop.test", "a.example.com", "a.b.example.com", "example.com", "other.test")
    assert [name for name in names if reference.covers(name)] == ["shop.test", "a.example.com"]
