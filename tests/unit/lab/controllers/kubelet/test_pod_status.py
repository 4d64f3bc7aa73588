from datetime import UTC, datetime
from typing import Any

import pytest

from bascule.lab.controllers.conditions import find_condition
from bascule.lab.controllers.kubelet.container import Container
from bascule.lab.controllers.kubelet.pod_status import build_status, phase, quality
from bascule.lab.pods.logs import ContainerLog

NOW = "2026-01-01T00:00:00Z"
Object = dict[str, Any]


def container(*codes: int, running: bool = False, ready: bool = False) -> Container:
    made = Container(spec={"name": "main"}, log=ContainerLog(lambda: 0.0))
    if running:
        made.start(NOW)
        made.is_ready = ready
    for code in codes:
        made.end(code, NOW)
    return made


def pod(policy: str = "Always", **container_fields: Any) -> Object:
    return {"spec": {"restartPolicy": policy, "containers": [container_fields]}, "status": {}}


@pytest.mark.parametrize(
    ("policy", "containers", "expected"),
    [
        pytest.param("Always", [container()], "Pending", id="not started"),
        pytest.param("Always", [container(running=True)], "Running", id="running"),
        pytest.param("Never", [container(0)], "Succeeded", id="succeeded"),
        pytest.param("Never", [container(0), container(1)], "Failed", id="one failed"),
        pytest.param("OnFailure", [container(1)], "Running", id="runs again"),
        pytest.param("Always", [container(0)], "Running", id="runs for ever"),
        pytest.param("Never", [container(0), container(running=True)], "Running", id="half done"),
    ],
)
def test_the_phase_follows_from_the_containers(
    policy: str, containers: list[Container], expected: str
) -> None:
    assert phase(pod(policy), containers) == expected


def status_of(containers: list[Container], init: list[Container], minor: int = 36) -> Object:
    built = build_status(
        pod(),
        containers,
        init,
        now=datetime(2026, 1, 1, tzinfo=UTC),
        address="127.64.1.1",
        host="127.64.0.1",
        minor=minor,
    )
    return {"status": built}


def test_a_pod_is_ready_when_all_its_containers_are() -> None:
    half = status_of([container(running=True, ready=True), container(running=True)], [])
    whole = status_of([container(running=True, ready=True)], [])

    assert (find_condition(half, "Ready") or {})["status"] == "False"
    assert (find_condition(whole, "Ready") or {})["status"] == "True"
    assert whole["status"]["podIPs"] == [{"ip": "127.64.1.1"}]


def test_a_status_has_no_field_that_its_release_does_not_know() -> None:
    assert "hostIPs" not in status_of([container(running=True)], [], minor=25)["status"]
    assert status_of([container(running=True)], [])["status"]["hostIPs"] == [{"ip": "127.64.0.1"}]


def test_a_pod_waits_for_its_init_containers() -> None:
    waiting = find_condition(status_of([container()], [container(running=True)]), "Initialized")

    assert waiting is not None
    assert waiting["status"] == "False"


def test_newer_releases_say_when_containers_may_start() -> None:
    kind = "PodReadyToStartContainers"

    assert find_condition(status_of([container()], [], minor=28), kind) is None
    assert find_condition(status_of([container()], [], minor=29), kind) is not None


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
    ],
)
def test_the_quality_of_service_follows_from_the_resources(
    resources: Object, expected: str
) -> None:
    assert quality(pod(resources=resources)) == expected
