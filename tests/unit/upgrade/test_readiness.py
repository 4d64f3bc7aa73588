from dataclasses import replace

from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from bascule.upgrade.readiness import (
    ClusterLists,
    check_lists,
    check_routes,
    has_any_endpoint,
    rising_clusters,
)
from tests.support.orders import BLUE, GREEN, percent, shop_routes, view
from tests.support.tables import backend, host, route, route_set

LOADING = ClusterLists(is_complete=False, reason="connection refused")
STALE = ClusterLists(is_complete=True, is_stale=True)


def test_a_cluster_that_is_listed_whole_has_nothing_wrong_with_its_lists() -> None:
    assert check_lists(view(), Cluster.GREEN) == ()


def test_a_cluster_that_is_not_listed_yet_says_why() -> None:
    found = check_lists(view(green=LOADING), Cluster.GREEN)

    assert found == ("green is not fully known yet: connection refused",)


def test_a_cluster_that_nobody_follows_is_not_known() -> None:
    nobody = replace(view(), lists={})

    assert check_lists(nobody, Cluster.GREEN) == ("green is not fully known yet",)


def test_a_cluster_whose_api_is_away_is_only_known_from_before() -> None:
    (found,) = check_lists(view(green=STALE), Cluster.GREEN)

    assert "the API of green is away" in found


def test_a_route_that_both_clusters_serve_is_fine() -> None:
    assert check_routes(view(), BLUE, GREEN) == ()


def test_a_route_that_the_target_cannot_serve_is_named() -> None:
    found = check_routes(view(shop_routes(green=False)), BLUE, GREEN)

    assert found == ("green has no ready endpoint for shop.example.com/",)


def test_a_route_that_the_active_cluster_does_not_serve_either_does_not_count() -> None:
    assert check_routes(view(shop_routes(blue=False, green=False)), BLUE, GREEN) == ()


def test_a_route_that_only_the_target_serves_does_not_count() -> None:
    assert check_routes(view(shop_routes(blue=False)), BLUE, GREEN) == ()


def test_many_routes_are_counted_not_listed() -> None:
    hosts = [
        host(f"h{n}.example.com", route(backend(Cluster.BLUE, "web", 1), None)) for n in range(9)
    ]

    (found,) = check_routes(view(route_set(hosts)), BLUE, GREEN)

    assert found.endswith("h2.example.com/ and 6 more routes")


def test_only_hosts_that_get_another_split_are_looked_at() -> None:
    routes = shop_routes(green=False)
    other_host = Split(BLUE.default, {"other.example.com": Weights(0)})
    this_host = Split(BLUE.default, {"shop.example.com": Weights(0)})

    assert check_routes(view(routes), BLUE, other_host) == ()
    assert check_routes(view(routes), BLUE, this_host) != ()


def test_rising_clusters_are_those_that_get_more_of_any_host() -> None:
    crossed = Split(GREEN.default, {"shop.example.com": Weights(10_000)})

    assert rising_clusters(BLUE, BLUE) == ()
    assert rising_clusters(BLUE, percent(5)) == (Cluster.GREEN,)
    assert rising_clusters(GREEN, BLUE) == (Cluster.BLUE,)
    assert rising_clusters(percent(50), crossed) == (Cluster.BLUE, Cluster.GREEN)


def test_a_cluster_can_answer_when_it_serves_a_route_or_there_is_none() -> None:
    assert has_any_endpoint(view(), Cluster.BLUE)
    assert not has_any_endpoint(view(shop_routes(blue=False)), Cluster.BLUE)
    assert has_any_endpoint(view(route_set([])), Cluster.BLUE)
