"""One routing table for two: what the gateway in front gets of it, and what the Envoys behind it.

In front every host leads to the Envoys, whole; TLS ends there, and with it what an Ingress asks of
listeners. Envoy gets all else, in plain HTTP. What neither can do is refused, never forgotten.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bascule.gateway.appgw.annotations.reading import PREFIX, read_options
from bascule.gateway.appgw.options import RouteOptions
from bascule.gateway.appgw.translate.sheet import tell
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement
from bascule.routing.model import (
    Backend,
    BackendProtocol,
    CheckKind,
    Endpoint,
    HealthCheck,
    Host,
    IngressRef,
    Listener,
    Match,
    PathKind,
    Problem,
    Route,
    RouteSet,
    RoutingTable,
    Severity,
)
from bascule.routing.preview import find_preview_hosts
from bascule.routing.weights import Split, Weights
from bascule.spec.appgw import AppGwEnvoyGateway

LISTENER = "tier"
PROBE_HOST = "bascule.invalid"
"""Of no Ingress: Envoy answers it by itself, unless a route takes any host."""
PROBE_CODES = "200-599"
"""Whatever is answered, Envoy is alive."""
PROBE_EVERY_S, PROBE_TIMEOUT_S = 5, 5
REQUEST_LIMIT_S = 86_400
"""The most that the gateway in front waits: Envoy knows each route's own limit."""

OF_LISTENERS = (
    "appgw-ssl-certificate",
    "appgw-ssl-profile",
    "override-frontend-port",
    "rule-priority",
    "use-private-ip",
    "waf-policy-for-path",
)
"""Annotations that the gateway in front goes by."""
OF_BOTH = frozenset({*OF_LISTENERS, "hostname-extension", "request-timeout", "ssl-redirect"})
REFUSED = (
    "appgw-trusted-root-certificate",
    "backend-hostname",
    "backend-path-prefix",
    "backend-protocol",
    "rewrite-rule-set",
    "rewrite-rule-set-custom-resource",
)
"""Annotations by which requests would go elsewhere, or as others, than Envoy sends them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Where the Envoys listen, and at which addresses the gateway in front reaches them."""

    listen: str
    port: int
    addresses: tuple[str, ...]


def build_tier(spec: AppGwEnvoyGateway) -> Tier:
    """Return where the Envoys are by `gateway.yaml`."""
    envoys = spec.envoys
    return Tier(listen=envoys.listen, port=envoys.port, addresses=envoys.addresses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Divided:
    """Both parts of one table, and what is in neither."""

    front: RouteSet
    behind: RouteSet
    problems: tuple[Problem, ...] = ()

    @property
    def front_table(self) -> RoutingTable:
        """What is to be in front, which no split changes: its routes have one backend each."""
        return RoutingTable(routes=self.front, split=Split(Weights.all_to(Cluster.BLUE)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parted:
    """One host: how it is in front, and which hosts it is behind; further names are hosts too."""

    front: Host | None = None
    behind: tuple[Host, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Divider:
    """Divides tables; what it made of a host stands as long as the host is the same object."""

    tier: Tier
    _known: dict[str, tuple[Host, _Parted]] = field(default_factory=dict)
    _last: tuple[RouteSet, Arrangement, Divided] | None = None

    def divide(self, routes: RouteSet, arrangement: Arrangement) -> Divided:
        """Return both parts of `routes`; equal tables have equal parts."""
        last = self._last
        if last is not None and last[0] is routes and last[1] == arrangement:
            return last[2]  # as with every switch
        divided = self._divide(routes, arrangement)
        self._last = (routes, arrangement, divided)
        return divided

    def _divide(self, routes: RouteSet, arrangement: Arrangement) -> Divided:
        parted = [self._part(host) for host in routes.hosts]
        self._known = {h.name: (h, p) for h, p in zip(routes.hosts, parted, strict=True)}
        shown = [
            part_host(each.shown, self.tier) for each in find_preview_hosts(routes, arrangement)
        ]
        listener = Listener(name=LISTENER, address=self.tier.listen, port=self.tier.port)
        fronts = [each.front for each in (*parted, *shown) if each.front is not None]
        return Divided(
            front=RouteSet(listeners=routes.listeners, hosts=_sorted(fronts)),
            behind=RouteSet(
                listeners=(listener,),
                hosts=_sorted(_first_of_each(routes, parted)),
                stale=routes.stale,
            ),
            problems=tuple(sorted({p for each in parted for p in each.problems})),
        )

    def _part(self, host: Host) -> _Parted:
        known = self._known.get(host.name)
        return known[1] if known is not None and known[0] is host else part_host(host, self.tier)


def part_host(host: Host, tier: Tier) -> _Parted:
    """Return both sides of one host; a host without a route that can be served has neither."""
    problems = [problem for route in host.routes for problem in _tell_grpc(route)]
    asked = _with_one_place([_read(route, problems) for route in host.routes], problems)
    served = [each for each in asked if not each.is_refused]
    if not served:
        return _Parted(problems=tuple(problems))
    front = replace(host, routes=(_build_front_route(served, tier),))
    names = {name for each in served for name in each.options.aliases} - {host.name}
    behind = [_plain(host, host.name, asked)]
    for name in sorted(names):
        those = [each for each in asked if each.is_refused or name in each.options.aliases]
        behind.append(_plain(host, name, those))
    return _Parted(front=front, behind=tuple(behind), problems=tuple(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A route and what its Ingress asks for; refused: its requests are answered by nobody."""

    route: Route
    options: RouteOptions
    is_refused: bool


def _read(route: Route, problems: list[Problem]) -> _Asked:
    found = read_options(route.extensions)
    problems += [p for fault in found.faults for p in tell(route, fault.code, fault.message)]
    names = [key.removeprefix(PREFIX) for key in route.extensions if key.startswith(PREFIX)]
    refused = [name for name in names if name in REFUSED and not _is_harmless(name, found.options)]
    for name in refused:
        message = (
            f"{PREFIX}{name}: Envoys behind a gateway cannot do it, so the paths of this Ingress "
            "are answered by nobody; use `type: appgw`, or leave it out"
        )
        problems += tell(route, "AnnotationRefused", message)
    for name in names:
        if name not in OF_BOTH and name not in REFUSED:
            message = f"{PREFIX}{name} does nothing: the Envoys behind the gateway decide it"
            problems += tell(route, "AnnotationNotUsed", message, Severity.WARNING)
    is_refused = bool(refused) or found.is_refused
    return _Asked(route=route, options=found.options, is_refused=is_refused)


def _tell_grpc(route: Route) -> list[Problem]:
    """Say that a backend gets no gRPC; requests of HTTP/1.1 Envoy turns into its HTTP/2."""
    both = (route.backend(cluster) for cluster in Cluster)
    found = next((b for b in both if b is not None and b.protocol is BackendProtocol.H2C), None)
    if found is None:
        return []
    message = (
        f"{route.match.path}: {found.name} speaks HTTP/2 in clear (h2c), and the gateway in front "
        "speaks HTTP/1.1 to the Envoys: plain requests are answered, gRPC calls fail. Serve gRPC "
        "by Envoys at an address of their own (`type: envoy`)"
    )
    return tell(route, "GrpcNotPassed", message, Severity.WARNING)


def _is_harmless(name: str, options: RouteOptions) -> bool:
    return name == "backend-protocol" and options.backend_protocol == "Http"


def _with_one_place(asked: list[_Asked], problems: list[Problem]) -> list[_Asked]:
    """Return the routes, refused where they come in elsewhere than the most general one."""
    general = next((each for each in reversed(asked) if not each.is_refused), None)
    if general is None:
        return asked
    found: list[_Asked] = []
    for each in asked:
        differs = not each.is_refused and _place(each.options) != _place(general.options)
        if differs:
            message = (
                f"{each.route.match.path}: its frontend address, port or WAF policy is another one "
                f"than that of {general.route.match.path} of its host, and Envoy could not tell "
                "requests apart: it is answered by nobody. Give it a host of its own, or the same"
            )
            problems += tell(each.route, "PlaceDiffers", message)
        found.append(replace(each, is_refused=each.is_refused or differs))
    return found


def _place(options: RouteOptions) -> tuple[bool, int | None, str]:
    return options.is_private, options.frontend_port, options.waf_policy or ""


def _build_front_route(served: list[_Asked], tier: Tier) -> Route:
    routes = [each.route for each in served]
    names = sorted({name for each in served for name in each.options.aliases})
    is_redirected = any(
        each.options.ssl_redirect or each.route.settings.ssl_redirect for each in served
    )
    asked = {
        **{f"{PREFIX}{name}": text for name, text in _of_listeners(routes)},
        f"{PREFIX}backend-protocol": "http",
        f"{PREFIX}health-probe-status-codes": PROBE_CODES,
        f"{PREFIX}request-timeout": str(REQUEST_LIMIT_S),
        f"{PREFIX}ssl-redirect": "true" if is_redirected else "false",
        **({f"{PREFIX}hostname-extension": ",".join(names)} if names else {}),
    }
    return Route(
        match=Match("/", PathKind.PREFIX),
        blue=_build_envoys(tier),
        green=None,
        extensions=MappingProxyType(asked),
        sources=tuple(_first_sources(routes)),
    )


def _first_sources(routes: Iterable[Route]) -> Iterator[IngressRef]:
    """Yield one Ingress of each cluster, on which to tell what is wrong in front.

    All of them would change the gateway with each Ingress that comes.
    """
    sources = {source for route in routes for source in route.sources}
    for cluster in Cluster:
        first = min((each for each in sources if each.cluster is cluster), default=None)
        if first is not None:
            yield first


def _of_listeners(routes: Iterable[Route]) -> Iterator[tuple[str, str]]:
    """Yield what the first route that says so asks of the listener."""
    for name in OF_LISTENERS:
        key = f"{PREFIX}{name}"
        text = next((r.extensions[key] for r in routes if key in r.extensions), None)
        if text is not None:
            yield name, text


def _build_envoys(tier: Tier) -> Backend:
    return Backend(
        name="blue/bascule/envoys/http",
        cluster=Cluster.BLUE,
        namespace="bascule",
        service="envoys",
        port="http",
        endpoints=tuple(Endpoint(address, tier.port) for address in sorted(tier.addresses)),
        probe=HealthCheck(
            kind=CheckKind.READINESS,
            port=tier.port,
            host=PROBE_HOST,
            interval_s=PROBE_EVERY_S,
            timeout_s=PROBE_TIMEOUT_S,
        ),
    )


def _plain(host: Host, name: str, asked: list[_Asked]) -> Host:
    routes = tuple(_behind(each) for each in asked)
    return replace(host, name=name, routes=routes, certificate=None, is_tls=False)


def _behind(asked: _Asked) -> Route:
    """Return a route for Envoy, which sees no TLS; one that is refused leads to nobody."""
    route = asked.route
    settings = replace(route.settings, ssl_redirect=False)
    if f"{PREFIX}request-timeout" in route.extensions:
        settings = replace(settings, timeout_s=float(asked.options.request_timeout_s))
    if asked.is_refused:
        blue, green = (None if b is None else _nobody(b) for b in (route.blue, route.green))
        return replace(route, blue=blue, green=green, settings=settings)
    return replace(route, settings=settings)


def _nobody(backend: Backend) -> Backend:
    tag, _, _ = backend.name.partition("/")
    return replace(
        backend,
        name=f"{tag}/bascule/nobody/http",
        namespace="bascule",
        service="nobody",
        port="http",
        protocol=BackendProtocol.HTTP,
        endpoints=(),
        probe=None,
    )


def _first_of_each(routes: RouteSet, parted: Iterable[_Parted]) -> Iterable[Host]:
    """Return each host once: a table's own before a further name of another one."""
    found: dict[str, Host] = {}
    own: Mapping[str, None] = dict.fromkeys(host.name for host in routes.hosts)
    for each in parted:
        for n, host in enumerate(each.behind):
            if n == 0 or host.name not in own:
                found.setdefault(host.name, host)
    return found.values()


def _sorted(hosts: Iterable[Host]) -> tuple[Host, ...]:
    return tuple(sorted(hosts, key=lambda host: host.name))
