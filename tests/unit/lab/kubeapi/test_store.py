from pathlib import Path

import pytest

from bascule.lab.kubeapi.object_tables import ObjectKey
from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.refusals import (
    AlreadyExistsError,
    ConflictError,
    ExpiredError,
    ForbiddenError,
    NotFoundError,
    TooLargeVersionError,
)
from bascule.lab.kubeapi.store import Object
from tests.support.lab_store import config, new_store, pod

DEPLOYMENT = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"replicas": 1},
    "status": {"replicas": 9},
}
DEPLOYMENTS = "deployments.apps"


def test_a_new_object_gets_what_the_system_gives() -> None:
    store = new_store()

    created = store.create(DEPLOYMENTS, copy_json(DEPLOYMENT))

    metadata = created["metadata"]
    assert (created["apiVersion"], created["kind"]) == ("apps/v1", "Deployment")
    assert len(metadata["uid"]) == 36
    assert metadata["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert metadata["generation"] == 1
    assert metadata["resourceVersion"] == str(store.resource_version)
    assert created["status"] == {}


def test_a_name_is_generated_from_its_prefix() -> None:
    created = new_store().create(
        "configmaps", {"metadata": {"generateName": "run-", "namespace": "shop"}}
    )

    assert created["metadata"]["name"].startswith("run-")
    assert len(created["metadata"]["name"]) == len("run-") + 5


def test_a_create_with_a_resource_version_is_refused() -> None:
    with pytest.raises(StatusError) as caught:
        new_store().create("configmaps", config("a", resourceVersion="1"))

    assert caught.value.message == "resourceVersion should not be set on objects to be created"


def test_a_second_object_of_the_same_name_is_refused() -> None:
    store = new_store()
    store.create("configmaps", config("a"))

    with pytest.raises(AlreadyExistsError) as caught:
        store.create("configmaps", config("a"))

    assert caught.value.to_status()["details"] == {"name": "a", "kind": "configmaps"}


def test_nothing_is_created_in_a_namespace_that_is_missing_or_going_away() -> None:
    store = new_store()
    store.delete("namespaces", "shop")

    with pytest.raises(ForbiddenError) as going:
        store.create("configmaps", config("a"))
    with pytest.raises(NotFoundError):
        store.create("configmaps", {"metadata": {"name": "a", "namespace": "nowhere"}})

    assert "because it is being terminated" in going.value.message


def test_a_dry_run_stores_nothing() -> None:
    store = new_store()

    answer = store.create("configmaps", config("a"), dry_run=True)

    assert answer["metadata"]["uid"]
    assert store.find("configmaps", "a", "shop") is None


def test_an_unknown_resource_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        new_store().kind("unicorns")
    with pytest.raises(NotFoundError):
        new_store().get("configmaps", "a", "shop")


def test_a_changed_spec_is_a_new_generation_and_a_changed_label_is_none() -> None:
    store = new_store()
    store.create(DEPLOYMENTS, copy_json(DEPLOYMENT))

    labelled = store.patch(DEPLOYMENTS, "web", "shop", {"metadata": {"labels": {"a": "b"}}})
    scaled = store.patch(DEPLOYMENTS, "web", "shop", {"spec": {"replicas": 2}})

    assert labelled["metadata"]["generation"] == 1
    assert scaled["metadata"]["generation"] == 2


def test_status_and_spec_are_written_apart() -> None:
    store = new_store()
    store.create(DEPLOYMENTS, copy_json(DEPLOYMENT))

    store.patch_status(DEPLOYMENTS, "web", "shop", {"replicas": 1})
    after = store.patch(
        DEPLOYMENTS, "web", "shop", {"spec": {"replicas": 3}, "status": {"replicas": 7}}
    )
    metadata = {"name": "web", "namespace": "shop"}
    status_only = store.update_status(
        DEPLOYMENTS, {"metadata": metadata, "spec": {"replicas": 99}, "status": {"replicas": 2}}
    )

    assert after["status"] == {"replicas": 1}
    assert status_only["spec"] == {"replicas": 3}
    assert status_only["status"] == {"replicas": 2}
    assert status_only["metadata"]["generation"] == 2


def test_an_update_that_changes_nothing_keeps_the_version() -> None:
    store = new_store()
    created = store.create("configmaps", config("a"))

    again = store.update("configmaps", copy_json(created))

    assert again["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]
    assert store.resource_version == int(created["metadata"]["resourceVersion"])


def test_a_stale_version_and_another_uid_are_conflicts() -> None:
    store = new_store()
    created = store.create("configmaps", config("a"))
    store.patch("configmaps", "a", "shop", {"data": {"a": "c"}})

    with pytest.raises(ConflictError) as stale:
        store.update("configmaps", copy_json(created))
    with pytest.raises(ConflictError):
        store.update("configmaps", config("a", uid="another"))

    assert "the object has been modified" in stale.value.message


def test_system_metadata_cannot_be_changed() -> None:
    store = new_store()
    created = store.create("configmaps", config("a"))

    changed = copy_json(created)
    changed["metadata"]["creationTimestamp"] = "1999-01-01T00:00:00Z"
    changed["data"] = {}
    stored = store.update("configmaps", changed)

    assert stored["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_lists_are_sorted_and_filtered() -> None:
    store = new_store()
    store.create("namespaces", {"metadata": {"name": "blog"}})
    for name in ("b", "a"):
        store.create("configmaps", config(name))
    store.create("configmaps", {"metadata": {"name": "z", "namespace": "blog"}})

    def listed(namespace: str = "") -> list[str]:
        found = store.list("configmaps", namespace).items
        return [obj["metadata"]["name"] for obj in found]

    only_a = store.list("configmaps", select=lambda obj: obj["metadata"]["name"] == "a")

    assert listed() == ["z", "a", "b"]
    assert listed("shop") == ["a", "b"]
    assert [obj["metadata"]["name"] for obj in only_a.items] == ["a"]
    assert only_a.resource_version == store.resource_version


def test_dependents_are_found_by_their_owners_uid() -> None:
    store = new_store()
    owner = store.create("configmaps", config("owner"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": ""}
    reference["uid"] = owner["metadata"]["uid"]
    store.create("configmaps", config("child", ownerReferences=[reference]))
    uid = owner["metadata"]["uid"]

    before = store.dependents(uid)
    store.patch("configmaps", "child", "shop", {"metadata": {"ownerReferences": None}})

    assert before == (ObjectKey(resource="configmaps", namespace="shop", name="child"),)
    assert store.dependents(uid) == ()
    assert store.owned_by(uid, "configmaps") == ()


def test_finalizers_hold_an_object_until_the_last_is_gone() -> None:
    store = new_store()
    store.create("configmaps", config("a", finalizers=["example.com/hold"]))

    marked = store.delete("configmaps", "a", "shop")
    again = store.delete("configmaps", "a", "shop")
    last = store.patch("configmaps", "a", "shop", {"metadata": {"finalizers": None}})

    assert marked["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:00Z"
    assert again["metadata"]["resourceVersion"] == marked["metadata"]["resourceVersion"]
    assert int(last["metadata"]["resourceVersion"]) == store.resource_version
    assert store.find("configmaps", "a", "shop") is None


def test_a_namespace_goes_when_its_finalizer_does() -> None:
    store = new_store()
    store.create("configmaps", config("a"))

    store.delete("namespaces", "shop")
    keys = store.in_namespace("shop")
    going = copy_json(store.get("namespaces", "shop"))
    going["spec"] = {"finalizers": []}
    store.update("namespaces", going)

    assert [key.name for key in keys] == ["a"]
    assert going["status"]["phase"] == "Terminating"
    assert store.find("namespaces", "shop") is None


def test_subscribers_hear_of_their_resources_only() -> None:
    store = new_store()

    with store.subscribe(("configmaps",)) as subscription:
        store.create("configmaps", config("a"))
        store.create("pods", pod("p"))
        store.patch("configmaps", "a", "shop", {"data": {"a": "c"}})
        store.delete("configmaps", "a", "shop")
        heard = subscription.take()

    assert [change.type for change in heard] == ["ADDED", "MODIFIED", "DELETED"]
    assert heard[1].previous == heard[0].object
    assert heard[2].object["metadata"]["resourceVersion"] == str(store.resource_version)


def test_a_subscription_can_begin_in_the_past_but_not_before_the_window_or_in_the_future() -> None:
    store = new_store()
    first = int(store.create("configmaps", config("a"))["metadata"]["resourceVersion"])
    store.create("configmaps", config("b"))

    with store.subscribe(("configmaps",), since=first) as subscription:
        missed = [change.name for change in subscription.take()]
    store.feed.forget(store.resource_version)

    assert missed == ["b"]
    with pytest.raises(ExpiredError):
        store.subscribe(("configmaps",), since=first)
    with pytest.raises(TooLargeVersionError):
        store.subscribe(("configmaps",), since=store.resource_version + 1)


def test_admissions_see_every_write_before_it_is_stored() -> None:
    store = new_store()

    def stamp(resource: str, new: Object, old: Object | None) -> Object:
        return {**new, "data": {"resource": resource, "was": str(old is not None)}}

    store.add_admission("configmaps", stamp)
    created = store.create("configmaps", config("a"))
    updated = store.patch("configmaps", "a", "shop", {"data": {"x": "y"}})

    assert created["data"] == {"resource": "configmaps", "was": "False"}
    assert updated["data"] == {"resource": "configmaps", "was": "True"}


def test_everything_is_there_again_after_a_restart(tmp_path: Path) -> None:
    store = new_store(directory=tmp_path)
    kept = store.create("configmaps", config("a"))
    store.create("configmaps", config("b"))
    store.delete("configmaps", "b", "shop")
    version = store.resource_version
    store.close()

    again = new_store(directory=tmp_path)

    assert again.resource_version == version
    assert again.get("configmaps", "a", "shop") == kept
    assert again.find("configmaps", "b", "shop") is None
    with pytest.raises(ExpiredError):
        again.subscribe(("configmaps",), since=version - 1)
    again.close()


def test_folding_the_log_keeps_everything(tmp_path: Path) -> None:
    store = new_store(directory=tmp_path, fold_after_bytes=2_000)
    for number in range(40):
        store.create("configmaps", config(f"c{number}"))
    store.delete("configmaps", "c39", "shop")
    version, names = store.resource_version, _names(store.list("configmaps").items)
    store.close()

    again = new_store(directory=tmp_path)

    assert (tmp_path / "snapshot.jsonl").stat().st_size > 0
    assert again.resource_version == version
    assert _names(again.list("configmaps").items) == names
    again.close()


def _names(items: list[Object]) -> list[str]:
    return [obj["metadata"]["name"] for obj in items]
