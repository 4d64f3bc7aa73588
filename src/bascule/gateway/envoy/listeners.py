"""The ports of the gateway as Envoy listeners, and which hosts each of their route sets holds.

A plain listener has one route set. A TLS listener has one for each certificate, reached by server
name (SNI), so that a request that arrives under one certificate is never answered for a host of
another: it gets 421, and a client that shares connections opens a new one.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bascule.gateway.envoy import protos
from bascule.gateway.envoy.clusters import ADS
from bascule.gateway.envoy.snapshot import Resource, pack_resource
from bascule.routing.model import Host, Listener

REQUEST_HEADERS_TIMEOUT_S = 60
DRAIN_GOAWAY_S = 5

_HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"
_REFUSE = "envoy.extensions.filters.network.direct_response.v3.Config"
_TLS_INSPECTOR = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
_TLS_CONTEXT = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteGroup:
    """The hosts that one route set serves, and those that it must turn away by name.

    `secret` is None on a plain listener. `misdirected` are hosts of other certificates that a
    wildcard of this one would catch; `absent` are hosts that TLS does not serve at all. `previews`
    are those of the hosts that show another one.
    """

    name: str
    secret: str | None
    hosts: tuple[Host, ...]
    misdirected: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    previews: frozenset[str] = frozenset()

    @property
    def server_names(self) -> tuple[str, ...]:
        """The names of the hosts but for previews."""
        return tuple(h.name for h in self.hosts if h.name not in self.previews)

    @property
    def preview_names(self) -> tuple[str, ...]:
        """The names of the previews."""
        return tuple(h.name for h in self.hosts if h.name in self.previews)


def plan_groups(
    listener: Listener,
    hosts: Iterable[Host],
    secret_by_host: Mapping[str, str],
    previews: Collection[str] = (),
) -> tuple[RouteGroup, ...]:
    """Return the route sets of a listener, sorted by name; `previews` are names of hosts."""
    if not listener.is_tls:
        return (RouteGroup(name=listener.name, secret=None, hosts=tuple(hosts)),)
    by_secret: dict[str, list[Host]] = {}
    unserved: list[str] = []
    for host in hosts:
        secret = secret_by_host.get(host.name)
        if secret is None:
            unserved.append(host.name)
        else:
            by_secret.setdefault(secret, []).append(host)
    groups = []
    for secret, members in sorted(by_secret.items()):
        suffixes = tuple(h.name[1:] for h in members if h.name.startswith("*"))
        others = [h for s in by_secret if s != secret for h in by_secret[s]] if suffixes else []
        groups.append(
            RouteGroup(
                name=f"{listener.name}/{secret}",
                secret=secret,
                hosts=tuple(members),
                misdirected=_caught(suffixes, [h.name for h in others]),
                absent=_caught(suffixes, unserved),
                previews=frozenset(h.name for h in members if h.name in previews),
            )
        )
    return tuple(groups)


def _caught(suffixes: tuple[str, ...], names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that a wildcard with one of these suffixes takes; `*` has suffix ''."""
    return tuple(sorted(n for n in names if n != "*" and n.endswith(suffixes)))


def build_listener(
    listener: Listener, groups: tuple[RouteGroup, ...], *, proxies: int = 0
) -> Resource:
    """Return the Envoy listener; `proxies` of ours, which terminate TLS, stand before it."""
    message: Any = protos.message("envoy.config.listener.v3.Listener")(
        name=listener.name,
        address={
            "socket_address": {"address": listener.address, "port_value": listener.port},
        },
        # A second Envoy on the port would silently take half of the traffic.
        enable_reuse_port={"value": False},
        per_connection_buffer_limit_bytes={"value": 1024 * 1024},
    )
    if not listener.is_tls:
        message.filter_chains.add(**_serve(listener, groups[0], proxies=proxies))
        return pack_resource(listener.name, message)
    message.listener_filters.add(
        name="envoy.filters.listener.tls_inspector",
        typed_config=protos.pack(protos.message(_TLS_INSPECTOR)()),
    )
    for group in groups:
        message.filter_chains.add(**_serve_tls(listener, group, group.server_names))
        if group.preview_names:
            # Apart: a chain that changes drains, and with it the streams of its users.
            chain = _serve_tls(listener, group, group.preview_names)
            message.filter_chains.add(**{**chain, "name": f"{group.name}/previews"})
    return _finish_tls(listener, groups, message)


def _finish_tls(listener: Listener, groups: tuple[RouteGroup, ...], message: Any) -> Resource:
    """Close what no certificate covers, before a wildcard's certificate is offered for it."""
    absent = sorted({name for group in groups for name in group.absent})
    if absent:
        message.filter_chains.add(
            name="refused", filter_chain_match={"server_names": absent}, filters=[_refuse()]
        )
    if not any(_takes_all(group) for group in groups):
        message.default_filter_chain.name = "unknown"
        message.default_filter_chain.filters.add(**_refuse())
    return pack_resource(listener.name, message)


def _refuse() -> Fields:
    config = protos.pack(protos.message(_REFUSE)())
    return {"name": "envoy.filters.network.direct_response", "typed_config": config}


def _takes_all(group: RouteGroup) -> bool:
    return any(host.name == "*" for host in group.hosts)


def _serve(listener: Listener, group: RouteGroup, *, proxies: int = 0) -> Fields:
    manager = protos.pack(_connection_manager(listener, group, proxies=proxies))
    return {
        "name": group.name,
        "filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
        ],
    }


def _serve_tls(listener: Listener, group: RouteGroup, names: tuple[str, ...]) -> Fields:
    context = protos.message(_TLS_CONTEXT)(
        common_tls_context={
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [{"name": group.secret, "sds_config": ADS}],
        }
    )
    chain = _serve(listener, group)
    chain["transport_socket"] = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": protos.pack(context),
    }
    if "*" not in names:
        chain["filter_chain_match"] = {"server_names": list(names)}
    return chain


def _connection_manager(listener: Listener, group: RouteGroup, *, proxies: int) -> Any:
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": protos.pack(protos.message(_ROUTER)()),
    }
    return protos.message(_HCM)(
        stat_prefix=listener.name,
        codec_type="AUTO",
        rds={"config_source": ADS, "route_config_name": group.name},
        http_filters=[router],
        upgrade_configs=[{"upgrade_type": "websocket"}],
        http_protocol_options={"accept_http_10": True},
        http2_protocol_options={"allow_connect": True},
        use_remote_address={"value": True},
        xff_num_trusted_hops=proxies,
        strip_any_host_port=True,
        strip_trailing_host_dot=True,
        normalize_path={"value": True},
        merge_slashes=True,
        server_header_transformation="PASS_THROUGH",
        # Streams end by their own timeouts, not by 5 minutes of silence.
        stream_idle_timeout={"seconds": 0},
        request_headers_timeout={"seconds": REQUEST_HEADERS_TIMEOUT_S},
        drain_timeout={"seconds": DRAIN_GOAWAY_S},
    )
