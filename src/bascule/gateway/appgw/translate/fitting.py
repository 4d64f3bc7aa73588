"""What has no room on the gateway is left out, host by host and route by route; the rest is served.

What stands on the gateway already comes first, then hosts in the order of the table. A route that
is left out is answered by nobody, and never by another backend; a host without a listener is not
served at all.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final, TypeAlias

from bascule.gateway.appgw.limits import (
    ACTIVE,
    DOCUMENT,
    KINDS,
    bytes_left,
    count_bytes,
    count_others,
    leads_to_backends,
    limits_by_kind,
)
from bascule.gateway.appgw.part import (
    NOTHING_LIVE,
    POOLS,
    PROBES,
    REDIRECTS,
    RULES,
    SETTINGS,
    Live,
)
from bascule.gateway.appgw.settings import BackendsKind, Limits
from bascule.gateway.appgw.translate.asked import Asked
from bascule.gateway.appgw.translate.fragments import Fragment, Granted, seal
from bascule.gateway.appgw.translate.listeners import Framed, write_group, write_route
from bascule.gateway.appgw.translate.sheet import Sheet, Site, Written

Names: TypeAlias = dict[str, set[str]]
"""Names of children by what is limited."""

_NONE: frozenset[str] = frozenset()

NOT_FITTING = "GatewayFull"
"""The code of Problems of this kind."""

BY_POOLS = "set switchBy: pools, with which everything fits"
BY_ITSELF = (
    "let traffic come to rest at one cluster: pools are exchanged then, with which everything fits"
)
"""What to do where addresses exchanged within pools would need half as many."""

REFITS_MAX = 5
"""How many times all is fitted anew since what was kept for somebody is not needed after all."""

SPARE_BYTES = 10_000
"""By how much what is served may go beyond a document's size: the addresses of the other cluster
may be longer, and no switch is to leave a host out."""

_OF_BACKENDS = frozenset((POOLS, SETTINGS, PROBES))


def fit(
    hosts: Sequence[tuple[Granted, Fragment]],
    site: Site,
    *,
    proposal: str = "",
    live: Live = NOTHING_LIVE,
) -> list[Fragment]:
    """Return the fragments of all hosts, as far as there is room. `site` has limits.

    `proposal`: what else to do where there are too many backends. Of `live` that is kept which
    hosts still ask for, so that what once fitted fits again, and nothing new takes its place.
    """
    ranks = [_rank(*each, live) for each in hosts]
    order = sorted(range(len(hosts)), key=ranks.__getitem__)
    kept = live.children
    found: dict[int, Fragment] = {}
    for _ in range(REFITS_MAX):
        fitter = _Fitter(site, proposal)
        for n in order:
            fitter.keep(_only(hosts[n][1].children, kept))
        found = {n: fitter.fit(*hosts[n], is_served=ranks[n] != _NEW) for n in order}
        used = frozenset(chain.from_iterable(_keys(each.children) for each in found.values()))
        if fitter.kept <= used:
            break
        kept &= used
    return [found[n] for n in range(len(hosts))]


_NEW: Final = 2


def _rank(granted: Granted, fragment: Fragment, live: Live) -> int:
    """Return 0 for a host all of which is there, 1 for one that is served, else that it is new."""
    if live.children.issuperset(_keys(fragment.children)):
        return 0
    names = (name.lower() for group in granted.plan.groups for name in group.names)
    return _NEW if live.hosts.isdisjoint(names) else 1


def _keys(children: Written) -> Iterator[tuple[str, str]]:
    return ((kind, name.lower()) for kind, found in children.items() for name in found)


def _only(children: Written, keys: Container[tuple[str, str]]) -> Written:
    return {
        kind: {name: each for name, each in found.items() if (kind, name.lower()) in keys}
        for kind, found in children.items()
    }


class Room:
    """What may still be added; what is there already costs nothing."""

    def __init__(self, site: Site) -> None:
        limits = site.settings.limits or Limits()
        self.most = limits_by_kind(limits)
        self.others = count_others(site.facts)
        self._taken: Names = {}
        self._bytes_left = bytes_left(site.facts, limits)
        self._written: set[tuple[str, str]] = set()

    def find_lack(self, *sheets: Written) -> str | None:
        """Return a kind of which there is no room for all that `sheets` hold, or None."""
        needed: Names = {}
        for each in sheets:
            _collect(each, needed)
        for kind, names in needed.items():
            new = names - self._taken.get(kind, _NONE)
            if len(self._taken.get(kind, _NONE)) + len(new) > self.most[kind] - self.others[kind]:
                return kind
        return None

    def keep(self, sheet: Written) -> bool:
        """Keep places for what a sheet holds, if there are any; its bytes are not counted."""
        if self.find_lack(sheet) is not None:
            return False
        _collect(sheet, self._taken)
        return True

    def holds(self, sheet: Written, *, spare: int) -> bool:
        """Whether the document may grow by all that a sheet holds and is not there yet."""
        return count_bytes(self._new(sheet)) <= self._bytes_left + spare

    def take(self, sheet: Written) -> None:
        """Count what a sheet holds as there."""
        _collect(sheet, self._taken)
        self._bytes_left -= count_bytes(self._new(sheet))
        self._written |= {(kind, name) for kind, found in sheet.items() for name in found}

    def _new(self, sheet: Written) -> Written:
        return {
            kind: {name: each for name, each in found.items() if (kind, name) not in self._written}
            for kind, found in sheet.items()
        }


def _collect(children: Written, names: Names) -> None:
    for kind in KINDS:
        if kind in children:
            names.setdefault(kind, set()).update(children[kind])
    active = [name for name, rule in children.get(RULES, {}).items() if leads_to_backends(rule)]
    names.setdefault(ACTIVE, set()).update(active)


class _Fitter:
    """Fits one host after another."""

    def __init__(self, site: Site, proposal: str) -> None:
        self._site = site
        self._room = Room(site)
        self._proposal = proposal
        self.kept: set[tuple[str, str]] = set()
        """What places are kept for, by collection and name."""

    def keep(self, children: Written) -> None:
        """Keep places for what is there of a host, unless there is too much already."""
        if self._room.keep(children):
            self.kept.update(_keys(children))

    def fit(self, granted: Granted, fragment: Fragment, *, is_served: bool) -> Fragment:
        """Return what of a host has room; `fragment` is all that it would be."""
        spare = SPARE_BYTES if is_served else 0
        has_place = self._room.find_lack(fragment.children) is None
        if has_place and self._room.holds(fragment.children, spare=spare):
            self._room.take(fragment.children)
            return fragment
        sheet = Sheet(self._site)
        if has_place:
            for framed in granted.frames():
                self._refuse(framed, DOCUMENT, sheet)
            return seal(granted, sheet)
        for framed in granted.frames():
            bare = self._fit_listeners(framed, sheet)
            if bare is not None:
                self._fit_routes(*bare, sheet, spare=spare)
        return seal(granted, sheet)

    def _fit_listeners(self, framed: Framed, sheet: Sheet) -> tuple[Framed, Written] | None:
        """Return the group with those listeners for which there is room, and what they need."""
        plain = tuple(replace(door, redirect_place="", redirect_names=()) for door in framed.doors)
        lacks: list[str] = []
        for each in (framed, replace(framed, doors=plain)):
            tried = Sheet(self._site)
            write_group(_led_nowhere(each), tried)
            lack = self._room.find_lack(tried.children)
            if lack is None:
                if lacks:
                    message = f"host {each.group.host} is not redirected from HTTP to HTTPS: "
                    sheet.problems += each.group.report(NOT_FITTING, message + self._why(lacks[0]))
                return each, tried.children
            lacks.append(lack)
        self._refuse(framed, lacks[-1], sheet)
        return None

    def _refuse(self, framed: Framed, lack: str, sheet: Sheet) -> None:
        message = f"host {framed.group.host} is not served: {self._why(lack)}"
        sheet.problems += framed.group.report(NOT_FITTING, message)

    def _fit_routes(self, framed: Framed, bare: Written, sheet: Sheet, *, spare: int) -> None:
        """Write the group with those of its routes for which there is room, if there are any."""
        needed = Sheet(self._site, children={kind: dict(found) for kind, found in bare.items()})
        routes = [self._try(framed, asked, needed, sheet) for asked in framed.group.routes]
        if all(asked.is_refused for asked in routes):
            return
        final = Sheet(self._site)
        write_group(replace(framed, group=replace(framed.group, routes=tuple(routes))), final)
        if not self._room.holds(final.children, spare=spare):
            self._refuse(framed, DOCUMENT, sheet)
            return
        self._room.take(final.children)
        sheet.add(final)

    def _try(self, framed: Framed, asked: Asked, needed: Sheet, sheet: Sheet) -> Asked:
        """Return the route, refused if there is no room for what it leads to."""
        more = Sheet(self._site)
        write_route(framed, asked, more)
        lack = self._room.find_lack(needed.children, more.children)
        if lack is None:
            needed.add(more)
            return asked
        message = f"{asked.where} is answered by nobody: {self._why(lack)}"
        sheet.report(asked.route, NOT_FITTING, message)
        return replace(asked, is_refused=True)

    def _why(self, lack: str) -> str:
        """Return which limit is reached, and what to do about it."""
        limit, others = self._room.most[lack], self._room.others[lack]
        who = f" ({others} of them are not ours)" if others else ""
        return f"the gateway takes {limit} {KINDS[lack]}{who}. {self._remedy(lack)}"

    def _remedy(self, lack: str) -> str:
        ways = ["serve some hosts by a second gateway"]
        if lack in _OF_BACKENDS and self._site.settings.backends is BackendsKind.PODS:
            ways.insert(0, "set backends: loadBalancer, which needs one pool a cluster")
        if lack in (*_OF_BACKENDS, DOCUMENT) and self._proposal:
            ways.insert(0, self._proposal)
        if lack in (SETTINGS, PROBES) and self._site.settings.backends is not BackendsKind.PODS:
            ways.insert(0, "give the load balancers a probeHost, which all hosts then share")
        if lack == REDIRECTS:
            ways.insert(0, "set ssl-redirect: false where plain HTTP is not used")
        text = ", or ".join(ways)
        return f"{text[0].upper()}{text[1:]}"


def _led_nowhere(framed: Framed) -> Framed:
    """Return the group with the children that it needs whatever its routes lead to."""
    routes = tuple(replace(asked, is_refused=True) for asked in framed.group.routes)
    return replace(framed, group=replace(framed.group, routes=routes))
