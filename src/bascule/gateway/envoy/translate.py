"""A routing table and its certificates become Envoy's resources.

`translate` is a function of its arguments; `previous` only saves work: what comes from the same
hosts and backends as before is taken over as it is, so that one changed endpoint costs one small
message to build, whatever the size of the table.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bascule.errors import InvariantError
from bascule.gateway.envoy import clusters, listeners, protos, virtual_hosts
from bascule.gateway.envoy.listeners import RouteGroup
from bascule.gateway.envoy.snapshot import Kind, Resource, Snapshot, build_resource
from bascule.gateway.envoy.stance import Stance, build_runtime
from bascule.gateway.envoy.virtual_hosts import HostSplit, Serving
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import Backend, Host, Listener, RouteSet
from bascule.routing.weights import Split

CHUNK_HOSTS = 50
"""So many hosts are built at most before others may run."""

_VIRTUAL_HOSTS_TAG = b"\x12"  # field 2 of RouteConfiguration, length-delimited
HTTPS_PORT = 443
MISDIRECTED = "This connection was opened for another certificate.\n"

Recipe = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """A serialised virtual host, and what it was made from."""

    recipe: Recipe
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Envoy's resources for a table, and the parts that the next translation may take over."""

    snapshot: Snapshot
    routes: RouteSet | None = None
    shapes: Mapping[str, tuple[Host, Recipe]] = field(default_factory=dict, repr=False)
    virtual_hosts: Mapping[tuple[str, str], Built] = field(default_factory=dict, repr=False)
    groups: Mapping[str, tuple[Recipe, Resource]] = field(default_factory=dict, repr=False)
    backends: Mapping[str, Backend] = field(default_factory=dict, repr=False)

    def under(self, snapshot: Snapshot) -> "Translation":
        """Return the same parts with another snapshot."""
        return replace(self, snapshot=snapshot)


NOTHING = Translation(snapshot=Snapshot())


def translate(
    routes: RouteSet,
    stance: Stance,
    certificates: CertificateStore,
    previous: Translation = NOTHING,
) -> Translation:
    """Return the resources for `routes` under `stance`. Raises InvariantError for a lost key."""
    steps = translate_in_steps(routes, stance, certificates, previous)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: Translation = done.value
            return result


def translate_in_steps(
    routes: RouteSet,
    stance: Stance,
    certificates: CertificateStore,
    previous: Translation = NOTHING,
) -> Generator[None, None, Translation]:
    """As `translate`, but yields now and then, so that a switch need not wait for it."""
    work = _Work(routes, stance.configured, previous)
    parts: dict[Kind, Mapping[str, Resource]] = {
        Kind.RUNTIME: _same_or({r.name: r for r in (build_runtime(stance.forced),)}, previous)
    }
    parts[Kind.CLUSTER], parts[Kind.ENDPOINTS], backends = yield from work.backends()
    secret_by_host = name_secrets(routes)
    parts[Kind.SECRET] = _secrets(routes, secret_by_host, certificates)
    parts[Kind.LISTENER], parts[Kind.ROUTES] = yield from work.listeners(secret_by_host)
    snapshot = Snapshot(MappingProxyType(parts))
    return Translation(
        snapshot=snapshot,
        routes=routes,
        shapes=work.shapes,
        virtual_hosts=work.virtual_hosts,
        groups=work.groups,
        backends=backends,
    )


def _same_or(parts: Mapping[str, Resource], previous: Translation) -> Mapping[str, Resource]:
    before = previous.snapshot.of(Kind.RUNTIME)
    return before if before == parts else parts


def name_secrets(routes: RouteSet) -> Mapping[str, str]:
    """Return the secret's name by host; the name outlives a renewal of its certificate."""
    digests: dict[str, set[str]] = {}
    for host in routes.hosts:
        if host.certificate is not None:
            name = f"{host.certificate.namespace}/{host.certificate.secret}"
            digests.setdefault(name, set()).add(host.certificate.digest)
    named: dict[str, str] = {}
    for host in routes.hosts:
        if host.certificate is not None:
            name = f"{host.certificate.namespace}/{host.certificate.secret}"
            # The clusters' secrets of one name may differ for a while.
            is_unique = len(digests[name]) == 1
            named[host.name] = name if is_unique else f"{name}/{host.certificate.digest[:12]}"
    return named


def _secrets(
    routes: RouteSet, secret_by_host: Mapping[str, str], certificates: CertificateStore
) -> Mapping[str, Resource]:
    found: dict[str, Resource] = {}
    for host in routes.hosts:
        if host.certificate is None or secret_by_host[host.name] in found:
            continue
        certificate = certificates.by_digest.get(host.certificate.digest)
        if certificate is None:
            raise InvariantError(f"host {host.name} names a certificate that was not handed over")
        name = secret_by_host[host.name]
        found[name] = clusters.build_secret(name, certificate)
    return dict(sorted(found.items()))


class _Work:
    """One translation under way; takes over from the previous one what it can."""

    def __init__(self, routes: RouteSet, split: Split, previous: Translation) -> None:
        self._routes = routes
        self._split = split
        self._previous = previous
        self._fallback = next((h for h in routes.hosts if h.name == "*"), None)
        self.shapes: dict[str, tuple[Host, Recipe]] = {}
        self.virtual_hosts: dict[tuple[str, str], Built] = {}
        self.groups: dict[str, tuple[Recipe, Resource]] = {}

    def backends(
        self,
    ) -> Generator[
        None, None, tuple[Mapping[str, Resource], Mapping[str, Resource], Mapping[str, Backend]]
    ]:
        old = self._previous.backends
        old_clusters = self._previous.snapshot.of(Kind.CLUSTER)
        old_endpoints = self._previous.snapshot.of(Kind.ENDPOINTS)
        new_clusters: dict[str, Resource] = {}
        new_endpoints: dict[str, Resource] = {}
        by_name: dict[str, Backend] = {}
        built = 0
        for backend in self._routes.backends:
            name = backend.name
            before = old.get(name)
            by_name[name] = backend
            if before is not None and before.protocol == backend.protocol:
                new_clusters[name] = old_clusters[name]
            else:
                new_clusters[name] = clusters.build_cluster(name, backend.protocol)
                built += 1
            if before is not None and (before is backend or before.endpoints == backend.endpoints):
                new_endpoints[name] = old_endpoints[name]
            else:
                new_endpoints[name] = clusters.build_assignment(backend)
                built += 1
            if built >= CHUNK_HOSTS:
                built = 0
                yield
        return (
            _taken_over(old_clusters, new_clusters),
            _taken_over(old_endpoints, new_endpoints),
            by_name,
        )

    def listeners(
        self, secret_by_host: Mapping[str, str]
    ) -> Generator[None, None, tuple[Mapping[str, Resource], Mapping[str, Resource]]]:
        found: dict[str, Resource] = {}
        route_sets: dict[str, Resource] = {}
        https_port = next((x.port for x in self._routes.listeners if x.is_tls), HTTPS_PORT)
        for listener in self._routes.listeners:
            groups = listeners.plan_groups(listener, self._routes.hosts, secret_by_host)
            found[listener.name] = self._listener(listener, groups)
            serving = Serving(is_tls=listener.is_tls, https_port=https_port)
            for group in groups:
                route_sets[group.name] = yield from self._route_set(group, serving)
        before = self._previous.snapshot
        return (
            _taken_over(before.of(Kind.LISTENER), found),
            _taken_over(before.of(Kind.ROUTES), route_sets),
        )

    def _listener(self, listener: Listener, groups: tuple[RouteGroup, ...]) -> Resource:
        summary = tuple(
            (g.name, g.secret, g.absent, tuple(h.name for h in g.hosts) if g.secret else ())
            for g in groups
        )
        recipe: Recipe = (listener, summary)
        key = f"listener {listener.name}"
        before = self._previous.groups.get(key)
        if before is not None and before[0] == recipe:
            self.groups[key] = before
        else:
            self.groups[key] = (recipe, listeners.build_listener(listener, groups))
        return self.groups[key][1]

    def _route_set(self, group: RouteGroup, serving: Serving) -> Generator[None, None, Resource]:
        hosts: list[Built] = []
        fresh = 0
        for host in group.hosts:
            built, is_fresh = self._virtual_host(group, host, serving)
            hosts.append(built)
            fresh += is_fresh
            if fresh >= CHUNK_HOSTS:
                fresh = 0
                yield
        recipe: Recipe = (
            tuple(id(built) for built in hosts),
            tuple(host.name for host in group.hosts),
            group.misdirected,
            group.absent,
            serving,
        )
        before = self._previous.groups.get(group.name)
        if before is None or before[0] != recipe:
            before = (recipe, self._join(group, hosts))
        self.groups[group.name] = before
        return before[1]

    def _join(self, group: RouteGroup, hosts: list[Built]) -> Resource:
        """Concatenate what is serialised already: in protobuf that is the whole message."""
        head = protos.message("envoy.config.route.v3.RouteConfiguration")(
            name=group.name, validate_clusters={"value": True}
        )
        bodies = [built.body for built in hosts]
        if names := [*group.misdirected, *group.absent]:
            bodies.append(
                virtual_hosts.build_answering_host(
                    "misdirected", names, status=421, body=MISDIRECTED
                )
            )
        if group.secret is not None and not any(h.name == "*" for h in group.hosts):
            bodies.append(
                virtual_hosts.build_answering_host(
                    "other names", ["*"], status=421, body=MISDIRECTED
                )
            )
        parts = [virtual_hosts.serialise(head)]
        for body in bodies:
            parts += (_VIRTUAL_HOSTS_TAG, _varint(len(body)), body)
        return build_resource(group.name, b"".join(parts))

    def _virtual_host(self, group: RouteGroup, host: Host, serving: Serving) -> tuple[Built, bool]:
        recipe = self._recipe(host, serving)
        key = (group.name, host.name)
        before = self._previous.virtual_hosts.get(key)
        if before is not None and before.recipe == recipe:
            self.virtual_hosts[key] = before
            return before, False
        if host.is_tls and host.certificate is None:
            body = virtual_hosts.build_answering_host(
                host.name, [host.name], status=503, body=virtual_hosts.NO_CERTIFICATE_BODY
            )
        else:
            body = virtual_hosts.build_virtual_host(
                host, self._split, serving, fallback=self._fallback
            )
        built = Built(recipe, body)
        self.virtual_hosts[key] = built
        return built, True

    def _recipe(self, host: Host, serving: Serving) -> Recipe:
        recipe: Recipe = (self._shape(host), HostSplit.of(self._split, host.name), serving)
        if host.name.startswith("*.") and self._fallback is not None:
            fallback = self._fallback
            recipe += (self._shape(fallback), HostSplit.of(self._split, fallback.name))
        return recipe

    def _shape(self, host: Host) -> Recipe:
        """Return all of a host that its virtual host depends on: all but the endpoints."""
        known = self.shapes.get(host.name) or self._previous.shapes.get(host.name)
        if known is None or known[0] is not host:
            known = (host, _measure(host))
        self.shapes[host.name] = known
        return known[1]


def _measure(host: Host) -> Recipe:
    routes = tuple(
        (
            r.match,
            r.settings,
            r.bound_to,
            None if r.blue is None else r.blue.name,
            None if r.green is None else r.green.name,
        )
        for r in host.routes
    )
    return (host.is_tls, host.certificate is None, routes)


def _taken_over(old: Mapping[str, Resource], new: dict[str, Resource]) -> Mapping[str, Resource]:
    """Return `old` itself when nothing changed: later comparisons then cost nothing."""
    if len(old) == len(new) and all(old.get(name) is r for name, r in new.items()):
        return old
    return new


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | value & 0x7F)
        value >>= 7
    out.append(value)
    return bytes(out)
