from bascule.lab.controllers.kubelet.container import Container
from bascule.lab.pods.logs import ContainerLog

NOW = "2026-01-01T00:00:00Z"


def container() -> Container:
    ports = [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]
    return Container(
        spec={"name": "main", "image": "web", "ports": ports}, log=ContainerLog(lambda: 0.0)
    )


def test_a_container_goes_from_waiting_to_running_to_ended() -> None:
    subject = container()
    assert subject.is_waiting
    assert "containerID" not in subject.status()

    subject.start(NOW)
    assert subject.is_running
    assert subject.status()["started"] is True

    subject.end(1, NOW)
    assert subject.exit_code == 1
    assert subject.status()["state"]["terminated"]["reason"] == "Error"


def test_only_tcp_ports_are_served() -> None:
    assert container().ports() == (80,)


def test_a_container_that_ran_when_the_node_went_down_counts_a_restart() -> None:
    subject = container()

    subject.resume({"state": {"running": {"startedAt": NOW}}, "restartCount": 2}, NOW)

    assert subject.restarts == 3
    assert subject.last_state["terminated"]["exitCode"] == 255


def test_a_container_that_had_ended_stays_so() -> None:
    subject = container()

    subject.resume({"state": {"terminated": {"exitCode": 0}}, "restartCount": 0}, NOW)
    assert subject.exit_code == 0

    fresh = container()
    fresh.resume(None, NOW)
    assert fresh.restarts == 0
