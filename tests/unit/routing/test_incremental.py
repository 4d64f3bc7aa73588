from collections.abc import Mapping
from dataclasses import replace

import pytest

from bascule.ids import Cluster
from bascule.manifest.objects import Kind, Metadata, ObjectRef, TlsSecret
from bascule.manifest.snapshot import EMPTY_SNAPSHOT, ClusterSnapshot
from bascule.routing.incremental import Builder, host_order, project
from bascule.routing.model import RouteSet
from bascule.routing.options import BuildOptions
from tests.support.manifests import endpoints, ingress, service, snapshot, views
from tests.support.routing_worlds import certificate_pair

BLUE, GREEN = Cluster.BLUE, Cluster.GREEN
TLS = "tls: [{hosts: [shop.example.com], secretName: cert}]"
SECRET = TlsSecret(meta=Metadata(namespace="shop", name="cert"), pair=certificate_pair("a"))
DEFAULT = """
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: default, namespace: shop}
spec:
  ingressClassName: bascule
  defaultBackend: {service: {name: web, port: {number: 80}}}
"""


def _shop(address: str, more: str = "") -> ClusterSnapshot:
    return snapshot(ingress(more=more), service(), endpoints(address))


def _both(blue: ClusterSnapshot, green: ClusterSnapshot) -> Mapping[Cluster, ClusterSnapshot]:
    return {BLUE: blue, GREEN: green}


def _names(routes: RouteSet) -> list[str]:
    return [host.name for host in routes.hosts]


def _codes(routes: RouteSet) -> list[tuple[str, str, str]]:
    return [(p.cluster.value, p.kind, p.code) for p in routes.problems]


def test_hosts_sort_exact_then_wildcard_then_any() -> None:
    names = ["*", "*.b.test", "b.test", "*.a.test", "a.test"]

    assert sorted(names, key=host_order) == ["a.test", "b.test", "*.a.test", "*.b.test", "*"]


def test_what_did_not_change_is_the_very_same_object() -> None:
    blue = snapshot(ingress(), ingress("x", host="x.test"), service(), endpoints("10.0.0.1"))
    builder = Builder(BuildOptions())
    before = builder.build(_both(blue, EMPTY_SNAPSHOT))
    (changed,) = views(ingress("x", host="x.test", path="/new"))

    after = builder.build(_both(blue.with_object(changed), EMPTY_SNAPSHOT))

    assert after.hosts[0] is before.hosts[0]
    assert after.hosts[1] is not before.hosts[1]
    assert after.backends == before.backends


def test_a_host_goes_when_neither_cluster_has_it() -> None:
    both = _shop("10.0.0.1")
    ref = ObjectRef(Kind.INGRESS, "shop", "web")
    builder = Builder(BuildOptions())
    builder.build(_both(both, both))

    assert _names(builder.build(_both(both.without(ref), both))) == ["shop.example.com"]
    gone = builder.build(_both(both.without(ref), both.without(ref)))
    assert gone.hosts == ()
    assert gone.backends == ()
    assert gone.problems == ()


def test_a_cluster_without_any_ingress_of_ours_is_one_problem() -> None:
    builder = Builder(BuildOptions())

    routes = builder.build(_both(_shop("10.0.0.1"), snapshot()))

    assert _codes(routes) == [("green", "Cluster", "NoRoutes")]


def test_the_first_ingress_of_a_cluster_makes_it_comparable() -> None:
    builder = Builder(BuildOptions())
    builder.build(_both(_shop("10.0.0.1"), snapshot()))

    other = snapshot(ingress(host="x.test"), service(), endpoints("10.1.0.1"))
    routes = builder.build(_both(_shop("10.0.0.1"), other))

    assert _codes(routes) == [
        ("blue", "Ingress", "RouteInOneCluster"),
        ("green", "Ingress", "RouteInOneCluster"),
    ]


def test_a_cluster_that_is_left_out_is_not_missed() -> None:
    routes = Builder(BuildOptions()).build({BLUE: _shop("10.0.0.1")})

    assert routes.problems == ()
    assert routes.stale == frozenset()
    assert routes.hosts[0].routes[0].bound_to is BLUE


def test_a_stale_cluster_keeps_its_routes() -> None:
    blue = replace(_shop("10.0.0.1"), is_stale=True)

    routes = Builder(BuildOptions()).build(_both(blue, _shop("10.1.0.1")))

    assert routes.stale == {BLUE}
    assert routes.hosts[0].routes[0].bound_to is None


def test_after_a_restart_a_cluster_that_is_not_complete_keeps_its_last_part() -> None:
    last = Builder(BuildOptions()).build(_both(_shop("10.0.0.1"), _shop("10.1.0.1")))

    routes = Builder(BuildOptions(), last).build(_both(EMPTY_SNAPSHOT, _shop("10.1.0.2")))

    (route,) = routes.hosts[0].routes
    assert route.blue == last.hosts[0].routes[0].blue
    assert route.green is not None
    assert route.green.endpoints[0].address == "10.1.0.2"
    assert routes.stale == {BLUE}
    assert routes.problems == ()


def test_a_part_that_was_kept_is_replaced_when_the_lists_are_complete() -> None:
    last = Builder(BuildOptions()).build(_both(_shop("10.0.0.1"), _shop("10.1.0.1")))
    builder = Builder(BuildOptions(), last)
    builder.build(_both(EMPTY_SNAPSHOT, EMPTY_SNAPSHOT))
    assert builder.build(_both(EMPTY_SNAPSHOT, EMPTY_SNAPSHOT)).digest == last.digest

    moved = snapshot(ingress(host="new.test"), service(), endpoints("10.0.0.1"))
    routes = builder.build(_both(moved, EMPTY_SNAPSHOT))

    assert _names(routes) == ["new.test", "shop.example.com"]
    assert routes.hosts[1].routes[0].bound_to is GREEN


def test_a_part_that_becomes_incomplete_is_kept() -> None:
    builder = Builder(BuildOptions())
    before = builder.build(_both(_shop("10.0.0.1"), _shop("10.1.0.1")))

    after = builder.build(_both(EMPTY_SNAPSHOT, _shop("10.1.0.1")))

    assert after.digest == before.digest


def test_a_missing_secret_keeps_the_last_good_certificate() -> None:
    builder = Builder(BuildOptions())
    blue = _shop("10.0.0.1", TLS)
    with_secret = blue.with_object(SECRET)
    before = builder.build(_both(with_secret, EMPTY_SNAPSHOT))

    after = builder.build(_both(blue, EMPTY_SNAPSHOT))

    assert before.hosts[0].certificate is not None
    assert after.hosts[0].certificate == before.hosts[0].certificate
    assert _codes(after) == [("blue", "Ingress", "CertificateMissing")]


def test_a_certificate_is_kept_over_a_restart_too() -> None:
    blue = _shop("10.0.0.1", TLS)
    last = Builder(BuildOptions()).build({BLUE: blue.with_object(SECRET)})

    routes = Builder(BuildOptions(), last).build({BLUE: blue})

    assert routes.hosts[0].certificate == last.hosts[0].certificate


@pytest.mark.parametrize("cluster", Cluster)
def test_a_new_default_backend_reaches_the_hosts_of_both_clusters(cluster: Cluster) -> None:
    builder = Builder(BuildOptions())
    open_host = snapshot(ingress(path="/x"), service(), endpoints("10.0.0.1"))
    worlds = dict(_both(open_host, open_host))
    builder.build(worlds)

    (default,) = views(DEFAULT)
    worlds[cluster] = worlds[cluster].with_object(default)
    routes = builder.build(worlds)

    assert _names(routes) == ["shop.example.com", "*"]
    assert [r.match.path for r in routes.hosts[0].routes] == ["/x", "/"]
    assert routes.hosts[0].routes[1].bound_to is cluster


def test_a_projection_is_what_a_cluster_contributed() -> None:
    routes = Builder(BuildOptions()).build(_both(_shop("10.0.0.1"), snapshot()))
    hosts = {host.name: host for host in routes.hosts}

    assert list(project(hosts, BLUE)) == ["shop.example.com"]
    assert project(hosts, GREEN) == {}


def test_a_cluster_that_is_left_out_leaves_nothing_behind() -> None:
    only_blue = snapshot(
        ingress(), service(), endpoints("10.0.0.1"), ingress("old", host="old.test")
    )
    builder = Builder(BuildOptions())
    builder.build(_both(only_blue, _shop("10.1.0.1")))

    routes = builder.build({GREEN: _shop("10.1.0.1")})

    assert _names(routes) == ["shop.example.com"]
    assert {backend.cluster for backend in routes.backends} == {GREEN}
    assert routes.problems == ()


def test_a_cluster_of_which_only_the_last_table_is_known_is_left_out_too() -> None:
    known = Builder(BuildOptions()).build(_both(_shop("10.0.0.1"), _shop("10.1.0.1")))
    builder = Builder(BuildOptions(), known)
    loading = builder.build(_both(EMPTY_SNAPSHOT, EMPTY_SNAPSHOT))

    routes = builder.build({GREEN: EMPTY_SNAPSHOT})

    assert {backend.cluster for backend in loading.backends} == {BLUE, GREEN}
    assert {backend.cluster for backend in routes.backends} == {GREEN}


def test_a_last_good_certificate_is_served_on_until_the_cluster_that_is_left_has_its_own() -> None:
    blue = _shop("10.0.0.1", TLS).with_object(SECRET)
    green = _shop("10.1.0.1", TLS)
    builder = Builder(BuildOptions(active=GREEN))
    builder.build(_both(blue, green))

    lent = builder.build({GREEN: green}).hosts[0].certificate
    own = builder.build({GREEN: green.with_object(SECRET)}).hosts[0].certificate

    assert lent is not None
    assert lent.cluster is BLUE
    assert own is not None
    assert own.cluster is GREEN


def test_the_settings_of_the_cluster_that_is_followed_win_from_the_next_build_on() -> None:
    slow = snapshot(
        ingress(annotations="{bascule.dev/timeout: 7s}"), service(), endpoints("10.1.0.1")
    )
    builder = Builder(BuildOptions())
    before = builder.build(_both(_shop("10.0.0.1"), slow))

    builder.follow(GREEN)
    builder.follow(GREEN)
    after = builder.build(_both(_shop("10.0.0.1"), slow))

    timeouts = [r.hosts[0].routes[0].settings.timeout_s for r in (before, after)]
    assert timeouts == [None, 7.0]
