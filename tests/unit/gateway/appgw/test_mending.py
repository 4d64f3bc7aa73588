from bascule.gateway.appgw.culprits import Suspect
from bascule.gateway.appgw.mending import leave_out
from bascule.ids import Cluster
from bascule.routing.model import Host, PathKind
from tests.support.tables import backend, host, route, route_set, table

CART = route(backend(Cluster.BLUE, "cart", 8080), None, path="/cart")
ROOT = route(backend(Cluster.BLUE, "shop", 8080), None)
SHOP = host("shop.example.com", CART, ROOT)
API = host("api.example.com", ROOT)


def left(*suspects: Suspect, live: tuple[Host, ...] = ()) -> tuple[Host, ...]:
    known = {each.name: each for each in live}
    return leave_out(table(route_set((SHOP, API))), suspects, known).routes.hosts


def test_a_host_is_left_out_whole() -> None:
    assert left(Suspect("shop.example.com")) == (API,)


def test_of_a_host_only_the_paths_that_are_suspected_are_left_out() -> None:
    assert left(Suspect("shop.example.com", "/cart")) == (API, host("shop.example.com", ROOT))


def test_a_host_of_which_all_paths_are_suspected_is_left_out() -> None:
    both = (Suspect("shop.example.com", "/cart"), Suspect("shop.example.com", "/"))

    assert left(*both) == (API,)


def test_a_host_that_serves_stays_as_it_was_last_good() -> None:
    before = host("shop.example.com", route(None, None, path="/old", kind=PathKind.EXACT))

    assert left(Suspect("shop.example.com", "/cart"), live=(before,)) == (API, before)


def test_a_host_that_is_not_in_the_table_is_nobodys_loss() -> None:
    assert left(Suspect("other.example.com")) == (API, SHOP)


def test_a_host_that_stays_as_it_was_has_the_pods_of_now_as_who_shares_them_has() -> None:
    before = host("shop.example.com", route(backend(Cluster.BLUE, "shop", 8080), None, path="/old"))
    now = backend(Cluster.BLUE, "shop", 8081, address="10.1.0.9")
    hosts = (host("api.example.com", route(now, None)), host("shop.example.com", route(now, None)))

    _, kept = leave_out(
        table(route_set(hosts)), [Suspect("shop.example.com")], {before.name: before}
    ).routes.hosts

    (old,) = kept.routes
    assert old.match == before.routes[0].match
    assert old.blue == backend(Cluster.BLUE, "shop", 8080, address="10.1.0.9")


def test_pods_on_a_port_that_a_host_knows_are_taken_as_they_are() -> None:
    before = host("shop.example.com", route(backend(Cluster.BLUE, "shop", 8080, 8081), None))
    now = backend(Cluster.BLUE, "shop", 8081, address="10.1.0.9")

    (kept,) = leave_out(
        table(route_set([host("shop.example.com", route(now, None))])),
        [Suspect("shop.example.com")],
        {before.name: before},
    ).routes.hosts

    assert kept.routes[0].blue == now
