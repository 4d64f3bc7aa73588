"""The route sets of the gateway, built from what changed and taken over for the rest.

A route set is thousands of virtual hosts, each serialised by itself and kept. In protobuf the
concatenation of serialised fields is the whole message, so one changed host costs one host.
"""

import operator
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from bascule.gateway.envoy import protos, virtual_hosts
from bascule.gateway.envoy.listeners import RouteGroup
from bascule.gateway.envoy.snapshot import Resource, build_resource
from bascule.gateway.envoy.virtual_hosts import HostSplit, Serving
from bascule.routing.model import Host
from bascule.routing.weights import Split

CHUNK_HOSTS = 50
"""So many hosts are built at most before others may run."""
MISDIRECTED = "This connection was opened for another certificate.\n"

_VIRTUAL_HOSTS_TAG = b"\x12"  # field 2 of RouteConfiguration, length-delimited

Recipe = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """A serialised virtual host, the host it was last asked for, and what it was made from."""

    host: Host = field(repr=False)
    recipe: Recipe = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltRoutes:
    """A built route set and its parts; the same context and host give the same part."""

    context: Recipe = field(repr=False)
    extras: Recipe = ()
    hosts: Mapping[str, Built] = field(default_factory=dict, repr=False)
    bodies: tuple[bytes, ...] = field(default=(), repr=False)
    resource: Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all hosts of a listener are built under. `fallback` is the host `*`, if there is one."""

    split: Split
    serving: Serving
    fallback: Host | None

    @property
    def context(self) -> Recipe:
        """All that can change a virtual host beside its own host."""
        below = () if self.fallback is None else shape_of(self.fallback)
        return (self.split, self.serving, below)


def build_route_set(
    group: RouteGroup, setting: Setting, previous: BuiltRoutes | None
) -> Generator[None, None, BuiltRoutes]:
    """Return the route set of `group`; yields after every CHUNK_HOSTS hosts that were built."""
    context = setting.context
    is_same_context = previous is not None and previous.context == context
    known = {} if previous is None else previous.hosts
    hosts: dict[str, Built] = {}
    fresh = 0
    for host in group.hosts:
        before = known.get(host.name)
        if is_same_context and before is not None and before.host is host:
            hosts[host.name] = before
            continue
        built = _build(host, setting, before)
        hosts[host.name] = built
        fresh += before is None or built.body is not before.body
        if fresh >= CHUNK_HOSTS:
            fresh = 0
            yield
    bodies = tuple(built.body for built in hosts.values())
    extras: Recipe = (group.misdirected, group.absent)
    if previous is not None and previous.extras == extras and _are_same(previous.bodies, bodies):
        resource = previous.resource
    else:
        resource = _join(group, bodies)
    return BuiltRoutes(
        context=context, extras=extras, hosts=hosts, bodies=bodies, resource=resource
    )


def _are_same(a: tuple[bytes, ...], b: tuple[bytes, ...]) -> bool:
    return len(a) == len(b) and all(map(operator.is_, a, b))


def _build(host: Host, setting: Setting, before: Built | None) -> Built:
    recipe: Recipe = (shape_of(host), HostSplit.of(setting.split, host.name), setting.serving)
    fallback = setting.fallback if host.name.startswith("*.") else None
    if fallback is not None:
        recipe += (shape_of(fallback), HostSplit.of(setting.split, fallback.name))
    if before is not None and before.recipe == recipe:
        return Built(host, recipe, before.body)
    if host.is_tls and host.certificate is None:
        body = virtual_hosts.build_answering_host(
            host.name, [host.name], status=503, body=virtual_hosts.NO_CERTIFICATE_BODY
        )
    else:
        body = virtual_hosts.build_virtual_host(
            host, setting.split, setting.serving, fallback=fallback
        )
    return Built(host, recipe, body)


def shape_of(host: Host) -> Recipe:
    """Return all of a host that its virtual host depends on: all but the endpoints."""
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


def _join(group: RouteGroup, bodies: tuple[bytes, ...]) -> Resource:
    head = protos.message("envoy.config.route.v3.RouteConfiguration")(
        name=group.name, validate_clusters={"value": True}
    )
    parts = [virtual_hosts.serialise(head)]
    for body in (*bodies, *_turned_away(group)):
        parts += (_VIRTUAL_HOSTS_TAG, _varint(len(body)), body)
    return build_resource(group.name, b"".join(parts))


def _turned_away(group: RouteGroup) -> list[bytes]:
    """Return what answers for hosts of other certificates, by name and for the rest."""
    if group.secret is None:
        return []
    found = []
    answer = virtual_hosts.build_answering_host
    if names := [*group.misdirected, *group.absent]:
        found.append(answer("misdirected", names, status=421, body=MISDIRECTED))
    if not any(host.name == "*" for host in group.hosts):
        found.append(answer("other names", ["*"], status=421, body=MISDIRECTED))
    return found


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | value & 0x7F)
        value >>= 7
    out.append(value)
    return bytes(out)
