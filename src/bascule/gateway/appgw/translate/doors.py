"""Which listeners all hosts together get: no two alike, none that somebody else has.

A table's own hosts come before further names of others, and both before plain listeners that only
redirect. One address and port speaks either HTTP or HTTPS.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bascule.gateway.appgw.part import ANY_HOST, WideRule
from bascule.gateway.appgw.settings import Limits
from bascule.gateway.appgw.translate.groups import Group
from bascule.gateway.appgw.translate.priorities import band_of, choose_priorities
from bascule.gateway.appgw.translate.sheet import Site
from bascule.routing.model import Problem, Severity

HTTP, HTTPS = "Http", "Https"
_SHOWN_MAX = 3
"""So many hosts are named in one sentence."""
_HOSTS_A_LISTENER = Limits().hosts_a_listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A listener of a group, and the plain one that redirects to it if it has names.

    `place` is what the listener, its rule and its path maps are called after their kind.
    """

    place: str
    names: tuple[str, ...]
    priority: int
    redirect_place: str = ""
    redirect_names: tuple[str, ...] = ()
    redirect_priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotted:
    """The doors of each group in order, none where it gets none, and what is wrong."""

    doors: tuple[tuple[Door, ...], ...]
    problems: tuple[tuple[Problem, ...], ...]
    """Of each group."""


def grant_doors(groups: Sequence[Group], site: Site) -> Allotted:
    """Return the listeners of all groups, in the order of their hosts."""
    allotment = _Allotment(site, [[] for _ in groups])
    names = allotment.allot(groups)
    redirects = allotment.allot_redirects(groups, names)
    drafts = [
        [*_draft(group, names[n], redirects[n], site)] if names[n] else []
        for n, group in enumerate(groups)
    ]
    priorities = allotment.prioritise(groups, drafts)
    doors = tuple(tuple(_numbered(door, priorities) for door in each) for each in drafts)
    allotment.tell_of_earlier_rules(groups, doors)
    allotment.tell_who_comes_first(groups, doors)
    return Allotted(
        doors=doors,
        problems=tuple(tuple(each) for each in allotment.problems),
    )


def _draft(
    group: Group, names: Sequence[str], redirects: Sequence[str], site: Site
) -> Iterator[Door]:
    place_of = site.names.place
    plain_port = site.settings.http_port
    for chunk in _chunks(names):
        plain = tuple(name for name in chunk if name in redirects)
        yield Door(
            place=place_of(port=group.port, host=chunk[0], is_private=group.is_private),
            names=chunk,
            priority=0,
            redirect_place=place_of(port=plain_port, host=plain[0], is_private=group.is_private)
            if plain
            else "",
            redirect_names=plain,
        )


def _chunks(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield as many names as a listener takes; those of one listener have one rank."""
    bands: dict[range, list[str]] = {}
    for name in names:
        bands.setdefault(band_of([name]), []).append(name)
    for band in bands.values():
        size = 1 if "*" in band else _HOSTS_A_LISTENER
        for first in range(0, len(band), size):
            yield tuple(band[first : first + size])


def _numbered(door: Door, priorities: Mapping[str, int]) -> Door:
    return Door(
        place=door.place,
        names=door.names,
        priority=priorities[door.place],
        redirect_place=door.redirect_place,
        redirect_names=door.redirect_names,
        redirect_priority=priorities.get(door.redirect_place, 0),
    )


class _Allotment:
    """Who gets which name at which address and port."""

    def __init__(self, site: Site, problems: list[list[Problem]]) -> None:
        self.problems = problems
        self._site = site
        self._others = site.facts.listeners
        self._plain_port = site.settings.http_port
        self._holders: set[tuple[str, int, str]] = set()
        self._spoken = dict(site.facts.protocols)

    def allot(self, groups: Sequence[Group]) -> list[list[str]]:
        """Return the names that each group gets; TLS is asked first, and hosts before aliases.

        Before them, who uses ports as they are meant: an annotation takes no port from the others.
        """
        found: list[list[str]] = [[] for _ in groups]
        order = sorted(
            range(len(groups)), key=lambda n: (not self._is_usual(groups[n]), not groups[n].is_tls)
        )
        heard = [n for n in order if self._speaks(groups[n], n)]
        for is_own in (True, False):
            for n in heard:
                group = groups[n]
                wanted = [name for name in group.names if (name == group.host) is is_own]
                found[n] += [name for name in wanted if self._take(group, name, n)]
        return found

    def allot_redirects(
        self, groups: Sequence[Group], names: Sequence[Sequence[str]]
    ) -> list[list[str]]:
        """Return the names under which plain HTTP is redirected to each group."""
        found: list[list[str]] = [[] for _ in groups]
        usual_first = sorted(range(len(groups)), key=lambda n: groups[n].port)
        for n in usual_first:
            group = groups[n]
            if not group.has_redirect or not names[n]:
                continue
            if self._spoken.setdefault((group.frontend, self._plain_port), HTTP) != HTTP:
                message = (
                    f"port {self._plain_port} speaks TLS, so that {group.host} gets no redirect"
                )
                self._report(n, group.report("NoRedirect", message, Severity.WARNING))
                continue
            found[n] = [name for name in names[n] if self._take_plain(group, name, n)]
        return found

    def prioritise(
        self, groups: Sequence[Group], drafts: Sequence[Sequence[Door]]
    ) -> dict[str, int]:
        """Return the priorities of the rules by place; one that is asked for twice goes first."""
        taken = self._site.facts.priorities
        rules: dict[str, range] = {}
        wanted: dict[str, int] = {}
        for n, (group, doors) in enumerate(zip(groups, drafts, strict=True)):
            rules |= dict(_ranked(doors))
            if group.priority is None or not doors:
                continue
            if group.priority in taken or group.priority in wanted.values():
                message = f"priority {group.priority} is taken; host {group.host} gets another one"
                self._report(n, group.report("PriorityTaken", message, Severity.WARNING))
                continue
            wanted[doors[0].place] = group.priority
        return choose_priorities(rules, wanted, taken)

    def tell_of_earlier_rules(
        self, groups: Sequence[Group], doors: Sequence[Sequence[Door]]
    ) -> None:
        """Tell which names others answer for by a rule that comes before ours."""
        for n, (group, granted) in enumerate(zip(groups, doors, strict=True)):
            for door in granted:
                self._tell_of_earlier(group, (group.port, door.names, door.priority), n)
                plain = (self._plain_port, door.redirect_names, door.redirect_priority)
                self._tell_of_earlier(group, plain, n)

    def _tell_of_earlier(self, group: Group, rule: tuple[int, Sequence[str], int], n: int) -> None:
        port, names, priority = rule
        for wide in self._site.facts.wide_rules:
            if wide.priority > priority or (wide.frontend, wide.port) != (group.frontend, port):
                continue
            for name in (each for each in names if wide.covers(each)):
                self._report(n, group.report("BehindAnotherRule", _tell(wide, name, priority)))

    def tell_who_comes_first(
        self, groups: Sequence[Group], doors: Sequence[Sequence[Door]]
    ) -> None:
        """Tell which of our hosts never get a request, as a wildcard asks to come before them."""
        for n, group in enumerate(groups):
            first = doors[n][0] if group.priority is not None and doors[n] else None
            if first is None or first.priority != group.priority:
                continue
            for wide in (name for name in first.names if "*" in name):
                behind = sorted(self._find_behind(wide, n, groups, doors))
                if behind:
                    message = _tell_first(wide, first.priority, behind)
                    self._report(n, group.report("BeforeOtherHosts", message))

    def _find_behind(
        self, wide: str, n: int, groups: Sequence[Group], doors: Sequence[Sequence[Door]]
    ) -> set[tuple[str, int]]:
        """Return the names, with their priorities, that a wildcard of group `n` answers for."""
        place, first = (groups[n].frontend, groups[n].port), doors[n][0].priority
        found = set()
        for at, group in enumerate(groups):
            for door in doors[at] if at != n else ():
                own = (group.port, door.names, door.priority)
                plain = (self._plain_port, door.redirect_names, door.redirect_priority)
                for port, names, priority in (own, plain):
                    if (group.frontend, port) == place and priority > first:
                        found |= {(each, priority) for each in names if fnmatchcase(each, wide)}
        return found

    def _is_usual(self, group: Group) -> bool:
        settings = self._site.settings
        return group.port == (settings.https_port if group.is_tls else settings.http_port)

    def _speaks(self, group: Group, n: int) -> bool:
        protocol = HTTPS if group.is_tls else HTTP
        spoken = self._spoken.setdefault((group.frontend, group.port), protocol)
        if spoken != protocol:
            message = (
                f"host {group.host} is not served: port {group.port} of this frontend speaks "
                f"{spoken} already, and cannot speak {protocol} too; choose another port"
            )
            self._report(n, group.report("PortTaken", message))
        elif group.has_redirect:
            self._spoken.setdefault((group.frontend, self._plain_port), HTTP)
        return spoken == protocol

    def _take(self, group: Group, name: str, n: int) -> bool:
        key = (group.frontend, group.port, name)
        if key in self._others:
            message = f"{name} on port {group.port} has a listener that is not ours: left as it is"
            self._report(n, group.report("HostTakenByOther", message))
            return False
        if self._is_new(key):
            return True
        message = f"the further name {name} of {group.host} belongs to another host already"
        self._report(n, group.report("AliasTaken", message, Severity.WARNING))
        return False

    def _take_plain(self, group: Group, name: str, n: int) -> bool:
        key = (group.frontend, self._plain_port, name)
        if key not in self._others and self._is_new(key):
            return True
        message = (
            f"{name} on port {self._plain_port} has a listener already, which does not redirect"
        )
        self._report(n, group.report("NoRedirect", message, Severity.WARNING))
        return False

    def _is_new(self, key: tuple[str, int, str]) -> bool:
        if key in self._holders:
            return False
        self._holders.add(key)
        return True

    def _report(self, n: int, problems: Iterable[Problem]) -> None:
        self.problems[n].extend(problems)


def _tell(wide: WideRule, name: str, priority: int) -> str:
    whom = "any host" if wide.host == ANY_HOST else wide.host
    return (
        f"requests for {name} at port {wide.port} never reach our rule, whose priority is "
        f"{priority}: the rule {wide.name}, which is not ours, comes before it with {wide.priority}"
        f", and its listener {wide.listener} answers for {whom}; give that rule a larger priority "
        f"than {priority}, or this Ingress a rule-priority below {wide.priority}"
    )


def _tell_first(wide: str, first: int, behind: Sequence[tuple[str, int]]) -> str:
    whose = "any host" if wide == ANY_HOST else wide
    more = len(behind) - _SHOWN_MAX
    names = ", ".join(name for name, _ in behind[:_SHOWN_MAX])
    told = names + (f" and {more} more" if more > 0 else "")
    last = max(priority for _, priority in behind)
    return (
        f"rule-priority {first} of {whose} comes before the rules of {told}, which never get a "
        f"request: leave it out, make it larger than {last}, or give those Ingresses a "
        f"rule-priority below {first}"
    )


def _ranked(doors: Iterable[Door]) -> Iterator[tuple[str, range]]:
    for door in doors:
        yield door.place, band_of(door.names)
        if door.redirect_place:
            yield door.redirect_place, band_of(door.redirect_names)
