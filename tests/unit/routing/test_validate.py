from dataclasses import replace

import pytest

from bascule.errors import InvariantError
from bascule.ids import CertificateDigest, Cluster
from bascule.routing.model import (
    CertificateRef,
    Endpoint,
    Host,
    IngressRef,
    Listener,
    Match,
    PathKind,
    Route,
    RouteSet,
)
from bascule.routing.validate import validate_routes
from tests.support.tables import backend

BLUE, GREEN = backend(Cluster.BLUE, "web", 1), backend(Cluster.GREEN, "web", 1)
SOURCES = (IngressRef(Cluster.BLUE, "shop", "web"), IngressRef(Cluster.GREEN, "shop", "web"))
ROUTE = Route(match=Match("/", PathKind.PREFIX), blue=BLUE, green=GREEN, sources=SOURCES)
LONG = replace(ROUTE, match=Match("/long", PathKind.PREFIX))
HOST = Host(name="a.test", routes=(LONG, ROUTE))
LISTENERS = tuple(Listener(name=name, address="127.0.0.1", port=1) for name in "ab")
GOOD = RouteSet(listeners=LISTENERS, hosts=(HOST, replace(HOST, name="*.test")))
CERTIFICATE = CertificateRef(namespace="a", secret="b", digest=CertificateDigest("c"))
TWISTED = replace(BLUE, endpoints=(Endpoint("b", 1), Endpoint("a", 1)))


def _hosts(*hosts: Host) -> RouteSet:
    return replace(GOOD, hosts=hosts)


def _routes(*routes: Route) -> RouteSet:
    return _hosts(replace(HOST, routes=routes))


def test_a_good_table_is_good() -> None:
    validate_routes(GOOD)
    validate_routes(RouteSet(listeners=(), hosts=()))


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        (replace(GOOD, listeners=LISTENERS[::-1]), "listeners are not sorted"),
        (_hosts(HOST, HOST), "hosts are not sorted, or one is there twice"),
        (_hosts(replace(HOST, name="A.test")), "is not in lower case"),
        (_hosts(replace(HOST, certificate=CERTIFICATE)), "has a certificate and no TLS"),
        (_routes(ROUTE, LONG), "routes of a.test are not sorted"),
        (_routes(ROUTE, ROUTE), "routes of a.test are not sorted, or one is there twice"),
        (_routes(replace(ROUTE, blue=None, green=None)), "route a.test/ has no backend"),
        (_routes(replace(ROUTE, blue=GREEN)), "has a backend of green as blue's"),
        (_routes(replace(ROUTE, green=BLUE)), "has a backend of blue as green's"),
        (_routes(replace(ROUTE, green=None)), "does not come from the clusters"),
        (_routes(replace(ROUTE, blue=TWISTED)), "endpoints of blue/shop/web/http are not sorted"),
        (
            _routes(replace(LONG, blue=backend(Cluster.BLUE, "web", 7)), ROUTE),
            "two different backends are called blue/shop/web/http",
        ),
    ],
    ids=[
        "listeners",
        "hosts",
        "case",
        "certificate",
        "order",
        "twice",
        "nothing",
        "blue",
        "green",
        "sources",
        "endpoints",
        "names",
    ],
)
def test_what_can_only_be_our_mistake_raises(routes: RouteSet, message: str) -> None:
    with pytest.raises(InvariantError, match=message):
        validate_routes(routes)
