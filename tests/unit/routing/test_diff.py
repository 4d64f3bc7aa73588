from dataclasses import replace

from bascule.ids import Cluster
from bascule.routing.diff import RouteName, diff_routes
from bascule.routing.model import Host, Listener, Match, PathKind, Route, RouteSet, RouteSettings
from tests.support.tables import backend

BLUE, GREEN = backend(Cluster.BLUE, "web", 1), backend(Cluster.GREEN, "web", 1)
ROUTE = Route(match=Match("/", PathKind.PREFIX), blue=BLUE, green=GREEN)
NEW = Route(match=Match("/new", PathKind.PREFIX), blue=BLUE, green=None)
HOST = Host(name="a.test", routes=(ROUTE,))
TABLE = RouteSet(listeners=(), hosts=(HOST,))


def _with(*routes: Route) -> RouteSet:
    return replace(TABLE, hosts=(replace(HOST, routes=routes),))


def test_a_table_does_not_differ_from_itself() -> None:
    assert not diff_routes(TABLE, TABLE)
    assert not diff_routes(TABLE, _with(ROUTE))


def test_hosts_that_come_and_go_bring_their_routes_and_backends() -> None:
    api = backend(Cluster.BLUE, "api", 1)
    other = Host(name="b.test", routes=(replace(ROUTE, blue=api, green=None),))

    diff = diff_routes(TABLE, replace(TABLE, hosts=(other,)))

    assert diff
    assert (diff.hosts_added, diff.hosts_removed) == (("b.test",), ("a.test",))
    assert diff.routes_added == (RouteName("b.test", ROUTE.match),)
    assert diff.routes_removed == (RouteName("a.test", ROUTE.match),)
    assert diff.backends_added == ("blue/shop/api/http",)
    assert diff.backends_removed == ("blue/shop/web/http", "green/shop/web/http")


def test_a_route_that_comes_is_named() -> None:
    diff = diff_routes(TABLE, _with(NEW, ROUTE))

    assert diff.routes_added == (RouteName("a.test", NEW.match),)
    assert diff.routes_changed == ()
    assert diff.hosts_changed == ()


def test_settings_that_change_are_a_change_of_the_route() -> None:
    diff = diff_routes(TABLE, _with(replace(ROUTE, settings=RouteSettings(retries=0))))

    assert diff.routes_changed == (RouteName("a.test", ROUTE.match),)
    assert diff.backends_changed == ()


def test_endpoints_that_change_are_a_change_of_the_backend_only() -> None:
    moved = backend(Cluster.BLUE, "web", 2)

    diff = diff_routes(TABLE, _with(replace(ROUTE, blue=moved)))

    assert diff.backends_changed == ("blue/shop/web/http",)
    assert diff.routes_changed == ()


def test_a_backend_that_runs_dry_changes_where_the_route_goes() -> None:
    dry = backend(Cluster.BLUE, "web")

    diff = diff_routes(TABLE, _with(replace(ROUTE, blue=dry)))

    assert diff.routes_changed == (RouteName("a.test", ROUTE.match),)


def test_tls_and_listeners_are_compared_too() -> None:
    secure = replace(TABLE, hosts=(replace(HOST, is_tls=True),))
    listener = Listener(name="http", address="127.0.0.1", port=1)

    assert diff_routes(TABLE, secure).hosts_changed == ("a.test",)
    assert diff_routes(TABLE, replace(TABLE, listeners=(listener,))).are_listeners_changed
