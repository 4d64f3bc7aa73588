from typing import Any

import pytest

from bascule.lab.kubeapi import lifecycle
from bascule.lab.kubeapi.lifecycle import DeleteOptions
from bascule.lab.kubeapi.refusals import ConflictError
from tests.support.lab_store import START, kind_named

PODS = kind_named("pods")
CONFIGS = kind_named("configmaps")


def running_pod(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "p", "uid": "u", "resourceVersion": "5"}
    return {
        "metadata": metadata,
        "spec": {"nodeName": "n", **spec},
        "status": {"phase": "Running"},
    }


@pytest.mark.parametrize(
    ("asked", "own", "expected"),
    [(None, None, 30), (None, 5, 5), (2, 60, 2), (0, 60, 0), (-1, 60, 0)],
)
def test_a_running_pod_has_its_grace_period(
    asked: int | None, own: int | None, expected: int
) -> None:
    spec = {} if own is None else {"terminationGracePeriodSeconds": own}

    marked = lifecycle.mark_deleted(
        PODS, running_pod(**spec), DeleteOptions(grace_period_s=asked), START
    )

    assert marked["metadata"]["deletionGracePeriodSeconds"] == expected
    assert lifecycle.is_gone(PODS, marked) == (expected == 0)


def test_a_pod_without_a_node_and_a_finished_one_go_at_once() -> None:
    unscheduled = running_pod(nodeName="")
    finished = {**running_pod(), "status": {"phase": "Succeeded"}}

    marked = [
        lifecycle.mark_deleted(PODS, pod, lifecycle.DEFAULT_DELETE, START)
        for pod in (unscheduled, finished)
    ]

    assert all(lifecycle.is_gone(PODS, pod) for pod in marked)


def test_a_grace_period_may_be_shortened_and_never_grows() -> None:
    first = lifecycle.mark_deleted(PODS, running_pod(), lifecycle.DEFAULT_DELETE, START)
    shorter = lifecycle.mark_deleted(PODS, first, DeleteOptions(grace_period_s=3), START)
    longer = lifecycle.mark_deleted(PODS, shorter, DeleteOptions(grace_period_s=50), START)

    assert shorter["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:03Z"
    assert longer == shorter


@pytest.mark.parametrize(
    ("options", "finalizer"),
    [
        (DeleteOptions(propagation="Foreground"), "foregroundDeletion"),
        (DeleteOptions(propagation="Orphan"), "orphan"),
    ],
    ids=["foreground", "orphan"],
)
def test_propagation_is_written_as_a_finalizer(options: DeleteOptions, finalizer: str) -> None:
    obj = {"metadata": {"name": "c", "finalizers": ["orphan", "mine"]}}

    marked = lifecycle.mark_deleted(CONFIGS, obj, options, START)

    assert marked["metadata"]["finalizers"] == ["mine", finalizer]
    assert not lifecycle.is_gone(CONFIGS, marked)


@pytest.mark.parametrize(
    "options", [DeleteOptions(uid="x"), DeleteOptions(resource_version="4")], ids=["uid", "version"]
)
def test_preconditions_must_hold(options: DeleteOptions) -> None:
    with pytest.raises(ConflictError, match="Precondition failed"):
        lifecycle.check_preconditions(PODS, running_pod(), options)


def test_a_new_namespace_is_active_labelled_and_held() -> None:
    space: dict[str, Any] = {"metadata": {"name": "shop"}}

    lifecycle.prepare_create(kind_named("namespaces"), space)

    assert space["status"] == {"phase": "Active"}
    assert space["spec"] == {"finalizers": ["kubernetes"]}
    assert space["metadata"]["labels"] == {"kubernetes.io/metadata.name": "shop"}


def test_a_new_node_keeps_the_status_that_it_comes_with() -> None:
    node: dict[str, Any] = {"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "1"}}}

    lifecycle.prepare_create(kind_named("nodes"), node)

    assert node["status"] == {"capacity": {"cpu": "1"}}
