from dataclasses import replace

import pytest

from bascule.errors import DriverError
from bascule.ids import CertificateDigest, Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Preview
from bascule.routing.model import CertificateRef, Host, IngressRef, Route, RouteSet, Severity
from bascule.routing.preview import find_preview_hosts, refuse_preview, with_preview_problems
from tests.support import tables

SHOP = tables.host(
    "shop.test", tables.route(*(tables.backend(cluster, "web", 80) for cluster in Cluster))
)


def _showing(**hosts: str) -> Arrangement:
    names = {alias.replace("_", "."): host for alias, host in hosts.items()}
    return Arrangement(preview=Preview(header="x-p", hosts=names))


def _tls(*names: str) -> Host:
    reference = CertificateRef(
        namespace="shop", secret="cert", digest=CertificateDigest("d"), names=names
    )
    routes: tuple[Route, ...] = tuple(
        replace(r, sources=tuple(IngressRef(c, "shop", "web") for c in Cluster))
        for r in SHOP.routes
    )
    return replace(SHOP, routes=routes, certificate=reference, is_tls=True)


def _routes(*hosts: Host) -> RouteSet:
    return tables.route_set(hosts)


def test_a_preview_host_shows_a_host_under_another_name() -> None:
    (found,) = find_preview_hosts(_routes(SHOP), _showing(next_test="shop.test"))

    assert (found.alias, found.host) == ("next.test", SHOP)
    assert (found.shown.name, found.shown.routes) == ("next.test", SHOP.routes)
    assert not found.is_covered


@pytest.mark.parametrize(
    "arrangement", [NOTHING_ARRANGED, Arrangement(preview=Preview(header="x-p"))]
)
def test_there_are_none_where_none_is_asked_for(arrangement: Arrangement) -> None:
    assert find_preview_hosts(_routes(SHOP), arrangement) == ()
    refuse_preview(_routes(SHOP), arrangement)


def test_what_cannot_be_shown_is_left_out_and_refused_when_it_is_asked_for() -> None:
    routes = _routes(SHOP, replace(SHOP, name="*.test"))

    for arrangement, reason in (
        (_showing(shop_test="shop.test"), "is a host of the gateway already"),
        (_showing(next_test="gone.test"), "gone.test, which is no host"),
        (_showing(next_test="*.test"), r"\*.test, which is no host"),
    ):
        assert find_preview_hosts(routes, arrangement) == ()
        with pytest.raises(DriverError, match=reason):
            refuse_preview(routes, arrangement)
    refuse_preview(routes, _showing(next_test="shop.test"))


@pytest.mark.parametrize("names", [("next.test", "shop.test"), ("*.test",)])
def test_a_certificate_for_the_alias_serves_it(names: tuple[str, ...]) -> None:
    routes = _routes(_tls(*names))
    (found,) = find_preview_hosts(routes, _showing(next_test="shop.test"))

    assert found.shown.certificate == found.host.certificate
    assert with_preview_problems(routes, _showing(next_test="shop.test")) is routes


def test_a_certificate_for_other_names_is_a_problem_of_each_ingress() -> None:
    routes = _routes(_tls("shop.test", "*.next.test"))
    arrangement = _showing(next_test="shop.test")

    found = with_preview_problems(routes, arrangement)

    assert [(p.cluster, p.name, p.code) for p in found.problems] == [
        (cluster, "web", "PreviewHostNotCovered") for cluster in Cluster
    ]
    assert {p.severity for p in found.problems} == {Severity.WARNING}
    assert (found.hosts, found.digest) == (routes.hosts, routes.digest)
    (preview,) = find_preview_hosts(routes, arrangement)
    assert (preview.shown.certificate, preview.shown.is_tls) == (None, True)


def test_what_was_worked_out_for_the_routes_is_kept() -> None:
    routes = _routes(_tls("shop.test"))
    backends = routes.backends

    found = with_preview_problems(routes, _showing(next_test="shop.test"))

    assert found.backends is backends
