from bascule.gateway.envoy.clusters import build_assignment
from bascule.gateway.envoy.snapshot import (
    EMPTY_SNAPSHOT,
    Delta,
    Kind,
    Resource,
    Snapshot,
    build_resource,
    diff_kind,
    diff_versions,
    is_empty_assignment,
)
from bascule.ids import Cluster
from tests.support import tables


def _resources(**bodies: bytes) -> dict[str, Resource]:
    return {name: build_resource(name, body) for name, body in bodies.items()}


def test_the_version_is_made_from_the_content_alone() -> None:
    assert build_resource("a", b"x").version == build_resource("b", b"x").version
    assert build_resource("a", b"x").version != build_resource("a", b"y").version


def test_the_body_of_a_resource_does_not_show() -> None:
    assert "secret" not in repr(build_resource("a", b"secret"))


def test_a_kind_that_is_not_there_is_empty() -> None:
    assert dict(EMPTY_SNAPSHOT.of(Kind.ROUTES)) == {}


def test_replacing_keeps_the_other_kinds() -> None:
    clusters, routes = _resources(a=b"1"), _resources(r=b"2")
    snapshot = Snapshot({Kind.CLUSTER: clusters})

    both = snapshot.replacing({Kind.ROUTES: routes})

    assert both.of(Kind.CLUSTER) is clusters
    assert both.of(Kind.ROUTES) is routes
    assert dict(snapshot.of(Kind.ROUTES)) == {}


def test_a_client_is_told_what_is_new_changed_and_gone_in_order() -> None:
    wanted = _resources(same=b"1", new=b"2", changed=b"3")
    known = {"same": wanted["same"].version, "changed": "old", "gone": "x"}

    delta = diff_versions(known, wanted, {"same", "new", "changed", "gone", "absent"})

    assert [resource.name for resource in delta.changed] == ["changed", "new"]
    assert delta.removed == ("absent", "gone")
    assert not delta.is_empty


def test_two_sets_of_one_kind_differ_by_content() -> None:
    old = _resources(same=b"1", changed=b"2", gone=b"3")
    new = _resources(same=b"1", changed=b"9", new=b"4")

    delta = diff_kind(old, new)

    assert {resource.name for resource in delta.changed} == {"changed", "new"}
    assert delta.removed == ("gone",)
    assert diff_kind(old, old) == Delta()
    assert Delta().is_empty


def test_an_assignment_without_endpoints_is_told_by_its_size() -> None:
    full = tables.backend(Cluster.BLUE, "web", 80)
    empty = tables.backend(Cluster.BLUE, "web")
    long_name = tables.backend(Cluster.BLUE, "w" * 200)

    found = [is_empty_assignment(build_assignment(b)) for b in (full, empty, long_name)]

    assert found == [False, True, True]
