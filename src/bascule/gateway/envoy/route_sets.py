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
from bascule.gateway.envoy.virtual_hosts import Recipe, Setting
from bascule.routing.model import Host

CHUNK_HOSTS = 50
"""So many hosts are built at most before others may run."""
MISDIRECTED = "This connection was opened for another certificate.\n"

_VIRTUAL_HOSTS_TAG = b"\x12"  # field 2 of RouteConfiguration, length-delimited


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
    recipe = virtual_hosts.recipe_of(host, setting)
    if before is not None and before.recipe == recipe:
        return Built(host, recipe, before.body)
    return Built(host, recipe, virtual_hosts.build_virtual_host(host, setting))


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
