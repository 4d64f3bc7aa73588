"""The static configuration that an Envoy starts with; all the rest it is told over xDS."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bascule.gateway.envoy import previews
from bascule.gateway.envoy.stance import LAYER_NAME
from bascule.gateway.envoy.statistics import FIGURES, LATENCY, LATENCY_BOUNDS_MS

NODE_CLUSTER = "bascule"
STATS_FLUSH_S = 1
ADMIN_PATHS = ("/stats", "/ready", "/server_info", "/runtime", "/config_dump", "/clusters")
# Envoy's own back-off goes up to 30 s: too long to wait for a runtime that was restarted.
_RECONNECT = {"retry_back_off": {"base_interval": "0.1s", "max_interval": "0.5s"}}
_HTTP2 = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixXds:
    """Configuration comes over a unix socket on this machine."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpXds:
    """Configuration comes over TCP with mutual TLS; the files lie where this Envoy runs."""

    host: str
    port: int
    server_name: str
    chain_file: Path
    key_file: Path
    server_ca_file: Path


def build_bootstrap(node: str, xds: UnixXds | TcpXds, admin_socket: Path) -> dict[str, Any]:
    """Return the bootstrap of one Envoy, for a JSON file.

    The runtime comes over xDS with no limit on the wait, so that no listener opens before the
    switch is known. No layer stands behind it: one that did would outrank it.
    """
    ads = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
    return {
        "node": {"id": node, "cluster": NODE_CLUSTER},
        "admin": {
            "address": {"pipe": {"path": str(admin_socket), "mode": 0o600}},
            # Whole paths: `/runtime` must not let `/runtime_modify` in.
            "allow_paths": [{"safe_regex": {"regex": rf"{path}(\?.*)?"}} for path in ADMIN_PATHS],
        },
        "dynamic_resources": {
            "lds_config": {"ads": {}, "resource_api_version": "V3"},
            "cds_config": {"ads": {}, "resource_api_version": "V3"},
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "grpc_services": [
                    {"envoy_grpc": {"cluster_name": "xds", "retry_policy": _RECONNECT}}
                ],
            },
        },
        "layered_runtime": {
            "layers": [{"name": LAYER_NAME, "rtds_layer": {"name": LAYER_NAME, "rtds_config": ads}}]
        },
        "static_resources": {"clusters": [_xds_cluster(xds)]},
        "stats_flush_interval": f"{STATS_FLUSH_S}s",
        "stats_config": {
            "stats_matcher": {"inclusion_list": {"patterns": _stats_patterns()}},
            "histogram_bucket_settings": [
                {"match": {"suffix": LATENCY}, "buckets": [*LATENCY_BOUNDS_MS]}
            ],
        },
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
    }


def _stats_patterns() -> list[Mapping[str, Any]]:
    """Return what is counted: thousands of clusters with every statistic would cost megabytes."""
    read = "|".join((*FIGURES, LATENCY))
    names = (
        rf"cluster\.(blue|green)(-\d+)?/[^.]+\.({read}|upstream_rq_([1-4]xx|retry_success)|"
        r"upstream_cx_(active|total|connect_fail)|membership_total|assignment_stale)"
    )
    apart = f"{previews.PATTERN}({'|'.join((*previews.FIGURES, LATENCY))})"
    prefixes = ("server.", "listener_manager.", "cluster_manager.", "runtime.", "http.")
    regexes = ({"safe_regex": {"regex": regex}} for regex in (names, apart))
    return [*regexes, *({"prefix": prefix} for prefix in prefixes)]


def _xds_cluster(xds: UnixXds | TcpXds) -> dict[str, Any]:
    options = {
        "@type": f"type.googleapis.com/{_HTTP2}",
        "explicit_http_config": {
            "http2_protocol_options": {
                "connection_keepalive": {"interval": "5s", "timeout": "5s"},
            }
        },
    }
    address = (
        {"pipe": {"path": str(xds.path)}}
        if isinstance(xds, UnixXds)
        else {"socket_address": {"address": xds.host, "port_value": xds.port}}
    )
    cluster: dict[str, Any] = {
        "name": "xds",
        "type": "STATIC" if isinstance(xds, UnixXds) else "STRICT_DNS",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {_HTTP2: options},
        "load_assignment": {
            "cluster_name": "xds",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    if isinstance(xds, TcpXds):
        cluster["transport_socket"] = _mutual_tls(xds)
    return cluster


def _mutual_tls(xds: TcpXds) -> dict[str, Any]:
    name = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"type.googleapis.com/{name}",
            "sni": xds.server_name,
            "common_tls_context": {
                "alpn_protocols": ["h2"],
                "tls_certificates": [
                    {
                        "certificate_chain": {"filename": str(xds.chain_file)},
                        "private_key": {"filename": str(xds.key_file)},
                    }
                ],
                "validation_context": {
                    "trusted_ca": {"filename": str(xds.server_ca_file)},
                    "match_typed_subject_alt_names": [
                        {"san_type": "DNS", "matcher": {"exact": xds.server_name}}
                    ],
                },
            },
        },
    }
