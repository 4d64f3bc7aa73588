"""Health probes: those of the document, and the one that Azure makes where there is none."""

import base64
from typing import Any

from bascule.lab.arm.dataplane.translate.gateway import Child, Gateway, Json

INTERVAL_S = 30
TIMEOUT_S = 30
UNHEALTHY_THRESHOLD = 3
STATUS_CODES = ("200-399",)
_DEFAULT_HOST = "127.0.0.1"
_BODY_BYTES_MAX = 4_096
_EVERY_STATUS: Json = {"start": 100, "end": 600}
HEALTH_LOG = "health.log"


def build_health_check(
    gateway: Gateway, settings: Child, *, speed: float, event_log: str = ""
) -> Json:
    """Return Envoy's health check for the backends reached by these settings.

    `speed` divides interval and time-out. Without a probe in the settings it is Azure's default:
    `GET /`, 200-399, every 30 s. A probe that takes its host from the settings takes it from the
    backend's address where the settings do so too: then the check names no host, and each endpoint
    says its own.
    """
    probe = gateway.find("probes", settings.properties.get("probe"))
    if probe is None:
        probe = Child(name="", properties={"pickHostNameFromBackendHttpSettings": True})
        host = settings.text("hostName", _DEFAULT_HOST)
    elif probe.flag("pickHostNameFromBackendHttpSettings"):
        host = settings.text("hostName")
    else:
        host = probe.text("host")
    if probe.flag("pickHostNameFromBackendHttpSettings") and settings.flag(
        "pickHostNameFromBackendAddress"
    ):
        host = ""
    interval = seconds(probe.number("interval", INTERVAL_S) / speed)
    return {
        "timeout": seconds(probe.number("timeout", TIMEOUT_S) / speed),
        "interval": interval,
        "no_traffic_interval": interval,
        "no_traffic_healthy_interval": interval,
        "unhealthy_threshold": probe.number("unhealthyThreshold", UNHEALTHY_THRESHOLD),
        "healthy_threshold": 1,
        "reuse_connection": False,
        "http_health_check": _http_check(probe, host),
        **_logged_to(event_log),
    }


def probe_port(gateway: Gateway, settings: Child) -> int:
    """Return the port that is probed if it is not the backends' own, else 0."""
    probe = gateway.find("probes", settings.properties.get("probe"))
    return probe.number("port") if probe is not None else 0


def accepted_codes(gateway: Gateway, settings: Child) -> tuple[str, ...]:
    """Return the status codes that a healthy backend answers with, such as `200-399`."""
    probe = gateway.find("probes", settings.properties.get("probe"))
    codes = tuple((probe.part("match").get("statusCodes") if probe else None) or ())
    return tuple(str(code) for code in codes) or STATUS_CODES


def seconds(value: float) -> str:
    """Return a duration as Envoy reads it."""
    return f"{value:.3f}s"


def _http_check(probe: Child, host: str) -> Json:
    match = probe.part("match")
    codes = tuple(match.get("statusCodes") or ()) or STATUS_CODES
    check: Json = {
        "path": probe.text("path", "/"),
        "expected_statuses": [_code_range(str(code)) for code in codes],
        # Without these one bad status would do, whatever the threshold.
        "retriable_statuses": [_EVERY_STATUS],
        "request_headers_to_remove": ["x-envoy-expected-rq-timeout-ms"],
    }
    if host:
        check["host"] = host
    if match.get("body"):
        body = base64.b64encode(str(match["body"]).encode()).decode()
        check["receive"] = [{"binary": body}]
        check["response_buffer_size"] = _BODY_BYTES_MAX
    return check


def _code_range(code: str) -> Json:
    first, _, last = code.partition("-")
    return {"start": int(first), "end": int(last or first) + 1}


def _logged_to(path: str) -> dict[str, Any]:
    if not path:
        return {}
    kind = "type.googleapis.com/envoy.extensions.health_check.event_sinks.file.v3"
    sink = {"@type": f"{kind}.HealthCheckEventFileSink", "event_log_path": path}
    return {"event_logger": [{"name": "file", "typed_config": sink}]}
