"""Backends: servers, their endpoints, and TLS towards them."""

import base64
from typing import Any

from bascule.lab.arm.dataplane.translate.backends import (
    Backend,
    BackendOptions,
    Server,
    build_backend,
    build_endpoints,
)
from bascule.lab.arm.dataplane.translate.gateway import Gateway, child_of
from tests.support.arm_gateways import gateway, part, pool, ref, settings
from tests.support.pki import Authority


def _backend(*addresses: str, ca: str = "", speed: float = 1.0, **changes: Any) -> Backend:
    roots = [part("root", data=base64.b64encode(Authority("root").pem).decode())]
    return build_backend(
        Gateway(gateway(trustedRootCertificates=roots)),
        child_of(pool("blue", *addresses)),
        child_of(settings(**changes)),
        BackendOptions(well_known_ca=ca, speed=speed),
    )


def _tls(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = _backend(protocol="Https", **changes).cluster["transport_socket"]
    context: dict[str, Any] = found["typed_config"]
    return context


def test_a_server_is_asked_for_once_and_only_where_this_machine_stands_for_it() -> None:
    backend = _backend("10.240.0.7", "10.240.0.7", "20.1.1.1", "shop.example.com")

    endpoints = build_endpoints(backend, backend.servers)["endpoints"][0]["lb_endpoints"]

    assert backend.servers == (
        Server(address="10.240.0.7", real="127.240.0.7"),
        Server(address="20.1.1.1", real=""),
        Server(address="shop.example.com", real=""),
    )
    assert [each["endpoint"]["hostname"] for each in endpoints] == ["10.240.0.7"]


def test_a_server_that_drains_is_marked() -> None:
    backend = _backend("10.240.0.7")

    endpoints = build_endpoints(backend, (), backend.servers)["endpoints"][0]["lb_endpoints"]

    assert [each["health_status"] for each in endpoints] == ["DRAINING"]


def test_draining_takes_thirty_seconds_unless_it_is_enabled_with_another_time() -> None:
    disabled = _backend(connectionDraining={"enabled": False, "drainTimeoutInSec": 300})
    enabled = _backend(connectionDraining={"enabled": True, "drainTimeoutInSec": 300}, speed=10)

    assert (_backend().drain_s, disabled.drain_s, enabled.drain_s) == (30, 30, 30)


def test_tls_is_verified_against_the_roots_of_the_settings() -> None:
    context = _tls(
        hostName="web.example.com",
        trustedRootCertificates=[ref("trustedRootCertificates", "root")],
        ca="well known",
    )

    validation = context["common_tls_context"]["validation_context"]
    assert context["sni"] == "web.example.com"
    assert "BEGIN CERTIFICATE" in validation["trusted_ca"]["inline_string"]
    assert validation["match_typed_subject_alt_names"][0]["matcher"] == {"exact": "web.example.com"}


def test_tls_without_roots_is_verified_against_what_is_well_known_in_the_lab() -> None:
    assert _tls(ca="well known")["common_tls_context"] == {
        "validation_context": {"trusted_ca": {"inline_string": "well known"}}
    }
    assert _tls()["common_tls_context"] == {}


def test_what_probes_find_is_noted_where_it_is_told() -> None:
    backend = build_backend(
        Gateway(gateway()),
        child_of(pool("blue")),
        child_of(settings()),
        BackendOptions(event_log="health.log"),
    )

    (check,) = backend.cluster["health_checks"]
    assert check["event_logger"][0]["typed_config"]["event_log_path"] == "health.log"


def test_a_faster_lab_shortens_times_but_not_below_what_requests_take() -> None:
    options = BackendOptions(speed=30.0, timeout_min_s=1.0, drain_min_s=5.0)

    assert options.shorten(60.0, options.timeout_min_s) == 2.0
    assert options.shorten(3.0, options.timeout_min_s) == 1.0
    assert options.shorten(0.5, options.timeout_min_s) == 0.5
    assert options.shorten(30.0, options.drain_min_s) == 5.0
