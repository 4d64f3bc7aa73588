"""Backends: each pool with each of the settings that reach it is one cluster of Envoy's."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bascule.lab.arm.addresses import UnmappableAddressError, real_address
from bascule.lab.arm.dataplane.translate.certificates import trusted_roots
from bascule.lab.arm.dataplane.translate.gateway import Child, Gateway, Json
from bascule.lab.arm.dataplane.translate.probes import (
    accepted_codes,
    build_health_check,
    probe_host,
    probe_port,
    probe_timeout_s,
)

DRAIN_S = 30
"""How long connections to a removed backend live where the settings do not say."""
CONNECT_TIMEOUT_S = 5
_IDLE_S = 60
_MANY = 1_000_000
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One member of a pool; `real` is empty if nothing on this machine stands for it."""

    address: str
    real: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A pool and settings, and what Envoy is told about them."""

    pool: str
    settings: str
    port: int
    servers: tuple[Server, ...]
    cluster: Json
    """Without where its endpoints are found."""
    probe_port: int = 0
    is_probed_by_address: bool = False
    """Whether each server is asked by its own address, not by a host that all share."""
    accepted_codes: tuple[str, ...] = ()
    """What its probe takes for healthy."""
    probe_timeout_s: float = 0.0
    drain_s: float = DRAIN_S

    @property
    def name(self) -> str:
        """Return the cluster's name; no name in ARM has a tilde."""
        return f"{self.pool}~{self.settings}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendOptions:
    """How the lab differs from Azure: time, and whose certificates are well known."""

    speed: float = 1.0
    """Divides the intervals and time-outs of probes and draining."""
    timeout_min_s: float = 0.0
    """No probe's time-out gets shorter by `speed` than this: pods do not answer any sooner."""
    drain_min_s: float = 0.0
    """No time for draining either: neither requests nor streams get shorter."""
    well_known_ca: str = ""
    """PEM of what backends with TLS are verified against; empty leaves them unverified."""
    event_log: str = ""
    """Where Envoy notes what its probes find; empty for nowhere."""
    access_log: str = ""
    """Where Envoy notes each request; empty for nowhere."""
    are_new_pools_cold: bool = False
    """Whether a pool to which nothing led before is answered 502 until its first good probe.

    Else the lab waits for that probe before it leads requests there.
    """

    def shorten(self, time_s: float, least_s: float) -> float:
        """Return a time divided by `speed`: `least_s` if it would be less, unless it was before."""
        return max(time_s / self.speed, min(time_s, least_s))


@dataclass(slots=True, kw_only=True)
class Backends:
    """Collects the backends that rules use, each once, in the order of first use."""

    gateway: Gateway
    options: BackendOptions = field(default_factory=BackendOptions)
    by_name: dict[str, Backend] = field(default_factory=dict)

    def use(self, pool: Child, settings: Child) -> Backend:
        """Return the backend of a pool and settings."""
        backend = build_backend(self.gateway, pool, settings, self.options)
        return self.by_name.setdefault(backend.name, backend)


def build_backend(
    gateway: Gateway, pool: Child, settings: Child, options: BackendOptions
) -> Backend:
    """Return what Envoy is told about a pool that is reached by these settings."""
    return Backend(
        pool=pool.name,
        settings=settings.name,
        port=settings.number("port", 443 if settings.is_https else 80),
        servers=tuple(_servers(pool)),
        cluster=_build_cluster(gateway, pool, settings, options),
        probe_port=probe_port(gateway, settings),
        is_probed_by_address=not probe_host(gateway, settings),
        accepted_codes=accepted_codes(gateway, settings),
        probe_timeout_s=options.shorten(probe_timeout_s(gateway, settings), options.timeout_min_s),
        drain_s=options.shorten(_drain_s(settings), options.drain_min_s),
    )


def _build_cluster(gateway: Gateway, pool: Child, settings: Child, options: BackendOptions) -> Json:
    cluster: Json = {
        "@type": _CLUSTER,
        "name": f"{pool.name}~{settings.name}",
        "type": "EDS",
        "connect_timeout": f"{CONNECT_TIMEOUT_S}s",
        "lb_policy": "ROUND_ROBIN",
        "common_lb_config": {
            "healthy_panic_threshold": {"value": 0},
            # A probe's word counts at once; Envoy would gather them for a second.
            "update_merge_window": "0s",
            # Affinity reaches a server that is being drained.
            "override_host_status": {"statuses": ["UNKNOWN", "HEALTHY", "DEGRADED", "DRAINING"]},
        },
        "ignore_health_on_host_removal": True,
        "health_checks": [
            build_health_check(
                gateway,
                settings,
                speed=options.speed,
                timeout_s=options.shorten(
                    probe_timeout_s(gateway, settings), options.timeout_min_s
                ),
                event_log=options.event_log,
            )
        ],
        "circuit_breakers": {"thresholds": [_no_limits()]},
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: {
                "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
                "common_http_protocol_options": {"idle_timeout": f"{_IDLE_S}s"},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }
    if settings.is_https:
        cluster["transport_socket"] = _upstream_tls(gateway, settings, options)
    return cluster


def build_endpoints(
    backend: Backend, servers: Iterable[Server], draining: Iterable[Server] = ()
) -> Json:
    """Return Envoy's endpoints: servers that take requests, and those that only keep theirs."""
    marked = [(server, "HEALTHY") for server in servers]
    marked += [(server, "DRAINING") for server in draining]
    return {
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": backend.name,
        "endpoints": [
            {
                "lb_endpoints": [
                    {"endpoint": _endpoint(backend, server), "health_status": status}
                    for server, status in marked
                    if server.real
                ]
            }
        ],
    }


def _endpoint(backend: Backend, server: Server) -> Json:
    checked: Json = {"hostname": server.address} if backend.is_probed_by_address else {}
    if backend.probe_port:
        checked["port_value"] = backend.probe_port
    return {
        "hostname": server.address,
        "address": {"socket_address": {"address": server.real, "port_value": backend.port}},
        "health_check_config": checked,
    }


def _servers(pool: Child) -> Iterable[Server]:
    seen = set()
    for target in pool.items("backendAddresses"):
        address = target.get("ipAddress") or target.get("fqdn")
        if not address or address in seen:
            continue
        seen.add(address)
        try:
            yield Server(address=address, real=real_address(address))
        except UnmappableAddressError:
            yield Server(address=address, real="")


def _drain_s(settings: Child) -> float:
    draining = settings.part("connectionDraining")
    return float((draining.get("enabled") and draining.get("drainTimeoutInSec")) or DRAIN_S)


def _no_limits() -> Json:
    limits = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    return dict.fromkeys(limits, _MANY)


def _upstream_tls(gateway: Gateway, settings: Child, options: BackendOptions) -> Json:
    context: Json = {"@type": _TLS, "common_tls_context": {}}
    if settings.text("hostName"):
        context["sni"] = settings.text("hostName")
    roots = trusted_roots(gateway, settings) or options.well_known_ca
    if roots:
        validation: Json = {"trusted_ca": {"inline_string": roots}}
        if settings.text("hostName"):
            validation["match_typed_subject_alt_names"] = [
                {"san_type": "DNS", "matcher": {"exact": settings.text("hostName")}}
            ]
        context["common_tls_context"] = {"validation_context": validation}
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}
