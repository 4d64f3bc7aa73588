"""A backend becomes an Envoy cluster with endpoints of its own; a certificate becomes a secret."""

from typing import Any

from bascule.gateway.envoy import protos
from bascule.gateway.envoy.snapshot import Resource, pack_resource
from bascule.routing.certificates import Certificate
from bascule.routing.model import Backend, BackendProtocol, Endpoint

CONNECT_TIMEOUT_S = 2
# Idle upstream connections close before common servers (5 s in many) close them under a request.
UPSTREAM_IDLE_S = 4
# Envoy's defaults (1,024 connections, 3 retries) turn bursts and pod restarts into failures.
CONNECTIONS_MAX = 100_000
RETRIES_MAX = 10_000
# Copies have no time-out: where green hangs they would pile up in Envoy. Users' requests have a
# priority of their own, so that this limit is for copies alone.
COPIES_MAX = 1_000
PRIORITY_OF_USERS = "HIGH"
PRIORITY_OF_COPIES = "DEFAULT"
"""Envoy gives every copy of a request the default priority."""

ADS: dict[str, Any] = {"ads": {}, "resource_api_version": "V3"}

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_TLS_CONTEXT = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"


def build_cluster(name: str, protocol: BackendProtocol) -> Resource:
    """Return the Envoy cluster of a backend."""
    cluster = protos.message("envoy.config.cluster.v3.Cluster")(
        name=name,
        type="EDS",
        eds_cluster_config={"eds_config": ADS},
        connect_timeout={"seconds": CONNECT_TIMEOUT_S},
        lb_policy="LEAST_REQUEST",
        circuit_breakers={
            "thresholds": [
                _limit(PRIORITY_OF_USERS, CONNECTIONS_MAX),
                _limit(PRIORITY_OF_COPIES, COPIES_MAX),
            ]
        },
        upstream_connection_options={"tcp_keepalive": {}},
        typed_extension_protocol_options={_HTTP_OPTIONS: protos.pack(_http_options(protocol))},
    )
    if protocol is BackendProtocol.HTTPS:
        # Pods' certificates name services or nothing: as ingress controllers do, not verified.
        context = protos.message(_TLS_CONTEXT)(auto_host_sni=True)
        cluster.transport_socket.name = "envoy.transport_sockets.tls"
        cluster.transport_socket.typed_config.CopyFrom(protos.pack(context))
    return pack_resource(name, cluster)


def _limit(priority: str, requests_max: int) -> dict[str, Any]:
    return {
        "priority": priority,
        "max_connections": {"value": requests_max},
        "max_pending_requests": {"value": requests_max},
        "max_requests": {"value": requests_max},
        "max_retries": {"value": RETRIES_MAX},
    }


def _http_options(protocol: BackendProtocol) -> Any:
    options = protos.message(_HTTP_OPTIONS)(
        common_http_protocol_options={"idle_timeout": {"seconds": UPSTREAM_IDLE_S}}
    )
    match protocol:
        case BackendProtocol.HTTP:
            options.explicit_http_config.http_protocol_options.SetInParent()
        case BackendProtocol.H2C:
            options.explicit_http_config.http2_protocol_options.SetInParent()
        case BackendProtocol.HTTPS:
            options.auto_config.http_protocol_options.SetInParent()
            options.auto_config.http2_protocol_options.SetInParent()
    return options


def build_assignment(backend: Backend) -> Resource:
    """Return the endpoints of a backend's Envoy cluster, in the backend's order."""
    localities = [{"lb_endpoints": [_endpoint(e) for e in backend.endpoints]}]
    return pack_resource(
        backend.name,
        protos.message("envoy.config.endpoint.v3.ClusterLoadAssignment")(
            cluster_name=backend.name, endpoints=localities if backend.endpoints else []
        ),
    )


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    socket_address = {"address": endpoint.address, "port_value": endpoint.port}
    return {"endpoint": {"address": {"socket_address": socket_address}}}


def build_secret(name: str, certificate: Certificate) -> Resource:
    """Return the secret that carries a certificate and its key to Envoy."""
    return pack_resource(
        name,
        protos.message("envoy.extensions.transport_sockets.tls.v3.Secret")(
            name=name,
            tls_certificate={
                "certificate_chain": {"inline_bytes": certificate.chain_pem},
                "private_key": {"inline_bytes": certificate.key_pem},
            },
        ),
    )
