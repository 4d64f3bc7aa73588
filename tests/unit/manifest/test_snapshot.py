from bascule.manifest.objects import Kind, ObjectRef, Service
from bascule.manifest.snapshot import EMPTY_SNAPSHOT, ClusterSnapshot, diff_snapshots
from tests.support.manifests import endpoints, ingress, pod, rewrite, service, snapshot, views

WEB = ObjectRef(Kind.SERVICE, "shop", "web")
API = ObjectRef(Kind.SERVICE, "shop", "api")
CLASS = """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: bascule}
spec: {controller: bascule.dev/ingress}
"""


def test_objects_are_found_by_kind_and_name() -> None:
    world = snapshot(ingress(), service(), endpoints("10.0.0.1"), CLASS)

    assert [i.meta.name for i in world.ingresses()] == ["web"]
    assert [c.meta.name for c in world.ingress_classes()] == ["bascule"]
    assert [s.meta.name for s in world.endpoint_slices()] == ["web"]
    assert world.service("shop", "web") is not None
    assert world.service("shop", "api") is None
    assert world.secret("shop", "cert") is None
    assert len(world) == len(list(world)) == 4


def test_pods_and_rewrite_rules_are_found_by_name() -> None:
    world = snapshot(pod("web-1"), rewrite())

    assert world.pod("shop", "web-1") is not None
    assert world.pod("shop", "web-2") is None
    assert world.rewrite("shop", "headers") is not None
    assert world.rewrite("shop", "others") is None


def test_the_empty_snapshot_holds_nothing_and_is_not_complete() -> None:
    assert len(EMPTY_SNAPSHOT) == 0
    assert not EMPTY_SNAPSHOT.is_complete
    assert EMPTY_SNAPSHOT.get(WEB) is None


def test_a_change_leaves_the_former_snapshot_as_it_was() -> None:
    before = snapshot(service())
    (other,) = views(service("api"))

    after = before.with_object(other)

    assert before.get(API) is None
    assert after.get(API) is other
    assert after.get(WEB) is before.get(WEB)


def test_an_equal_object_changes_nothing() -> None:
    before = snapshot(service())
    (same,) = views(service())

    assert before.with_object(same) is before


def test_an_object_is_taken_out_and_the_rest_stays() -> None:
    before = snapshot(service(), service("api"))

    after = before.without(WEB)

    assert after.get(WEB) is None
    assert after.get(API) is before.get(API)
    assert len(after.without(API)) == 0


def test_taking_out_what_is_not_there_changes_nothing() -> None:
    before = snapshot(service())

    assert before.without(API) is before


def test_a_list_replaces_one_kind_and_keeps_what_is_equal() -> None:
    before = snapshot(service(), service("api"), endpoints("10.0.0.1"))

    after = before.with_kind(Kind.SERVICE, views(service()))

    assert after.get(WEB) is before.get(WEB)
    assert after.get(API) is None
    assert len(list(after.endpoint_slices())) == 1


def test_a_list_that_brings_nothing_new_costs_a_diff_nothing() -> None:
    before = snapshot(service(), service("api"))

    after = before.with_kind(Kind.SERVICE, views(service() + service("api")))

    assert after.objects[Kind.SERVICE]["shop"] is before.objects[Kind.SERVICE]["shop"]
    assert not diff_snapshots(before, after)


def test_a_diff_names_what_is_new_different_and_gone() -> None:
    before = snapshot(service(), service("api"), ingress())
    (changed,) = views(service(spec="ports: [{port: 81}]"))
    (added,) = views(service("new"))

    after = before.with_object(changed).with_object(added).without(API)
    diff = diff_snapshots(before, after)

    assert diff
    assert diff.changed == (ObjectRef(Kind.SERVICE, "shop", "new"), WEB)
    assert diff.removed == (API,)


def test_a_diff_of_the_same_snapshot_is_empty() -> None:
    world = snapshot(service())

    assert not diff_snapshots(world, world)


def test_a_diff_skips_namespaces_that_did_not_change() -> None:
    before = snapshot(service())
    (elsewhere,) = views(service().replace("namespace: shop", "namespace: other"))

    diff = diff_snapshots(before, before.with_object(elsewhere))

    assert diff.changed == (ObjectRef(Kind.SERVICE, "other", "web"),)


def test_of_two_objects_with_one_name_the_later_stays() -> None:
    first, second = views(service() + service(spec="ports: []"))

    world = ClusterSnapshot.of([first, second])

    assert isinstance(second, Service)
    assert world.service("shop", "web") == second
