from bascule.ids import Cluster
from bascule.routing.catalog import BackendCatalog
from bascule.routing.model import Backend, Host, Match, PathKind, Route
from tests.support.tables import backend

WEB, API = backend(Cluster.BLUE, "web", 1), backend(Cluster.GREEN, "api", 2)


def _host(blue: Backend | None, green: Backend | None = None) -> Host:
    route = Route(match=Match("/", PathKind.PREFIX), blue=blue, green=green)
    return Host(name="a.test", routes=(route,))


def test_backends_are_sorted_and_there_once() -> None:
    catalog = BackendCatalog()

    catalog.add(_host(None, API))
    catalog.add(_host(WEB, API))

    assert catalog.all() == (WEB, API)
    assert catalog.all() == (WEB, API)


def test_a_backend_stays_until_the_last_host_is_gone() -> None:
    catalog = BackendCatalog()
    catalog.add(_host(WEB))
    catalog.add(_host(WEB, API))

    catalog.drop(_host(WEB, API))
    assert catalog.all() == (WEB,)

    catalog.drop(_host(WEB))
    assert catalog.all() == ()


def test_the_newest_word_on_a_backend_stands() -> None:
    catalog = BackendCatalog()
    catalog.add(_host(WEB))
    newer = backend(Cluster.BLUE, "web", 7)

    catalog.add(_host(newer))

    assert catalog.all() == (newer,)
