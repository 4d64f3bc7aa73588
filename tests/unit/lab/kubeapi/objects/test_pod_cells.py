from datetime import UTC, datetime
from typing import Any

import pytest

from bascule.lab.kubeapi.objects.pod_cells import ready_cell, restarts_cell, status_cell

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
RUNNING = {"name": "a", "ready": True, "state": {"running": {}}}


def pod(status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"containers": [{"name": "a"}], **spec}, "status": status}


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({"phase": "Pending"}, "Pending"),
        ({"phase": "Running", "containerStatuses": [RUNNING]}, "Running"),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
        (
            {
                "phase": "Pending",
                "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}],
            },
            "SchedulingGated",
        ),
        (
            {
                "phase": "Pending",
                "containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}],
            },
            "ErrImagePull",
        ),
        ({"containerStatuses": [{"state": {"terminated": {"reason": "OOMKilled"}}}]}, "OOMKilled"),
        ({"containerStatuses": [{"state": {"terminated": {"signal": 9}}}]}, "Signal:9"),
        ({"containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}, "ExitCode:3"),
        (
            {
                "containerStatuses": [
                    {"state": {"terminated": {"reason": "Completed"}}},
                    RUNNING,
                ]
            },
            "NotReady",
        ),
        (
            {
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [
                    {"state": {"terminated": {"reason": "Completed"}}},
                    RUNNING,
                ],
            },
            "Running",
        ),
        (
            {"initContainerStatuses": [{"state": {"terminated": {"exitCode": 0}}}, {"state": {}}]},
            "Init:1/2",
        ),
        (
            {"initContainerStatuses": [{"state": {"terminated": {"exitCode": 2}}}]},
            "Init:ExitCode:2",
        ),
        (
            {"initContainerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
            "Init:CrashLoopBackOff",
        ),
        (
            {"initContainerStatuses": [{"state": {"waiting": {"reason": "PodInitializing"}}}]},
            "Init:0/2",
        ),
    ],
)
def test_the_status_is_one_word(status: dict[str, Any], text: str) -> None:
    init = [{"name": "i"}, {"name": "j"}] if "initContainerStatuses" in status else []

    assert status_cell(pod(status, initContainers=init)) == text


def test_a_pod_that_is_deleted_is_terminating_until_it_has_ended() -> None:
    going = pod({"phase": "Running"})
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    lost = {**going, "status": {"phase": "Running", "reason": "NodeLost"}}
    done = {**going, "status": {"phase": "Succeeded"}}

    assert status_cell(going) == "Terminating"
    assert status_cell(lost) == "Unknown"
    assert status_cell(done) == "Succeeded"


def test_a_sidecar_counts_as_a_container() -> None:
    sidecar = {"name": "s", "restartPolicy": "Always"}
    started = {"name": "s", "ready": True, "started": True, "state": {"running": {}}}
    status = {
        "phase": "Running",
        "containerStatuses": [RUNNING],
        "initContainerStatuses": [started],
    }

    shown = pod(status, initContainers=[sidecar])

    assert (ready_cell(shown), status_cell(shown)) == ("2/2", "Running")


def test_restarts_say_how_long_ago_the_last_one_was() -> None:
    ended = {"terminated": {"finishedAt": "2026-01-01T00:00:00Z"}}
    status = {"containerStatuses": [{**RUNNING, "restartCount": 3, "lastState": ended}]}

    assert restarts_cell(pod(status), NOW) == "3 (5m ago)"
    assert restarts_cell(pod({}), NOW) == "0"


def test_restarts_of_init_containers_count_while_they_run() -> None:
    init = {"name": "i", "restartCount": 2, "state": {"waiting": {"reason": "Error"}}}
    shown = pod({"initContainerStatuses": [init]}, initContainers=[{"name": "i"}])

    assert restarts_cell(shown, NOW) == "2"


def test_a_pod_without_a_status_is_shown() -> None:
    assert ready_cell({"metadata": {}}) == "0/0"
    assert status_cell({"metadata": {}}) == ""
