import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bascule.errors import InvariantError
from bascule.gateway.envoy.consistency import check_consistency
from bascule.gateway.envoy.route_sets import CHUNK_HOSTS
from bascule.gateway.envoy.snapshot import Kind, Snapshot
from bascule.gateway.envoy.stance import Stance
from bascule.gateway.envoy.translate import (
    Translation,
    name_secrets,
    translate,
    translate_in_steps,
)
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE, Certificate
from bascule.routing.model import BackendProtocol, Host, RouteSet
from bascule.routing.weights import Split, Weights
from tests.support import tables
from tests.support.envoy_golden import show_snapshot, translate_document
from tests.support.tables import ALL_BLUE, ALL_GREEN

GOLDEN = Path(__file__).parents[3] / "golden" / "envoy"
KINDS = {
    "listeners": Kind.LISTENER,
    "routes": Kind.ROUTES,
    "clusters": Kind.CLUSTER,
    "endpoints": Kind.ENDPOINTS,
    "secrets": Kind.SECRET,
    "runtime": Kind.RUNTIME,
}
BLUE = Stance(Split(ALL_BLUE))


@pytest.mark.parametrize(
    "case", sorted(GOLDEN.glob("*.in.yaml")), ids=lambda path: path.name.removesuffix(".in.yaml")
)
def test_a_table_becomes_the_resources_of_its_golden_file(case: Path) -> None:
    text = case.read_text()
    expected = case.with_name(case.name.replace(".in.", ".out."))

    snapshot = translate_document(text)
    shown = show_snapshot(snapshot, {name: KINDS[name] for name in yaml.safe_load(text)["show"]})

    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(shown)
    assert shown == expected.read_text()
    check_consistency(snapshot)


def _hosts(count: int, green_port: int = 90) -> list[Host]:
    return list(tables.many_hosts(count, 80, green_port, services=count))


def _changed_kinds(old: Snapshot, new: Snapshot) -> dict[str, list[str]]:
    return {
        name: sorted(
            key
            for key in {*old.of(kind), *new.of(kind)}
            if old.of(kind).get(key) is not new.of(kind).get(key)
        )
        for name, kind in KINDS.items()
        if old.of(kind) is not new.of(kind)
    }


def test_the_same_table_twice_gives_the_same_objects() -> None:
    routes = tables.route_set(_hosts(3))
    first = translate(routes, BLUE, EMPTY_STORE)

    second = translate(tables.route_set(_hosts(3)), BLUE, EMPTY_STORE, first)

    assert _changed_kinds(first.snapshot, second.snapshot) == {}


def test_the_parts_of_a_translation_outlive_its_runtime() -> None:
    routes = tables.route_set(_hosts(2))
    first = translate(routes, BLUE, EMPTY_STORE)
    forced = first.snapshot.replacing({Kind.RUNTIME: {}})

    second = translate(routes, BLUE, EMPTY_STORE, first.under(forced))

    assert _changed_kinds(first.snapshot, second.snapshot) == {"runtime": ["bascule"]}


def test_a_changed_endpoint_changes_one_assignment_and_nothing_else() -> None:
    hosts = _hosts(3)
    first = translate(tables.route_set(hosts), BLUE, EMPTY_STORE)
    more = tables.backend(Cluster.BLUE, "s1", 80, 81)
    hosts[1] = replace(hosts[1], routes=(replace(hosts[1].routes[0], blue=more),))

    second = translate(tables.route_set(hosts), BLUE, EMPTY_STORE, first)

    assert _changed_kinds(first.snapshot, second.snapshot) == {"endpoints": ["blue/shop/s1/http"]}


def test_what_is_built_on_something_before_equals_what_is_built_anew() -> None:
    pair = [tables.backend(cluster, "s0", 80) for cluster in Cluster]
    h2c = tables.backend(Cluster.BLUE, "s1", 80, protocol=BackendProtocol.H2C)
    wild = tables.host("*.a.com", tables.route(h2c, None))
    steps: list[tuple[RouteSet, Stance]] = [
        (tables.route_set(_hosts(3)), BLUE),
        (tables.route_set(_hosts(4)), BLUE),
        (tables.route_set(_hosts(2)), Stance(Split(Weights(5_000)))),
        (
            tables.route_set([*_hosts(2), tables.host("*", tables.route(*pair))]),
            Stance(Split(Weights(5_000), {"h1.example.com": ALL_GREEN})),
        ),
        (tables.route_set([wild]), BLUE),
        (
            tables.route_set([wild, tables.host("*", tables.route(*pair))]),
            Stance(Split(ALL_GREEN), {"": Cluster.BLUE}),
        ),
    ]
    before = Translation(snapshot=Snapshot())

    for routes, stance in steps:
        before = translate(routes, stance, EMPTY_STORE, before)

        fresh = translate(routes, stance, EMPTY_STORE)
        for kind in Kind:
            built = {name: r.version for name, r in before.snapshot.of(kind).items()}
            assert built == {name: r.version for name, r in fresh.snapshot.of(kind).items()}


def test_a_renewed_certificate_changes_its_secret_only() -> None:
    old, new = Certificate(b"old", b"key"), Certificate(b"new", b"key")
    pair = [tables.backend(cluster, "web", 80) for cluster in Cluster]

    def routes(certificate: Certificate) -> RouteSet:
        host = tables.host("a.com", tables.route(*pair), certificate=certificate)
        return tables.route_set([host], tls_port=8443)

    first = translate(routes(old), BLUE, tables.store(old))
    same = translate(routes(old), BLUE, tables.store(), first)
    renewed = translate(routes(new), BLUE, tables.store(new), first)

    assert _changed_kinds(first.snapshot, same.snapshot) == {}
    assert _changed_kinds(first.snapshot, renewed.snapshot) == {"secrets": ["shop/a.com-tls"]}


def test_two_certificates_of_one_name_have_two_secrets() -> None:
    one, two = Certificate(b"one", b"key"), Certificate(b"two", b"key")
    route = tables.route(tables.backend(Cluster.BLUE, "web", 80), None)
    hosts = [
        tables.host("a.com", route, certificate=one, secret="tls"),
        tables.host("b.com", route, certificate=two, secret="tls"),
        tables.host("c.com", route),
    ]

    named = name_secrets(tables.route_set(hosts))

    assert named == {"a.com": f"shop/tls/{one.digest[:12]}", "b.com": f"shop/tls/{two.digest[:12]}"}


def test_a_certificate_that_was_not_handed_over_is_our_bug() -> None:
    route = tables.route(tables.backend(Cluster.BLUE, "web", 80), None)
    host = tables.host("a.com", route, certificate=Certificate(b"chain", b"key"))

    with pytest.raises(InvariantError, match=r"shop/a\.com-tls"):
        translate(tables.route_set([host], tls_port=8443), BLUE, EMPTY_STORE)


def test_no_key_shows_in_the_text_of_a_translation() -> None:
    certificate = Certificate(b"chain", b"very-secret")
    route = tables.route(tables.backend(Cluster.BLUE, "web", 80), None)
    host = tables.host("a.com", route, certificate=certificate)

    built = translate(tables.route_set([host], tls_port=8443), BLUE, tables.store(certificate))

    assert "very-secret" not in repr(built)


def test_a_large_table_lets_others_run_while_it_is_built() -> None:
    count = 3 * CHUNK_HOSTS

    steps = list(translate_in_steps(tables.route_set(_hosts(count)), BLUE, EMPTY_STORE))

    assert len(steps) >= 3


def test_without_a_tls_listener_no_secret_is_published() -> None:
    certificate = Certificate(b"chain", b"key")
    blue = tables.backend(Cluster.BLUE, "web", 1001)
    host = tables.host("a.example.com", tables.route(blue, None), certificate=certificate)
    routes = tables.route_set([host])

    translation = translate(routes, BLUE, tables.store(certificate))

    assert translation.snapshot.of(Kind.SECRET) == {}


def test_what_a_proxy_of_ours_in_front_forwards_is_believed() -> None:
    routes = tables.route_set(_hosts(1))
    alone = translate(routes, BLUE, EMPTY_STORE)

    behind = translate(routes, replace(BLUE, proxies=1), EMPTY_STORE, alone)

    shown = show_snapshot(behind.snapshot, {"listeners": Kind.LISTENER})
    assert "xff_num_trusted_hops: 1" in shown
    assert _changed_kinds(alone.snapshot, behind.snapshot) == {"listeners": ["http"]}
