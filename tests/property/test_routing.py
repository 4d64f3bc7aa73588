"""What holds for every table, whatever the clusters contain."""

import random
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.ids import Cluster
from bascule.manifest.objects import ManifestObject, ObjectRef
from bascule.manifest.snapshot import EMPTY_SNAPSHOT, ClusterSnapshot, diff_snapshots
from bascule.routing.build import BuildOptions, build_routes
from bascule.routing.documents import whole_split
from bascule.routing.explain import Answer, explain, matches_path
from bascule.routing.incremental import Builder
from bascule.routing.model import RouteSet
from bascule.routing.validate import validate_routes
from tests.support.routing_worlds import manifest_objects

OPTIONS = BuildOptions(reads_probes=True, reads_rewrites=True)
WORLDS = st.lists(manifest_objects(), max_size=12)
FEW = settings(max_examples=60, deadline=None)


def _distinct(objects: list[ManifestObject]) -> list[ManifestObject]:
    return list({item.ref: item for item in objects}.values())


def _snapshots(
    blue: list[ManifestObject], green: list[ManifestObject]
) -> Mapping[Cluster, ClusterSnapshot]:
    return {Cluster.BLUE: ClusterSnapshot.of(blue), Cluster.GREEN: ClusterSnapshot.of(green)}


@FEW
@given(WORLDS, WORLDS, st.randoms(use_true_random=False))
def test_the_order_of_objects_never_matters(
    blue: list[ManifestObject], green: list[ManifestObject], rng: random.Random
) -> None:
    blue, green = _distinct(blue), _distinct(green)
    shuffled = [rng.sample(part, len(part)) for part in (blue, green)]

    first = build_routes(_snapshots(blue, green), options=OPTIONS)
    second = build_routes(_snapshots(*shuffled), options=OPTIONS)

    assert second == first
    assert second.digest == first.digest
    assert second.backends == first.backends


Change = tuple[Cluster, ManifestObject | ObjectRef | bool]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(Cluster),
        st.one_of(
            manifest_objects(),
            manifest_objects(),
            manifest_objects().map(lambda item: item.ref),
            st.booleans(),
        ),
    ),
    min_size=1,
    max_size=10,
)


def _apply(snapshot: ClusterSnapshot, change: ManifestObject | ObjectRef | bool) -> ClusterSnapshot:  # noqa: FBT001 — a change of completeness is a boolean
    if isinstance(change, bool):
        return ClusterSnapshot(objects=snapshot.objects, is_complete=change)
    if isinstance(change, ObjectRef):
        return snapshot.without(change)
    return snapshot.with_object(change)


@FEW
@given(WORLDS, WORLDS, CHANGES, st.integers(min_value=1, max_value=3))
def test_an_incremental_build_equals_a_whole_one(
    blue: list[ManifestObject], green: list[ManifestObject], changes: list[Change], every: int
) -> None:
    snapshots = dict(_snapshots(blue, green))
    builder = Builder(OPTIONS)
    last: RouteSet = builder.build(snapshots)

    for number, (cluster, change) in enumerate(changes):
        snapshots[cluster] = _apply(snapshots[cluster], change)
        if number % every == 0:
            whole = build_routes(snapshots, options=OPTIONS, previous=last)
            last = builder.build(snapshots)

            assert last == whole
            assert last.digest == whole.digest
            assert last.backends == whole.backends
            validate_routes(last)


@FEW
@given(WORLDS, CHANGES)
def test_a_diff_of_snapshots_names_what_changed_and_nothing_else(
    objects: list[ManifestObject], changes: list[Change]
) -> None:
    old = new = ClusterSnapshot.of(objects)
    for _, change in changes:
        new = _apply(new, change)

    diff = diff_snapshots(old, new)

    before, after = ({item.ref: item for item in each} for each in (old, new))
    assert set(diff.removed) == before.keys() - after.keys()
    assert set(diff.changed) == {ref for ref, item in after.items() if before.get(ref) != item}


@FEW
@given(WORLDS, WORLDS)
def test_tables_differ_exactly_when_their_digests_do(
    blue: list[ManifestObject], green: list[ManifestObject]
) -> None:
    first = build_routes(_snapshots(blue, green), options=OPTIONS)
    second = build_routes(_snapshots(green, blue), options=OPTIONS)

    is_same = (first.listeners, first.hosts) == (second.listeners, second.hosts)
    assert is_same == (first.digest == second.digest)


@FEW
@given(
    WORLDS,
    WORLDS,
    st.sampled_from(("a.test", "b.a.test", "c.a.test", "d.c.a.test", "x.test", "elsewhere")),
    st.sampled_from(("/", "/foo", "/foo/", "/foo/bar/x", "/foobar", "/other")),
)
def test_the_first_route_of_the_most_specific_host_answers(
    blue: list[ManifestObject], green: list[ManifestObject], host: str, path: str
) -> None:
    routes = build_routes(_snapshots(blue, green), options=OPTIONS)
    by_name = {found.name: found for found in routes.hosts}
    names = (host, f"*.{host.partition('.')[2]}", "*")
    expected = next((by_name[name] for name in names if name in by_name), None)

    found = explain(routes, f"http://{host}{path}", {}, whole_split(Cluster.BLUE))

    assert found.host == (expected.name if expected else "")
    matching = [r for r in expected.routes if matches_path(r.match, path)] if expected else []
    assert bool(matching) == bool(found.rule)
    if expected is not None and matching:
        assert found.rule == f"{matching[0].match.kind} {expected.name}{matching[0].match.path}"


@FEW
@given(WORLDS, WORLDS)
def test_a_tls_host_without_a_certificate_is_never_served(
    blue: list[ManifestObject], green: list[ManifestObject]
) -> None:
    routes = build_routes(_snapshots(blue, green), options=OPTIONS)

    for host in routes.hosts:
        if host.is_tls and host.certificate is None and host.routes:
            name = host.name.replace("*", "any")
            found = explain(
                RouteSet(listeners=(), hosts=(host,)),
                f"http://{name}{host.routes[0].match.path}",
                {},
                whole_split(Cluster.BLUE),
            )
            assert found.answer is Answer.REFUSED


def test_a_build_of_nothing_is_an_empty_table() -> None:
    routes = build_routes(dict.fromkeys(Cluster, EMPTY_SNAPSHOT), options=OPTIONS, previous=None)

    assert routes.hosts == ()
    assert routes.problems == ()
    assert routes.stale == frozenset(Cluster)
