from dataclasses import replace

from bascule.ids import Cluster
from bascule.routing.certificates import Certificate
from bascule.routing.model import IngressRef, Route, RouteSet
from bascule.routing.naming import PLAIN_NAMING, Naming
from bascule.routing.renaming import rename_routes
from tests.support.tables import backend, host, route, route_set

EXCHANGED = Naming(
    tags={Cluster.BLUE: "blue-1", Cluster.GREEN: "green-1"},
    aliases={
        "blue": Cluster.GREEN,
        "green": Cluster.BLUE,
        "blue-1": Cluster.BLUE,
        "green-1": Cluster.GREEN,
    },
)
BLUE_GONE = Naming(
    tags=EXCHANGED.tags,
    aliases={tag: role for tag, role in EXCHANGED.aliases.items() if tag != "blue"},
)


def both(path: str = "/") -> Route:
    sources = (IngressRef(Cluster.BLUE, "shop", "old"), IngressRef(Cluster.GREEN, "shop", "new"))
    sides = backend(Cluster.BLUE, "web", 1001), backend(Cluster.GREEN, "web", 2001)
    return replace(route(*sides, path=path), sources=sources)


def only(cluster: Cluster, path: str) -> Route:
    own = backend(cluster, "own", 3001)
    sides = (own, None) if cluster is Cluster.BLUE else (None, own)
    return replace(route(*sides, path=path), sources=(IngressRef(cluster, "shop", "own"),))


def ports(route: Route, cluster: Cluster) -> list[int]:
    found = route.backend(cluster)
    return [] if found is None else [endpoint.port for endpoint in found.endpoints]


def renamed(routes: RouteSet, naming: Naming) -> tuple[Route, ...]:
    return tuple(r for h in rename_routes(routes, naming).hosts for r in h.routes)


def test_a_table_in_the_names_of_now_is_left_as_it_is() -> None:
    routes = route_set([host("a.test", both())])

    assert rename_routes(routes, PLAIN_NAMING) is routes


def test_an_exchange_of_roles_names_the_same_endpoints_anew() -> None:
    routes = replace(route_set([host("a.test", both())]), stale=frozenset({Cluster.BLUE}))

    found = rename_routes(routes, EXCHANGED)

    (only_route,) = found.hosts[0].routes
    assert ports(only_route, Cluster.BLUE) == [2001]
    assert ports(only_route, Cluster.GREEN) == [1001]
    assert [b.name for b in found.backends] == ["blue-1/shop/web/http", "green-1/shop/web/http"]
    assert [(s.cluster, s.name) for s in only_route.sources] == [("blue", "new"), ("green", "old")]
    assert found.stale == {Cluster.GREEN}
    assert found.listeners == routes.listeners


def test_what_only_a_cluster_had_that_is_gone_is_left_out() -> None:
    routes = replace(
        route_set(
            [
                host("a.test", both(), only(Cluster.BLUE, "/old"), only(Cluster.GREEN, "/new")),
                host("b.test", only(Cluster.BLUE, "/")),
            ]
        ),
        stale=frozenset({Cluster.BLUE}),
    )

    found = rename_routes(routes, BLUE_GONE)

    assert [h.name for h in found.hosts] == ["a.test"]
    assert [(r.match.path, ports(r, Cluster.BLUE)) for r in found.hosts[0].routes] == [
        ("/", [2001]),
        ("/new", [3001]),
    ]
    assert all(r.green is None for r in found.hosts[0].routes)
    assert found.stale == frozenset()


def test_a_certificate_goes_with_its_cluster() -> None:
    secured = host("a.test", both(), certificate=Certificate(b"chain", b"key"))
    reference = secured.certificate
    assert reference is not None
    clusters = (None, Cluster.BLUE, Cluster.GREEN)
    hosts = [replace(secured, certificate=replace(reference, cluster=c)) for c in clusters]

    found = [rename_routes(route_set([one]), BLUE_GONE).hosts[0].certificate for one in hosts]

    assert [ref and ref.cluster for ref in found] == [None, None, Cluster.BLUE]
