"""The health probe of a backend: by annotation, else as its pods ask of the kubelet, else GET.

Of what one source does not say the next one decides, field by field. Nothing in it depends on the
order of events.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bascule.gateway.appgw.options import RouteOptions
from bascule.gateway.appgw.settings import LoadBalancer
from bascule.routing.model import HealthCheck

INTERVAL_S = 30
TIMEOUT_S = 30
THRESHOLD = 3
THRESHOLD_MAX = 20
STATUS_CODES = ("200-399",)
_HTTPS = "Https"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What a probe is made from beside the annotations; `protocol` is that of the settings."""

    host: str
    path: str
    protocol: str
    check: HealthCheck | None = None


def build_probe(probed: Probed, options: RouteOptions) -> dict[str, object]:
    """Return the properties of the probe of pods."""
    asked, check = options.probe, probed.check
    protocol = probed.protocol
    if check is not None and options.backend_protocol is None and check.is_https:
        protocol = _HTTPS
    host = asked.host or (check.host if check else "") or options.backend_host or probed.host
    path = asked.path or (check.path if check else "") or options.backend_path or probed.path
    port = asked.port or (check.port if check else None)
    return {
        **_common(options, check),
        "protocol": protocol,
        "host": host,
        "path": path.rstrip("*") or "/",
        **({"port": port} if port else {}),
    }


def build_balancer_probe(
    balancer: LoadBalancer, probed: Probed, options: RouteOptions
) -> dict[str, object]:
    """Return the properties of the probe of a cluster's load balancer."""
    return {
        **_common(options, None),
        "protocol": probed.protocol,
        "host": balancer.probe_host or options.backend_host or probed.host,
        "path": balancer.probe_path,
    }


def _common(options: RouteOptions, check: HealthCheck | None) -> Mapping[str, object]:
    asked = options.probe
    threshold = asked.unhealthy_threshold or (check.failures if check else THRESHOLD)
    interval_s = asked.interval_s or (check.interval_s if check else INTERVAL_S)
    # Azure wants no probe to begin before the last one has ended.
    usual_s = min(check.timeout_s if check else TIMEOUT_S, interval_s)
    return {
        "interval": interval_s,
        "timeout": asked.timeout_s or usual_s,
        "unhealthyThreshold": min(threshold, THRESHOLD_MAX),
        "pickHostNameFromBackendHttpSettings": False,
        "minServers": 0,
        "match": {"statusCodes": list(asked.status_codes or STATUS_CODES)},
    }
