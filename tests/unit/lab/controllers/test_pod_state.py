from datetime import UTC, datetime
from typing import Any

from bascule.lab.controllers.pod_state import available_in_s, deletion_rank, is_active

Object = dict[str, Any]
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def pod(
    name: str, *, ready: bool = True, phase: str = "Running", created: str = "", **more: Any
) -> Object:
    condition: Object = {"type": "Ready", "status": str(ready)}
    condition |= more.pop("since", {})
    return {
        "metadata": {"name": name, "creationTimestamp": created, **more},
        "spec": {"nodeName": "node-1"},
        "status": {"phase": phase, "conditions": [condition]},
    }


def test_the_least_useful_pod_is_given_up_first() -> None:
    unscheduled = pod("unscheduled", phase="Pending")
    unscheduled["spec"] = {}
    cost = {"controller.kubernetes.io/pod-deletion-cost": "-5"}
    pods = [
        pod("old", created="2026-01-01T00:00:00Z"),
        pod("young", created="2026-01-01T00:00:59Z"),
        pod("cheap", created="2026-01-01T00:00:00Z", annotations=cost),
        pod("unready", ready=False),
        pod("pending", phase="Pending"),
        unscheduled,
    ]

    order = [item["metadata"]["name"] for item in sorted(pods, key=deletion_rank)]

    assert order == ["unscheduled", "pending", "unready", "cheap", "young", "old"]


def test_a_pod_is_available_after_it_has_been_ready_long_enough() -> None:
    ready = pod("web", since={"lastTransitionTime": "2026-01-01T00:00:50Z"})

    assert available_in_s(ready, 0, NOW) == 0
    assert available_in_s(ready, 30, NOW) == 20
    assert available_in_s(pod("web", ready=False), 0, NOW) is None
    assert available_in_s(pod("web"), 30, NOW) == 30


def test_a_pod_that_ended_or_is_going_does_not_count() -> None:
    assert is_active(pod("web"))
    assert not is_active(pod("web", phase="Failed"))
    assert not is_active(pod("web", deletionTimestamp="2026-01-01T00:00:00Z"))
