"""Writes what Azure takes of a table when it refuses the whole: all other routes go on.

What Azure names is left out, or kept as it was last good where it serves already. Without a name
the listeners for probes are spared first; then the routes that are new are tried in halves. Never
for a switch or a rollback: these are written as they are, or not at all.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from bascule.azure.document import Document
from bascule.gateway.appgw.culprits import (
    FOR_PROBES,
    Culprit,
    Suspect,
    find_culprit,
    find_faulty,
    has_probes,
    served_hosts,
)
from bascule.gateway.appgw.errors import RefusedError
from bascule.gateway.appgw.writes import Change, Written
from bascule.gateway.ownership import Owns
from bascule.routing.model import Backend, Host, RoutingTable

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway.appgw")

MENDS_MAX = 5
"""How many culprits are taken out of one table by their names."""
HALVINGS_MAX = 12
"""How many documents are tried without one."""
_BAD_REQUEST = 400


class Build(Protocol):
    """Makes a change of the gateway of a table; `is_probing`: with the listeners for probes."""

    def __call__(self, table: RoutingTable, /, *, is_probing: bool) -> Change:
        """Return the change."""
        ...


Read = Callable[[], Awaitable[Document]]
Write = Callable[[Change], Awaitable[Written]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What was not written as it was asked for."""

    suspect: Suspect
    why: str
    is_kept: bool
    """Whether the host goes on as it was last good; else it is not served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What was written: `table`, which lacks what was left out."""

    written: Written
    table: RoutingTable
    left_out: tuple[LeftOut, ...] = ()


async def write_mended(
    table: RoutingTable,
    build: Build,
    *,
    read: Read,
    write: Write,
    live: RoutingTable | None,
    owns: Owns,
) -> Mended:
    """Write `table`, or what Azure takes of it; `live` is the one that it took last.

    A host that serves and is not in `live` is never left out: then, as where nothing helps, the
    RefusedError is raised and the last good document stays.
    """
    known = None if live is None else {host.name: host for host in live.routes.hosts}
    mending = _Mending(
        wanted=table,
        build=build,
        read_gateway=read,
        write_gateway=write,
        owns=owns,
        live=known or {},
        knows=known is not None,
    )
    return await mending.write()


@dataclass(slots=True, kw_only=True)
class _Mending:
    wanted: RoutingTable
    build: Build
    read_gateway: Read
    write_gateway: Write
    owns: Owns
    live: Mapping[str, Host]
    """The hosts as they were last good, by name."""
    knows: bool
    """Whether these are all that the gateway serves of ours."""
    out: dict[Suspect, str] = field(default_factory=dict)
    """What is left out, and why."""
    puts: int = 0

    async def write(self) -> Mended:
        for _ in range(MENDS_MAX):
            try:
                return self._mended(await self._try(self.out))
            except RefusedError as error:
                culprit = self._find_culprit(error)
                if culprit is None:
                    return await self._halve(error)
                await self._take_out(culprit.suspects, error)
        return self._mended(await self._try(self.out))

    def _find_culprit(self, error: RefusedError) -> Culprit | None:
        """Return the culprit, unless it was taken out already."""
        culprit = find_culprit(error.message, error.sent, self.owns)
        culprit = culprit or find_faulty(error.sent, self.owns)
        return culprit if culprit and not culprit.suspects <= self.out.keys() else None

    async def _take_out(self, suspects: Iterable[Suspect], error: RefusedError) -> None:
        """Leave these out from now on; raise the error where one cannot be spared."""
        served = await self._find_served()
        for each in suspects:
            if each != FOR_PROBES and each.host not in self.live and each.host in served:
                raise error
            self.out[each] = error.message
        _LOG.warning("a document that was refused is mended", without=_told(self.out))

    async def _find_served(self) -> frozenset[str]:
        """Return the hosts that the gateway serves now, of which we know no last good form."""
        if self.knows:
            return frozenset()
        return served_hosts(await self.read_gateway(), self.owns)

    async def _halve(self, error: RefusedError) -> Mended:
        """Try the hosts that are new or changed in halves; what is refused alone stays out.

        Only where Azure refused at the door: whatever is begun is a disruption.
        """
        if not error.is_synchronous or error.status != _BAD_REQUEST:
            raise error
        if FOR_PROBES not in self.out and has_probes(error.sent):
            with suppress(RefusedError):
                written = await self._try({**self.out, FOR_PROBES: error.message})
                self.out[FOR_PROBES] = error.message
                return self._mended(written)
        candidates = await self._find_candidates()
        out = dict.fromkeys(candidates, error.message)
        try:
            written = await self._try({**self.out, **out})
        except RefusedError:
            raise error from None
        groups = _halves(candidates) if len(candidates) > 1 else []
        for _ in range(HALVINGS_MAX):
            if not groups:
                break
            group = groups.pop()
            rest = {each: why for each, why in out.items() if each not in group}
            try:
                written = await self._try({**self.out, **rest})
            except RefusedError as again:
                out.update(dict.fromkeys(group, again.message))
                groups += _halves(group) if len(group) > 1 else []
            else:
                out = rest
        self.out |= out
        return self._mended(written)

    async def _find_candidates(self) -> tuple[Suspect, ...]:
        """Return the hosts whose new form can be spared: the gateway goes on without it."""
        served = await self._find_served()
        there = leave_out(self.wanted, self.out, self.live).routes.hosts
        kept = {each.host for each in self.out if each.host in self.live}
        return tuple(
            Suspect(host.name)
            for host in there
            if host.name not in kept
            if (known := self.live.get(host.name)) is None or known.digest != host.digest
            if known is not None or host.name not in served
        )

    async def _try(self, out: Mapping[Suspect, str]) -> Written:
        table = leave_out(self.wanted, out, self.live)
        written = await self.write_gateway(self.build(table, is_probing=FOR_PROBES not in out))
        self.puts += written.puts
        return written

    def _mended(self, written: Written) -> Mended:
        left_out = (
            LeftOut(suspect=each, why=why, is_kept=each.host in self.live)
            for each, why in sorted(self.out.items())
        )
        return Mended(
            written=replace(written, puts=self.puts, is_sent=self.puts > 0),
            table=leave_out(self.wanted, self.out, self.live),
            left_out=tuple(left_out),
        )


def leave_out(
    table: RoutingTable, suspects: Iterable[Suspect], live: Mapping[str, Host]
) -> RoutingTable:
    """Return the table with these hosts as they were last good, or else without these paths.

    What was last good keeps up with its pods: a pool is everybody's who leads to that Service.
    """
    backends = {each.name: each for each in _backends_of(table.routes.hosts)}
    paths_by_host: dict[str, set[str]] = {}
    for each in suspects:
        paths_by_host.setdefault(each.host, set()).add(each.path)
    hosts: list[Host] = []
    for host in table.routes.hosts:
        paths = paths_by_host.get(host.name)
        if paths is None:
            hosts.append(host)
        elif host.name in live:
            hosts.append(_with_pods_of(live[host.name], backends))
        elif "" not in paths:
            routes = tuple(r for r in host.routes if (r.match.path.rstrip("/") or "/") not in paths)
            hosts += [replace(host, routes=routes)] if routes else []
    return replace(table, routes=replace(table.routes, hosts=tuple(hosts)))


def _backends_of(hosts: Iterable[Host]) -> Iterator[Backend]:
    for host in hosts:
        for route in host.routes:
            yield from (each for each in (route.blue, route.green) if each is not None)


def _with_pods_of(host: Host, backends: Mapping[str, Backend]) -> Host:
    routes = tuple(
        replace(each, blue=_with_pods(each.blue, backends), green=_with_pods(each.green, backends))
        for each in host.routes
    )
    return host if routes == host.routes else replace(host, routes=routes)


def _with_pods(known: Backend | None, backends: Mapping[str, Backend]) -> Backend | None:
    """Return a backend with the addresses of now, reached at the port that was last good."""
    now = backends.get(known.name) if known is not None else None
    if known is None or now is None:
        return known
    ports = {each.port for each in known.endpoints}
    if not ports or all(each.port in ports for each in now.endpoints):
        return replace(known, endpoints=now.endpoints)
    port = known.endpoints[0].port
    return replace(known, endpoints=tuple(replace(each, port=port) for each in now.endpoints))


def _halves(group: tuple[Suspect, ...]) -> list[tuple[Suspect, ...]]:
    middle = len(group) // 2
    return [group[middle:], group[:middle]]


def _told(out: Iterable[Suspect]) -> str:
    return ", ".join(f"{each.host}{each.path}" for each in sorted(out))
