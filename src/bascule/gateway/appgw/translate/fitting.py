"""What has no room on the gateway is left out, host by host and route by route; the rest is served.

Hosts come in the order of the table. A route that is left out is answered by nobody, and never by
another backend; a host without a listener is not served at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bascule.gateway.appgw.limits import (
    ACTIVE,
    KINDS,
    count_others,
    leads_to_backends,
    limits_by_kind,
)
from bascule.gateway.appgw.part import POOLS, PROBES, REDIRECTS, RULES, SETTINGS, Children
from bascule.gateway.appgw.settings import BackendsKind, Limits
from bascule.gateway.appgw.translate.asked import Asked
from bascule.gateway.appgw.translate.fragments import Fragment, Granted, seal
from bascule.gateway.appgw.translate.listeners import Framed, write_group, write_route
from bascule.gateway.appgw.translate.sheet import Sheet, Site

NOT_FITTING = "GatewayFull"
"""The code of Problems of this kind."""

_OF_BACKENDS = frozenset((POOLS, SETTINGS, PROBES))


def fit(grants: Sequence[Granted], site: Site, *, pools_fit: bool) -> list[Fragment]:
    """Return the fragments of all hosts, as far as there is room. `site` has limits.

    `pools_fit`: everything would fit if addresses were exchanged within pools.
    """
    fitter = _Fitter(site, Room.of(site), pools_fit=pools_fit)
    return [fitter.fit(granted) for granted in grants]


@dataclass(slots=True)
class Room:
    """What may still be added, and what is there already and so costs nothing."""

    most: Mapping[str, int]
    taken: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, site: Site) -> "Room":
        """Return the room that others leave us."""
        limits = limits_by_kind(site.settings.limits or Limits())
        others = count_others(site.facts)
        return cls({kind: limits[kind] - others[kind] for kind in KINDS})

    def copy(self) -> "Room":
        """Return the same room, to try something in."""
        return Room(self.most, {kind: set(names) for kind, names in self.taken.items()})

    def find_lack(self, children: Mapping[str, Children]) -> str | None:
        """Return a kind of which there is no room for all of `children`, or None."""
        for kind, names in _needs(children):
            if len(self.taken.get(kind, set()) | names) > self.most[kind]:
                return kind
        return None

    def take(self, children: Mapping[str, Children]) -> None:
        """Count `children` as there."""
        for kind, names in _needs(children):
            self.taken.setdefault(kind, set()).update(names)


def _needs(children: Mapping[str, Children]) -> Iterator[tuple[str, set[str]]]:
    for kind in KINDS:
        if kind in children:
            yield kind, set(children[kind])
    rules = children.get(RULES, {})
    yield ACTIVE, {name for name, rule in rules.items() if leads_to_backends(rule)}


class _Fitter:
    """Fits one host after another."""

    def __init__(self, site: Site, room: Room, *, pools_fit: bool) -> None:
        self._site = site
        self._room = room
        self._pools_fit = pools_fit

    def fit(self, granted: Granted) -> Fragment:
        """Return what of a host has room."""
        sheet = Sheet(self._site)
        for framed in granted.frames():
            self._fit_group(framed, sheet)
        return seal(granted, sheet)

    def _fit_group(self, framed: Framed, sheet: Sheet) -> None:
        whole = Sheet(self._site)
        write_group(framed, whole)
        if self._room.find_lack(whole.children) is None:
            self._room.take(whole.children)
            sheet.add(whole)
            return
        bare = self._fit_listeners(framed, sheet)
        if bare is not None:
            self._fit_routes(bare, sheet)

    def _fit_listeners(self, framed: Framed, sheet: Sheet) -> Framed | None:
        """Return the group with those of its listeners for which there is room."""
        doors = tuple(replace(door, redirect_place="", redirect_names=()) for door in framed.doors)
        lack = ""
        for each in (framed, replace(framed, doors=doors)):
            tried = Sheet(self._site)
            write_group(_led_nowhere(each), tried)
            found = self._room.find_lack(tried.children)
            if found is None:
                if each is not framed:
                    message = f"host {each.group.host} is not redirected from HTTP to HTTPS: "
                    sheet.problems += each.group.report(NOT_FITTING, message + self._why(lack))
                return each
            lack = lack or found
        message = f"host {framed.group.host} is not served: {self._why(lack)}"
        sheet.problems += framed.group.report(NOT_FITTING, message)
        return None

    def _fit_routes(self, framed: Framed, sheet: Sheet) -> None:
        """Write the group with those of its routes for which there is room, if there are any."""
        room = self._room.copy()
        bare = Sheet(self._site)
        write_group(_led_nowhere(framed), bare)
        room.take(bare.children)
        routes = [self._try(framed, asked, room, sheet) for asked in framed.group.routes]
        if all(asked.is_refused for asked in routes):
            return
        final = Sheet(self._site)
        write_group(replace(framed, group=replace(framed.group, routes=tuple(routes))), final)
        self._room.take(final.children)
        sheet.add(final)

    def _try(self, framed: Framed, asked: Asked, room: Room, sheet: Sheet) -> Asked:
        """Return the route, refused if there is no room for what it leads to."""
        needed = Sheet(self._site)
        write_route(framed, asked, needed)
        lack = room.find_lack(needed.children)
        if lack is None:
            room.take(needed.children)
            return asked
        message = f"{asked.where} is answered by nobody: {self._why(lack)}"
        sheet.report(asked.route, NOT_FITTING, message)
        return replace(asked, is_refused=True)

    def _why(self, lack: str) -> str:
        """Return which limit is reached, and what to do about it."""
        limit = limits_by_kind(self._site.settings.limits or Limits())[lack]
        others = count_others(self._site.facts)[lack]
        who = f" ({others} of them are not ours)" if others else ""
        return f"the gateway takes {limit} {KINDS[lack]}{who}. {self._remedy(lack)}"

    def _remedy(self, lack: str) -> str:
        ways = ["serve some hosts by a second gateway"]
        if lack in _OF_BACKENDS and self._site.settings.backends is BackendsKind.PODS:
            ways.insert(0, "set backends: loadBalancer, which needs one pool a cluster")
        if lack in _OF_BACKENDS and self._pools_fit:
            ways.insert(0, "set switch_by: pools, with which everything fits")
        if lack in (SETTINGS, PROBES) and self._site.settings.backends is not BackendsKind.PODS:
            ways.insert(0, "give the load balancers a probe_host, which all hosts then share")
        if lack == REDIRECTS:
            ways.insert(0, "set ssl-redirect: false where plain HTTP is not used")
        text = ", or ".join(ways)
        return f"{text[0].upper()}{text[1:]}"


def _led_nowhere(framed: Framed) -> Framed:
    """Return the group with the children that it needs whatever its routes lead to."""
    routes = tuple(replace(asked, is_refused=True) for asked in framed.group.routes)
    return replace(framed, group=replace(framed.group, routes=routes))
