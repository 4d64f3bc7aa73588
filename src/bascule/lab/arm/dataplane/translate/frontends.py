"""Frontends: each address and port that listeners share is one listener of Envoy's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bascule.lab.arm.dataplane.translate.certificates import key_pair
from bascule.lab.arm.dataplane.translate.gateway import Child, Gateway, Json
from bascule.lab.arm.dataplane.translate.hosts import host_names, server_names
from bascule.lab.arm.dataplane.translate.pages import build_local_replies
from bascule.lab.arm.dataplane.translate.routes import AFFINITY_FILTER

IDLE_S = 75
_HTTP = "envoy.filters.network.http_connection_manager"
_HTTP_MANAGER = (
    "type.googleapis.com/"
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)
_FILTERS = "type.googleapis.com/envoy.extensions.filters"
_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
_UNWANTED = ("x-envoy-internal", "x-envoy-external-address", "x-envoy-expected-rq-timeout-ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontend:
    """What one address and port serve."""

    address: str
    """Where it really listens."""
    port: int
    listener: Json
    """Without names of its filter chains, and without where its routes are found."""
    routes: Json

    @property
    def name(self) -> str:
        """Return the name of the listener and of its routes."""
        return f"{self.address}_{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A listener of the document and the routes of its rule."""

    listener: Child
    routes: Sequence[Json]


def build_frontend(
    gateway: Gateway, address: str, port: int, sites: Sequence[Site], *, log: Sequence[Json] = ()
) -> Frontend:
    """Return what listens on an address and port; sites come in the order of evaluation.

    `log` is where each request is noted.
    """
    is_https = sites[0].listener.is_https
    listener: Json = {
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": f"{address}_{port}",
        "address": {"socket_address": {"address": address, "port_value": port}},
    }
    if is_https:
        inspector = f"{_FILTERS}.listener.tls_inspector.v3.TlsInspector"
        listener["listener_filters"] = [
            {
                "name": "envoy.filters.listener.tls_inspector",
                "typed_config": {"@type": inspector},
            }
        ]
        listener["filter_chains"] = _tls_chains(gateway, sites, log)
        listener["default_filter_chain"] = _tls_chain(gateway, _fallback(sites), log)
    else:
        listener["filter_chains"] = [{"filters": [_http_manager(f"http_{port}", "HTTP1", log)]}]
    return Frontend(
        address=address,
        port=port,
        listener=listener,
        routes=_route_table(f"{address}_{port}", port, "https" if is_https else "http", sites),
    )


def _tls_chains(gateway: Gateway, sites: Iterable[Site], log: Sequence[Json]) -> list[Json]:
    taken: set[str] = set()
    chains = []
    for site in sites:
        names = [name for name in server_names(host_names(site.listener)) if name not in taken]
        taken.update(names)
        if names:
            match = {"filter_chain_match": {"server_names": names}}
            chains.append(match | _tls_chain(gateway, site, log))
    return chains


def _fallback(sites: Sequence[Site]) -> Site:
    """Return whose certificate is shown to clients that name no known host."""
    basic = (site for site in sites if not host_names(site.listener))
    return next(basic, sites[0])


def _tls_chain(gateway: Gateway, site: Site, log: Sequence[Json]) -> Json:
    pair = key_pair(gateway.need("sslCertificates", site.listener, "sslCertificate"))
    has_http2 = bool(gateway.properties.get("enableHttp2"))
    common = {
        "tls_certificates": [
            {
                "certificate_chain": {"inline_string": pair.chain},
                "private_key": {"inline_string": pair.key},
            }
        ],
        "alpn_protocols": ["h2", "http/1.1"] if has_http2 else ["http/1.1"],
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
    }
    codec = "AUTO" if has_http2 else "HTTP1"
    return {
        "filters": [_http_manager(f"https_{site.listener.name}", codec, log)],
        "transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {"@type": _TLS, "common_tls_context": common},
        },
    }


def _http_manager(prefix: str, codec: str, log: Sequence[Json]) -> Json:
    session = f"{_FILTERS}.http.stateful_session.v3.StatefulSession"
    router = f"{_FILTERS}.http.router.v3.Router"
    manager = {
        "@type": _HTTP_MANAGER,
        "stat_prefix": prefix,
        "codec_type": codec,
        "http_filters": [
            {"name": AFFINITY_FILTER, "typed_config": {"@type": session}},
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": router, "suppress_envoy_headers": True},
            },
        ],
        "use_remote_address": True,
        "skip_xff_append": True,
        "generate_request_id": False,
        "server_header_transformation": "PASS_THROUGH",
        "local_reply_config": build_local_replies(),
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "common_http_protocol_options": {"idle_timeout": f"{IDLE_S}s"},
        "http_protocol_options": {"accept_http_10": True},
        "stream_idle_timeout": "0s",
        "drain_timeout": "0.5s",
        **({"access_log": list(log)} if log else {}),
    }
    return {"name": _HTTP, "typed_config": manager}


def _route_table(name: str, port: int, scheme: str, sites: Iterable[Site]) -> Json:
    return {
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": name,
        "virtual_hosts": [
            {
                "name": "all",
                "domains": ["*"],
                "routes": [route for site in sites for route in site.routes],
            }
        ],
        "request_headers_to_remove": list(_UNWANTED),
        "request_headers_to_add": [
            _header(
                "x-forwarded-for", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", "APPEND_IF_EXISTS_OR_ADD"
            ),
            _header("x-forwarded-proto", scheme),
            _header("x-forwarded-port", str(port)),
            _header("x-original-host", "%REQ(:AUTHORITY)%"),
            _header("x-appgw-trace-id", "%UNIQUE_ID%"),
        ],
    }


def _header(key: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> Json:
    return {"header": {"key": key, "value": value}, "append_action": action}
