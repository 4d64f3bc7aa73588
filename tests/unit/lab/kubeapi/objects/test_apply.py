import copy
from typing import Any

import msgspec
import pytest

from bascule.lab.kubeapi.objects.apply import (
    BEFORE_FIRST_APPLY,
    LAST_APPLIED,
    Writer,
    apply_configuration,
    track_update,
)
from bascule.lab.kubeapi.objects.schema import Gvk, load_catalog, parse_custom_schema
from bascule.lab.kubeapi.objects.statuses import StatusError

Object = dict[str, Any]
SCHEMA = load_catalog("1.36").schema_of(Gvk.parse("apps/v1", "Deployment"))
EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def writer(manager: str, time: str = EARLY, **fields: Any) -> Writer:
    return Writer(manager=manager, api_version="apps/v1", time=time, **fields)


def deployment(image: str = "web:1", **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}, **spec},
    }


def applied(live: Object | None, intent: Object, manager: str = "ci", **options: Any) -> Object:
    who = options.pop("writer", writer(manager))
    return apply_configuration(live, intent, schema=SCHEMA, writer=who, **options)


def updated(old: Object | None, new: Object, manager: str, **fields: Any) -> Object:
    return track_update(old, new, schema=SCHEMA, writer=writer(manager, **fields))


def owners(obj: Object) -> dict[str, Object]:
    return {entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"]["managedFields"]}


def changed(obj: Object, **spec: Any) -> Object:
    copied = copy.deepcopy(obj)
    copied["spec"].update(spec)
    return copied


def test_an_applier_owns_what_it_says() -> None:
    made = applied(None, deployment(replicas=2))

    assert made["spec"]["replicas"] == 2
    assert made["metadata"]["managedFields"] == [
        {
            "manager": "ci",
            "operation": "Apply",
            "apiVersion": "apps/v1",
            "time": EARLY,
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {
                    "f:replicas": {},
                    "f:template": {
                        "f:spec": {
                            "f:containers": {
                                'k:{"name":"web"}': {".": {}, "f:image": {}, "f:name": {}}
                            }
                        }
                    },
                },
            },
        }
    ]


def test_applying_twice_changes_nothing_not_even_the_time() -> None:
    made = applied(None, deployment())

    assert applied(made, deployment(), writer=writer("ci", LATE)) == made


def test_a_change_renews_the_time() -> None:
    made = applied(applied(None, deployment()), deployment("web:2"), writer=writer("ci", LATE))

    assert made["metadata"]["managedFields"][0]["time"] == LATE


def test_a_field_of_another_manager_is_a_conflict_that_names_both() -> None:
    made = applied(None, deployment(replicas=2))
    scaled = updated(made, changed(made, replicas=5), "scaler")

    with pytest.raises(StatusError) as caught:
        applied(scaled, deployment(replicas=2))

    assert (caught.value.code, caught.value.reason) == (409, "Conflict")
    assert caught.value.message == (
        'Apply failed with 1 conflict: conflict with "scaler" using apps/v1: .spec.replicas'
    )
    assert caught.value.details == {
        "causes": [
            {
                "reason": "FieldManagerConflict",
                "message": 'conflict with "scaler" using apps/v1',
                "field": ".spec.replicas",
            }
        ]
    }


def test_several_conflicts_are_listed_by_manager() -> None:
    made = applied(None, deployment(replicas=2))
    other = applied(made, deployment("web:2", replicas=3), "other", force=True)
    scaled = updated(other, changed(other, replicas=5), "scaler", subresource="scale")

    with pytest.raises(StatusError) as caught:
        applied(scaled, deployment(replicas=2))

    assert caught.value.message == (
        'Apply failed with 2 conflicts: conflicts with "other":\n'
        '- .spec.template.spec.containers[name="web"].image\n'
        'conflicts with "scaler" with subresource "scale" using apps/v1:\n'
        "- .spec.replicas"
    )


def test_the_same_value_is_shared_without_conflict() -> None:
    made = applied(None, deployment(replicas=2))

    shared = applied(made, deployment(replicas=2), "other")

    assert set(owners(shared)) == {"ci", "other"}


def test_force_takes_the_field_away() -> None:
    made = applied(None, deployment(replicas=2))
    scaled = updated(made, changed(made, replicas=5), "scaler")

    forced = applied(scaled, deployment(replicas=2), force=True)

    assert forced["spec"]["replicas"] == 2
    assert set(owners(forced)) == {"ci"}


def test_a_dropped_field_goes_when_nobody_else_owns_it() -> None:
    made = applied(None, deployment(replicas=2, paused=True))
    scaled = updated(made, changed(made, replicas=5), "scaler")

    dropped = applied(scaled, deployment())

    assert "paused" not in dropped["spec"]
    assert dropped["spec"]["replicas"] == 5


def test_a_dropped_item_goes_with_what_nobody_owns_in_it() -> None:
    two = deployment()
    two["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "s:1"})
    made = applied(None, two)
    made["spec"]["template"]["spec"]["containers"][1]["imagePullPolicy"] = "Always"

    dropped = applied(made, deployment())

    assert [c["name"] for c in dropped["spec"]["template"]["spec"]["containers"]] == ["web"]


def test_the_name_is_nobodys() -> None:
    bare = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}

    dropped = applied(applied(None, deployment()), bare)

    assert dropped["metadata"]["name"] == "web"
    assert "labels" not in dropped["metadata"]


def test_an_object_that_nobody_tracked_belonged_to_somebody_before() -> None:
    live = deployment(replicas=1)

    with pytest.raises(StatusError, match=BEFORE_FIRST_APPLY):
        applied(live, deployment(replicas=2))

    assert BEFORE_FIRST_APPLY in owners(applied(live, deployment(replicas=1)))


def client_side(intent: Object) -> Object:
    live = copy.deepcopy(intent)
    text = msgspec.json.encode(intent).decode()
    live["metadata"]["annotations"] = {LAST_APPLIED: text}
    return updated(None, live, "kubectl-client-side-apply")


def test_kubectl_takes_over_what_it_applied_client_side() -> None:
    live = client_side(deployment(replicas=1))

    made = applied(live, deployment("web:2", replicas=4), "kubectl")

    assert made["spec"]["replicas"] == 4
    written = msgspec.json.decode(made["metadata"]["annotations"][LAST_APPLIED])
    assert written == deployment("web:2", replicas=4)


def test_kubectl_does_not_take_over_what_has_changed_since() -> None:
    live = client_side(deployment(replicas=1))
    scaled = updated(live, changed(live, replicas=7), "scaler")

    with pytest.raises(StatusError, match=r"\.spec\.replicas"):
        applied(scaled, deployment(replicas=4), "kubectl")


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_annotation_allows_nothing(text: str) -> None:
    live = client_side(deployment(replicas=1))
    live["metadata"]["annotations"][LAST_APPLIED] = text

    with pytest.raises(StatusError, match="conflict"):
        applied(live, deployment(replicas=2), "kubectl")


def test_the_annotation_in_an_intent_is_not_nested_into_itself() -> None:
    live = client_side(deployment())
    intent = deployment()
    intent["metadata"]["annotations"] = {LAST_APPLIED: "{}", "a": "b"}

    made = applied(live, intent, "kubectl", force=True)

    written = msgspec.json.decode(made["metadata"]["annotations"][LAST_APPLIED])
    assert written["metadata"]["annotations"] == {"a": "b"}


def test_an_intent_carries_no_managed_fields() -> None:
    intent = deployment()
    intent["metadata"]["managedFields"] = []

    with pytest.raises(StatusError) as caught:
        applied(None, intent)

    assert caught.value.code == 400


def test_an_intent_must_fit_the_schema() -> None:
    with pytest.raises(StatusError) as caught:
        applied(None, deployment(foo=1))

    assert caught.value.message == (
        "failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): "
        ".spec.foo: field not declared in schema"
    )


def test_an_updater_owns_what_it_changes_and_takes_it_from_others() -> None:
    made = applied(None, deployment(replicas=2))

    scaled = updated(made, changed(made, replicas=5), "scaler", time=LATE)

    assert "f:replicas" not in owners(scaled)["ci"]["f:spec"]
    assert owners(scaled)["scaler"] == {"f:spec": {"f:replicas": {}}}
    again = updated(scaled, changed(scaled, paused=True), "scaler")
    assert owners(again)["scaler"] == {"f:spec": {"f:paused": {}, "f:replicas": {}}}


def test_appliers_stand_before_updaters_and_older_before_newer() -> None:
    made = updated(None, deployment(), "creator", time=LATE)
    made = applied(made, deployment(replicas=1), "b", writer=writer("b", LATE))
    made = applied(made, deployment(replicas=1), "a", writer=writer("a", EARLY))

    names = [entry["manager"] for entry in made["metadata"]["managedFields"]]
    assert names == ["a", "b", "creator"]


def test_a_removed_field_is_nobodys() -> None:
    made = updated(None, deployment(replicas=1), "creator")
    without = copy.deepcopy(made)
    del without["spec"]["replicas"]

    left = updated(made, without, "other")

    assert "f:replicas" not in owners(left)["creator"]["f:spec"]
    assert set(owners(left)) == {"creator"}


def test_status_is_owned_through_its_subresource_only() -> None:
    made = updated(None, {**deployment(), "status": {"replicas": 1}}, "creator")
    reported = {**made, "status": {"replicas": 2}, "spec": {}}

    written = updated(made, reported, "controller", subresource="status")

    entries = {e["manager"]: e for e in written["metadata"]["managedFields"]}
    assert "f:status" not in entries["creator"]["fieldsV1"]
    assert entries["controller"]["fieldsV1"] == {"f:status": {"f:replicas": {}}}
    assert entries["controller"]["subresource"] == "status"


def test_a_status_that_is_no_subresource_is_owned_like_the_rest() -> None:
    made = updated(None, {**deployment(), "status": {"replicas": 1}}, "c", has_status=False)

    assert owners(made)["c"]["f:status"] == {"f:replicas": {}}


def test_managed_fields_can_be_reset_and_replaced() -> None:
    made = updated(None, deployment(), "creator")
    reset = copy.deepcopy(made)
    reset["metadata"]["managedFields"] = [{}]
    renamed = copy.deepcopy(made)
    renamed["metadata"]["managedFields"][0]["manager"] = "heir"

    assert "managedFields" not in updated(made, reset, "x")["metadata"]
    assert set(owners(updated(made, renamed, "x"))) == {"heir"}
    assert set(owners(updated(made, renamed, "x", subresource="status"))) == {"creator"}


def test_entries_that_cannot_be_read_are_dropped() -> None:
    made = updated(None, deployment(), "creator")
    made["metadata"]["managedFields"].append({"manager": "odd", "operation": "Guess"})

    assert set(owners(updated(made, made, "x"))) == {"creator"}


def test_an_untracked_object_stays_untracked_by_updates() -> None:
    assert "managedFields" not in updated(deployment(), deployment("web:2"), "x")["metadata"]


def test_a_custom_kind_is_read_by_its_own_schema() -> None:
    schema = parse_custom_schema(
        {
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "properties": {
                        "jobs": {
                            "type": "array",
                            "x-kubernetes-list-type": "map",
                            "x-kubernetes-list-map-keys": ["id"],
                            "items": {
                                "type": "object",
                                "properties": {
                                    "id": {"type": "string"},
                                    "at": {"type": "string"},
                                },
                            },
                        }
                    },
                }
            },
        },
        load_catalog("1.36"),
    )

    def tab(*jobs: Object) -> Object:
        return {
            "apiVersion": "stable.example.com/v1",
            "kind": "CronTab",
            "metadata": {"name": "tab"},
            "spec": {"jobs": list(jobs)},
        }

    one = apply_configuration(None, tab({"id": "a"}), schema=schema, writer=writer("one"))
    two = apply_configuration(one, tab({"id": "b"}), schema=schema, writer=writer("two"))

    assert two["spec"]["jobs"] == [{"id": "a"}, {"id": "b"}]
    again = apply_configuration(two, tab(), schema=schema, writer=writer("one"))
    assert again["spec"]["jobs"] == [{"id": "b"}]


def test_without_a_schema_everything_is_granular() -> None:
    made = apply_configuration(
        None, {"metadata": {"name": "x"}, "a": {"b": 1}}, schema=None, writer=writer("w")
    )

    assert owners(made)["w"] == {"f:a": {".": {}, "f:b": {}}}
