"""What probes found, in Azure's words."""

import json
from typing import Any

import pytest

from bascule.lab.arm.dataplane.health import (
    HostHealth,
    Hosts,
    draining_in,
    judge_backend,
    read_hosts,
)
from bascule.lab.arm.dataplane.translate.backends import Backend, Server

SERVER = Server(address="10.240.0.7", real="127.240.0.7")
PLACE = ("blue~web", "127.240.0.7", 9000)


def _backend(*servers: Server) -> Backend:
    return Backend(
        pool="blue",
        settings="web",
        port=9000,
        servers=servers,
        cluster={},
        accepted_codes=("200-399", "401"),
    )


def _host(**status: Any) -> dict[str, Any]:
    return {"address": _address(), "health_status": status}


def _address() -> dict[str, Any]:
    return {"socket_address": {"address": PLACE[1], "port_value": PLACE[2]}}


def _event(kind: str, **event: Any) -> str:
    return json.dumps({"cluster_name": PLACE[0], "host": _address(), kind: event})


def _read(*log: str, **status: Any) -> HostHealth:
    cluster = {"name": PLACE[0], "host_statuses": [_host(**status)]}
    return read_hosts([cluster], "\n".join(log))[PLACE]


def _health(*instances: Hosts) -> tuple[str, str]:
    (found,) = judge_backend(_backend(SERVER), instances, ())
    return found.health, found.log


def test_the_last_failed_probe_of_a_server_is_remembered() -> None:
    found = _read(
        'ff_event": {}}',
        _event("health_check_failure_event", failure_type="NETWORK"),
        _event("eject_unhealthy_event", failure_type="ACTIVE", http_status_code=503),
        _event("add_healthy_event"),
        '{"cluster_name": "bl',
        failed_active_health_check=True,
    )

    assert found == HostHealth(is_failed=True, failure="ACTIVE", status=503)


def test_a_probe_that_took_too_long_is_said_so() -> None:
    found = _read(failed_active_health_check=True, active_hc_timeout=True)

    assert found.failure == "NETWORK_TIMEOUT"


@pytest.mark.parametrize(
    ("host", "log"),
    [
        (HostHealth(is_failed=True, failure="NETWORK_TIMEOUT"), "Time taken by the backend"),
        (HostHealth(is_failed=True, failure="NETWORK"), "Cannot connect to backend server"),
        (
            HostHealth(is_failed=True, failure="ACTIVE", status=503),
            "Received invalid status code: 503 in the backend server's HTTP response.",
        ),
        (HostHealth(is_failed=True, failure="ACTIVE", status=401), "Body of the backend's HTTP"),
    ],
)
def test_a_server_that_one_instance_cannot_use_is_unhealthy(host: HostHealth, log: str) -> None:
    health, told = _health({PLACE: HostHealth()}, {PLACE: host})

    assert health == "Unhealthy"
    if host.status == 503:
        assert "200-399, 401 is the acceptable status code" in told
    assert told.startswith(log)


def test_a_server_that_all_instances_can_use_is_healthy() -> None:
    assert _health({PLACE: HostHealth()}) == ("Healthy", "Success. Received 200 status code")


@pytest.mark.parametrize(
    "hosts", [{}, {PLACE: HostHealth(is_pending=True, is_failed=True)}], ids=["silent", "pending"]
)
def test_a_server_that_nobody_has_asked_yet_is_unknown(hosts: Hosts) -> None:
    assert _health(hosts)[0] == "Unknown"


@pytest.mark.parametrize(
    ("address", "log"),
    [
        ("shop.example.com", "Application Gateway could not create a probe"),
        ("20.1.1.1", "Time taken by the backend"),
    ],
)
def test_what_nothing_on_this_machine_stands_for_is_unhealthy(address: str, log: str) -> None:
    (found,) = judge_backend(_backend(Server(address=address, real="")), (), ())

    assert found.health == "Unhealthy"
    assert found.log.startswith(log)


def test_servers_that_drain_come_last_and_only_while_their_pool_does_not_have_them() -> None:
    gone = Server(address="10.240.0.9", real="127.240.0.9")
    draining = draining_in([{"blue~web": {gone: 1.0}}, {"blue~web": {SERVER: 1.0}}], "blue~web")

    found = judge_backend(_backend(SERVER), [{PLACE: HostHealth()}], draining)

    assert [(each.address, each.health) for each in found] == [
        ("10.240.0.7", "Healthy"),
        ("10.240.0.9", "Draining"),
    ]
