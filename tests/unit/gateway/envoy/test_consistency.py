from types import MappingProxyType

import pytest

from bascule.errors import InvariantError
from bascule.gateway.envoy.consistency import (
    CHUNK_HOSTS,
    NAMED_MAX,
    ConsistencyCheck,
    check_consistency,
)
from bascule.gateway.envoy.snapshot import EMPTY_SNAPSHOT, Kind, Snapshot
from bascule.gateway.envoy.stance import Stance
from bascule.gateway.envoy.translate import translate
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement, Mirror
from bascule.routing.certificates import Certificate
from bascule.routing.model import Route, RouteSettings
from bascule.routing.weights import Split, Weights
from tests.support import tables

CERTIFICATE = Certificate(b"chain", b"key")


def _snapshot() -> Snapshot:
    both = [tables.backend(cluster, "web", 80) for cluster in Cluster]
    redirected = tables.route(*both, path="/r", settings=RouteSettings(ssl_redirect=True))
    hosts = [
        tables.host("a.com", tables.route(*both)),
        tables.host("b.com", redirected, tables.route(*both), certificate=CERTIFICATE),
        tables.host("lost.com", tables.route(*both), is_tls=True),
    ]
    routes = tables.route_set(hosts, tls_port=8443)
    stance = Stance(Split(Weights(5_000)))
    return translate(routes, stance, tables.store(CERTIFICATE)).snapshot


def _without(kind: Kind, name: str) -> Snapshot:
    snapshot = _snapshot()
    kept = {key: r for key, r in snapshot.of(kind).items() if key != name}
    return snapshot.replacing(MappingProxyType({kind: kept}))


def test_what_names_only_what_is_there_passes() -> None:
    check_consistency(_snapshot())
    check_consistency(EMPTY_SNAPSHOT)


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        (Kind.ENDPOINTS, "blue/shop/web/http", "differ by blue/shop/web/http"),
        (Kind.CLUSTER, "green/shop/web/http", "http names green/shop/web/http"),
        (Kind.ROUTES, "http", "http names http"),
        (Kind.SECRET, "shop/b.com-tls", "https names shop/b.com-tls"),
    ],
    ids=["endpoints", "cluster", "routes", "secret"],
)
def test_what_names_something_that_is_not_there_is_our_bug(
    kind: Kind, name: str, message: str
) -> None:
    with pytest.raises(InvariantError, match=message):
        check_consistency(_without(kind, name))


def test_only_the_first_few_are_named() -> None:
    hosts = tables.many_hosts(3 * NAMED_MAX, 80, 90, services=3 * NAMED_MAX)
    snapshot = translate(
        tables.route_set(hosts), Stance(Split(Weights(0))), tables.store()
    ).snapshot
    none_left = snapshot.replacing({Kind.CLUSTER: {}, Kind.ENDPOINTS: {}})

    with pytest.raises(InvariantError) as caught:
        check_consistency(none_left)

    assert caught.value.message.count("names") == NAMED_MAX
    assert caught.value.remedy


def test_a_large_table_lets_others_run_while_it_is_checked() -> None:
    hosts = tables.many_hosts(2 * CHUNK_HOSTS, 80, 90)
    stance = Stance(Split(Weights(0)))
    snapshot = translate(tables.route_set(hosts), stance, tables.store()).snapshot

    steps = list(ConsistencyCheck().check_in_steps(snapshot))

    assert len(steps) == 2
    check_consistency(snapshot)


def test_a_check_that_remembers_still_sees_what_changed() -> None:
    check = ConsistencyCheck()
    snapshot = _snapshot()
    check.check(snapshot)
    check.check(snapshot)

    with pytest.raises(InvariantError):
        check.check(_without(Kind.CLUSTER, "green/shop/web/http"))

    check.check(snapshot)


def test_a_copy_needs_a_cluster_to_go_to() -> None:
    routes = tables.route_set([tables.host("a.com", *_snapshot_routes())])
    mirror = Arrangement(mirror=Mirror(share_bp=1))
    snapshot = translate(
        routes, Stance(Split(Weights(10_000))), tables.store(), arrangement=mirror
    ).snapshot
    bare = translate(routes, Stance(Split(Weights(10_000))), tables.store()).snapshot
    name = "green/shop/web/http"
    parts = {kind: {k: v for k, v in bare.of(kind).items() if k != name} for kind in _BACKENDS}

    with pytest.raises(InvariantError, match=f"http names {name}"):
        check_consistency(snapshot.replacing(parts))


_BACKENDS = (Kind.CLUSTER, Kind.ENDPOINTS)


def _snapshot_routes() -> list[Route]:
    return [tables.route(*(tables.backend(cluster, "web", 80) for cluster in Cluster))]
