"""A routing table and its certificates become Envoy's resources.

`translate` is a function of its arguments; `previous` only saves work: what comes from the same
hosts and backends as before is taken over as it is, so that one changed endpoint costs one small
message to build, whatever the size of the table.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bascule.errors import InvariantError
from bascule.gateway.envoy import clusters, listeners
from bascule.gateway.envoy.listeners import RouteGroup
from bascule.gateway.envoy.route_sets import CHUNK_HOSTS, BuiltRoutes, build_route_set
from bascule.gateway.envoy.snapshot import EMPTY_SNAPSHOT, Kind, Resource, Snapshot
from bascule.gateway.envoy.stance import Stance, build_runtime
from bascule.gateway.envoy.virtual_hosts import Serving, Setting
from bascule.ids import CertificateDigest
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import Backend, CertificateRef, Host, Listener, RouteSet
from bascule.routing.preview import find_preview_hosts

HTTPS_PORT = 443

Resources = Mapping[str, Resource]


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Envoy's resources for a table, and the parts that the next translation may take over."""

    snapshot: Snapshot
    backends: tuple[Backend, ...] = field(default=(), repr=False)
    route_sets: Mapping[str, BuiltRoutes] = field(default_factory=dict, repr=False)
    built_listeners: Mapping[str, tuple[object, Resource]] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, CertificateDigest] = field(default_factory=dict, repr=False)

    def under(self, snapshot: Snapshot) -> "Translation":
        """Return the same parts with another snapshot."""
        return replace(self, snapshot=snapshot)


NOTHING = Translation(snapshot=EMPTY_SNAPSHOT)


def translate(
    routes: RouteSet,
    stance: Stance,
    certificates: CertificateStore,
    previous: Translation = NOTHING,
    *,
    arrangement: Arrangement = NOTHING_ARRANGED,
) -> Translation:
    """Return the resources for `routes` under `stance`, with `arrangement` around it.

    Raises InvariantError when a certificate that the routes name is not among `certificates`.
    """
    steps = translate_in_steps(routes, stance, certificates, previous, arrangement=arrangement)
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
    *,
    arrangement: Arrangement = NOTHING_ARRANGED,
) -> Generator[None, None, Translation]:
    """As `translate`, but yields now and then, so that others may run in between."""
    before = previous.snapshot
    cluster, endpoints = yield from _translate_backends(routes.backends, previous)
    named = name_secrets(routes)
    # Envoy asks for, and so acknowledges, only secrets that a TLS listener names.
    served = routes.hosts if any(item.is_tls for item in routes.listeners) else ()
    references = {named[h.name]: h.certificate for h in served if h.certificate is not None}
    secrets = _translate_secrets(references, certificates, previous)
    frame = _Frame(routes, stance, arrangement, named)
    built, sets = yield from _translate_listeners(frame, previous)
    runtime = build_runtime(stance.forced, stance.tags)
    parts: dict[Kind, Resources] = {
        Kind.RUNTIME: _taken_over(before.of(Kind.RUNTIME), {runtime.name: runtime}),
        Kind.CLUSTER: cluster,
        Kind.ENDPOINTS: endpoints,
        Kind.SECRET: secrets,
        Kind.LISTENER: _taken_over(
            before.of(Kind.LISTENER), {name: pair[1] for name, pair in built.items()}
        ),
        Kind.ROUTES: _taken_over(
            before.of(Kind.ROUTES), {name: one.resource for name, one in sets.items()}
        ),
    }
    return Translation(
        snapshot=Snapshot(MappingProxyType(parts)),
        backends=routes.backends,
        route_sets=sets,
        built_listeners=built,
        secrets={name: reference.digest for name, reference in references.items()},
    )


def _translate_backends(
    backends: tuple[Backend, ...], previous: Translation
) -> Generator[None, None, tuple[Resources, Resources]]:
    old_clusters = previous.snapshot.of(Kind.CLUSTER)
    old_endpoints = previous.snapshot.of(Kind.ENDPOINTS)
    pairs = _pair_backends(previous.backends, backends)
    new_clusters = {b.name: old_clusters[b.name] for a, b in pairs if a is not None}
    new_endpoints = {b.name: old_endpoints[b.name] for a, b in pairs if a is not None}
    built = 0
    for before, backend in pairs:
        if before is None or before.protocol != backend.protocol:
            new_clusters[backend.name] = clusters.build_cluster(backend.name, backend.protocol)
            built += 1
        if before is None or before.endpoints != backend.endpoints:
            new_endpoints[backend.name] = clusters.build_assignment(backend)
            built += 1
        if built >= CHUNK_HOSTS:
            built = 0
            yield
    if len(pairs) == len(backends):
        return _taken_over(old_clusters, new_clusters), _taken_over(old_endpoints, new_endpoints)
    return _patched(old_clusters, new_clusters), _patched(old_endpoints, new_endpoints)


def _pair_backends(
    old: tuple[Backend, ...], new: tuple[Backend, ...]
) -> list[tuple[Backend | None, Backend]]:
    """Return each backend with what it was; only the changed ones if none came or went."""
    if len(old) == len(new):
        changed = [(a, b) for a, b in zip(old, new, strict=True) if a is not b]
        if len(changed) < len(new) and all(a.name == b.name for a, b in changed):
            return [*changed]
    by_name = {backend.name: backend for backend in old}
    return [(by_name.get(backend.name), backend) for backend in new]


def _patched(old: Resources, changes: Resources) -> Resources:
    if all(old[name] is resource for name, resource in changes.items()):
        return old
    return {**old, **changes}


def name_secrets(routes: RouteSet) -> Mapping[str, str]:
    """Return the secret's name by host; the name outlives a renewal of its certificate."""
    digests: dict[str, set[str]] = {}
    for host in routes.hosts:
        if host.certificate is not None:
            digests.setdefault(_secret_name(host.certificate), set()).add(host.certificate.digest)
    named: dict[str, str] = {}
    for host in routes.hosts:
        if host.certificate is not None:
            name = _secret_name(host.certificate)
            # The clusters' secrets of one name may differ for a while.
            is_unique = len(digests[name]) == 1
            named[host.name] = name if is_unique else f"{name}/{host.certificate.digest[:12]}"
    return named


def _secret_name(reference: CertificateRef) -> str:
    return f"{reference.namespace}/{reference.secret}"


def _translate_secrets(
    references: Mapping[str, CertificateRef], certificates: CertificateStore, previous: Translation
) -> Resources:
    old = previous.snapshot.of(Kind.SECRET)
    found: dict[str, Resource] = {}
    for name, reference in sorted(references.items()):
        if previous.secrets.get(name) == reference.digest:
            found[name] = old[name]
            continue
        certificate = certificates.by_digest.get(reference.digest)
        if certificate is None:
            raise InvariantError(
                f"the certificate of secret {_secret_name(reference)} was not handed over"
            )
        found[name] = clusters.build_secret(name, certificate)
    return _taken_over(old, found)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What listeners are made from; `secrets` by host."""

    routes: RouteSet
    stance: Stance
    arrangement: Arrangement
    secrets: Mapping[str, str]


def _translate_listeners(
    frame: _Frame, previous: Translation
) -> Generator[
    None,
    None,
    tuple[dict[str, tuple[object, Resource]], dict[str, BuiltRoutes]],
]:
    built: dict[str, tuple[object, Resource]] = {}
    sets: dict[str, BuiltRoutes] = {}
    https_port = next((x.port for x in frame.routes.listeners if x.is_tls), HTTPS_PORT)
    previews = {p.alias: p for p in find_preview_hosts(frame.routes, frame.arrangement)}
    hosts = (*frame.routes.hosts, *(preview.shown for preview in previews.values()))
    covered = {p.alias: frame.secrets[p.host.name] for p in previews.values() if p.is_covered}
    for listener in frame.routes.listeners:
        groups = listeners.plan_groups(listener, hosts, {**frame.secrets, **covered}, previews)
        built[listener.name] = _translate_listener(frame, listener, groups, previous)
        serving = Serving(is_tls=listener.is_tls, https_port=https_port)
        for group in groups:
            setting = Setting(
                split=frame.stance.configured,
                serving=serving,
                fallback=_find_fallback(group),
                arrangement=frame.arrangement,
                previews=previews,
            )
            sets[group.name] = yield from build_route_set(
                group, setting, previous.route_sets.get(group.name)
            )
    return built, sets


def _find_fallback(group: RouteGroup) -> Host | None:
    """Return the host `*` that this route set may serve."""
    found = next((host for host in group.hosts if host.name == "*"), None)
    return None if found is None or (found.is_tls and found.certificate is None) else found


def _translate_listener(
    frame: _Frame, listener: Listener, groups: tuple[RouteGroup, ...], previous: Translation
) -> tuple[object, Resource]:
    proxies = frame.stance.proxies
    recipe = (
        listener,
        proxies,
        tuple(
            (g.name, g.secret, g.absent, g.server_names, g.preview_names) if g.secret else g.name
            for g in groups
        ),
    )
    before = previous.built_listeners.get(listener.name)
    if before is not None and before[0] == recipe:
        return before
    return recipe, listeners.build_listener(listener, groups, proxies=proxies)


def _taken_over(old: Resources, new: dict[str, Resource]) -> Resources:
    """Return `old` itself when nothing changed: later comparisons then cost nothing."""
    if len(old) == len(new) and all(
        (before := old.get(name)) is not None
        and (before is resource or before.version == resource.version)
        for name, resource in new.items()
    ):
        return old
    return new
