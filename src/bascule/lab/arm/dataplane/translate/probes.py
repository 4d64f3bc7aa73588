"""Health probes: those of the document, and the one that Azure makes where there is none."""

import base64

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
    gateway: Gateway, settings: Child, *, speed: float, timeout_s: float, event_log: str = ""
) -> Json:
    """Return Envoy's health check for the backends reached by these settings.

    `speed` divides the interval. Without a probe in the settings it is Azure's default:
    `GET /`, 200-399, every 30 s. A check that names no host asks each server by its own address.
    """
    probe = _find_probe(gateway, settings)
    interval = seconds(probe.number("interval", INTERVAL_S) / speed)
    return {
        "timeout": seconds(timeout_s),
        "interval": interval,
        "no_traffic_interval": interval,
        "no_traffic_healthy_interval": interval,
        "unhealthy_threshold": probe.number("unhealthyThreshold", UNHEALTHY_THRESHOLD),
        "healthy_threshold": 1,
        "reuse_connection": False,
        "http_health_check": _http_check(probe, probe_host(gateway, settings)),
        **_logged_to(event_log),
    }


def probe_host(gateway: Gateway, settings: Child) -> str:
    """Return the host that probes name; empty if each server is asked by its own address."""
    probe = _find_probe(gateway, settings)
    if not probe.flag("pickHostNameFromBackendHttpSettings"):
        return probe.text("host")
    if settings.flag("pickHostNameFromBackendAddress"):
        return ""
    return settings.text("hostName", "" if probe.name else _DEFAULT_HOST)


def probe_port(gateway: Gateway, settings: Child) -> int:
    """Return the port that is probed if it is not the servers' own, else 0."""
    return _find_probe(gateway, settings).number("port")


def probe_timeout_s(gateway: Gateway, settings: Child) -> float:
    """Return how long a server may take to answer a probe."""
    return _find_probe(gateway, settings).number("timeout", TIMEOUT_S)


def accepted_codes(gateway: Gateway, settings: Child) -> tuple[str, ...]:
    """Return the status codes that a healthy server answers with, such as `200-399`."""
    return _codes(_find_probe(gateway, settings))


def seconds(value: float) -> str:
    """Return a duration as Envoy reads it."""
    return f"{value:.3f}s"


def _find_probe(gateway: Gateway, settings: Child) -> Child:
    """Return the probe of the settings, or Azure's default one, which has no name."""
    probe = gateway.find("probes", settings.properties.get("probe"))
    return probe or Child(name="", properties={"pickHostNameFromBackendHttpSettings": True})


def _codes(probe: Child) -> tuple[str, ...]:
    return tuple(str(code) for code in probe.part("match").get("statusCodes") or STATUS_CODES)


def _http_check(probe: Child, host: str) -> Json:
    check: Json = {
        "path": probe.text("path", "/"),
        "expected_statuses": [_code_range(code) for code in _codes(probe)],
        # Without these one bad status would do, whatever the threshold.
        "retriable_statuses": [_EVERY_STATUS],
        "request_headers_to_remove": ["x-envoy-expected-rq-timeout-ms"],
    }
    if host:
        check["host"] = host
    expected = str(probe.part("match").get("body") or "")
    if expected:
        body = base64.b64encode(expected.encode()).decode()
        check["receive"] = [{"binary": body}]
        check["response_buffer_size"] = _BODY_BYTES_MAX
    return check


def _code_range(code: str) -> Json:
    first, _, last = code.partition("-")
    return {"start": int(first), "end": int(last or first) + 1}


def _logged_to(path: str) -> Json:
    if not path:
        return {}
    kind = "type.googleapis.com/envoy.extensions.health_check.event_sinks.file.v3"
    sink = {"@type": f"{kind}.HealthCheckEventFileSink", "event_log_path": path}
    return {"event_logger": [{"name": "file", "typed_config": sink}]}
