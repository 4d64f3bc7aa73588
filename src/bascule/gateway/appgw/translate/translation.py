"""A routing table becomes our part of one gateway's document.

What was made of a host stands for as long as the host, its listeners and where its requests go stay
as they are, so that one changed endpoint costs little whatever the size of the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bascule.gateway.appgw.limits import Headroom, headroom
from bascule.gateway.appgw.part import NOTHING_LIVE, Choice, Facts, Live, Part
from bascule.gateway.appgw.settings import AppGwSettings, Mechanism
from bascule.gateway.appgw.translate.assembly import Assembled, assemble, narrow
from bascule.gateway.appgw.translate.backends import Stance
from bascule.gateway.appgw.translate.choice import Outcome, choose, tell
from bascule.gateway.appgw.translate.doors import grant_doors
from bascule.gateway.appgw.translate.fitting import BY_ITSELF, BY_POOLS, NOT_FITTING, fit
from bascule.gateway.appgw.translate.fragments import Fragment, Granted, build_fragment
from bascule.gateway.appgw.translate.groups import HostPlan, plan_host
from bascule.gateway.appgw.translate.sheet import Site
from bascule.ids import Cluster
from bascule.routing.affinity import Affinity
from bascule.routing.model import Host, RoutingTable
from bascule.routing.preview import TARGET, find_preview_hosts
from bascule.routing.weights import Split, Weights


class Translator:
    """Translates one table after another and keeps what it made of each host.

    What it gives equals what a fresh one would give.
    """

    def __init__(self, settings: AppGwSettings) -> None:
        self._settings = settings
        self._facts = Facts()
        self._ways: dict[Mechanism, _Way] = {}

    def translate(self, table: RoutingTable, facts: Facts) -> Part:
        """Return our part of the document under `table`; what does not fit is a Problem."""
        if facts != self._facts:
            self._ways = {}
        self._facts = facts

        def estimate(mechanism: Mechanism) -> Outcome:
            return self._way(mechanism).estimate(table)

        choice = choose(self._settings, table.split, facts.standing, estimate)
        proposal = self._find_proposal(choice, table)
        part = self._way(choice.mechanism).fit(table, proposal, facts.live)
        told = part.problems
        is_untold = self._settings.mechanism is Mechanism.AUTO
        if is_untold and choice.mechanism is Mechanism.POOLS:
            told = tuple(sorted({*told, tell(choice, self._settings.gateway_id)}))
        return replace(part, problems=told, choice=choice)

    def _way(self, mechanism: Mechanism) -> "_Way":
        if mechanism not in self._ways:
            settings = replace(self._settings, mechanism=mechanism)
            self._ways[mechanism] = _Way(Site(settings, self._facts))
        return self._ways[mechanism]

    def _find_proposal(self, choice: Choice, table: RoutingTable) -> str:
        """Return what to do where all would fit were addresses exchanged, with half as many pools.

        Nothing where it fits as it is, or would not fit so either.
        """
        if choice.mechanism is Mechanism.POOLS or self._way(choice.mechanism).fits(table):
            return ""
        if not self._way(Mechanism.POOLS).fits(table):
            return ""
        return BY_ITSELF if self._settings.mechanism is Mechanism.AUTO else BY_POOLS


class _Way:
    """What tables come to by one mechanism under the same facts."""

    def __init__(self, site: Site) -> None:
        self._desk = _Desk(site)
        self._table: RoutingTable | None = None
        self._whole = Part(children={})
        self._room: tuple[Headroom, ...] = ()
        self._fitted: dict[bool, _Fitted] = {}
        """The last of those for an estimate, and of the others."""

    def estimate(self, table: RoutingTable) -> Outcome:
        """Return whether there is room, and how much has none, whoever is there already.

        What is live must not sway it: the choice would, and be another one the next time.
        """
        if self.fits(table):
            return Outcome(room=self._room, left_out=0)
        told = [
            each for each in self.fit(table, "", NOTHING_LIVE).problems if each.code == NOT_FITTING
        ]
        return Outcome(room=self._room, left_out=len(told))

    def fits(self, table: RoutingTable) -> bool:
        """Return whether all of a table has room."""
        if table is not self._table:
            site = self._desk.site
            assembled = self._desk.translate(table)
            self._whole = assembled.part
            limits = site.settings.limits
            self._room = headroom(self._whole, site.facts, limits) if limits is not None else ()
            if limits is not None and any(each.left < 0 for each in self._room):
                self._whole = narrow(assembled, site)
                self._room = headroom(self._whole, site.facts, limits)
            self._table = table
        return all(each.left >= 0 for each in self._room)

    def fit(self, table: RoutingTable, proposal: str, live: Live) -> Part:
        """Return our part under `table`, without what has no room; `proposal` says what to do.

        What is `live` comes first.
        """
        if self.fits(table):
            return self._whole
        hosts = [*self._desk.hosts()]
        fragments = tuple(fragment for _, fragment in hosts)
        slot = live is NOTHING_LIVE
        known = self._fitted.get(slot)
        if known is not None and known.is_of(fragments, proposal, live):
            return known.part
        found = fit(hosts, self._desk.site, proposal=proposal, live=live)
        part = narrow(assemble(found, self._desk.site), self._desk.site)
        self._fitted[slot] = _Fitted(fragments, proposal, live, part)
        return part


@dataclass(frozen=True, slots=True)
class _Fitted:
    """What was made of fragments of which not all had room."""

    fragments: tuple[Fragment, ...]
    proposal: str
    live: Live
    part: Part

    def is_of(self, fragments: tuple[Fragment, ...], proposal: str, live: Live) -> bool:
        """Whether it was made of these very fragments, and of the rest as well."""
        is_alike = (self.proposal, self.live) == (proposal, live)
        return is_alike and _are_same(self.fragments, fragments)


def _are_same(ones: tuple[Fragment, ...], others: tuple[Fragment, ...]) -> bool:
    return len(ones) == len(others) and all(a is b for a, b in zip(ones, others, strict=True))


@dataclass(slots=True)
class _Entry:
    """A host and what was made of it."""

    host: Host
    plan: HostPlan
    made: tuple[Granted, Fragment] | None = None
    before: tuple[Granted, Fragment] | None = None
    """What was made for where its requests went until they went elsewhere: a rollback's way."""


class _Desk:
    """What was made of each host under the same settings and facts."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._entries: dict[str, _Entry] = {}
        self._previews: dict[str, tuple[Host, Host]] = {}
        self._plans: list[HostPlan] = []
        self._grants: list[Granted] = []
        self._aim: tuple[Split, Affinity | None] | None = None
        self._stances: dict[tuple[Weights, bool], Stance] = {}
        self._assembled: Assembled | None = None

    def translate(self, table: RoutingTable) -> Assembled:
        """Return what all hosts make up, whether it fits or not."""
        aim = (table.split, table.arrangement.affinity)
        is_settled = aim == self._aim
        if not is_settled:
            self._aim = aim
            self._stances = {}
        before = self._entries
        entries = [self._enter(*shown, before) for shown in self._shown_hosts(table)]
        self._entries = {entry.host.name: entry for entry in entries}
        grants = self._grants
        if self._grant([entry.plan for entry in entries]) is not grants:
            is_settled = False
        fragments = [
            entry.made[1]
            if is_settled and entry.made is not None
            else self._make(entry, grant, self._stance(entry.host.name, table))
            for entry, grant in zip(entries, self._grants, strict=True)
        ]
        self._assembled = assemble(fragments, self.site, self._assembled)
        return self._assembled

    def hosts(self) -> Iterator[tuple[Granted, Fragment]]:
        """Yield what was made of each host the last time."""
        yield from (entry.made for entry in self._entries.values() if entry.made is not None)

    def _shown_hosts(self, table: RoutingTable) -> Iterator[tuple[Host, Host | None]]:
        """Yield the hosts to serve, and which one each shows if it is a preview."""
        for host in table.routes.hosts:
            yield host, None
        found: dict[str, tuple[Host, Host]] = {}
        for preview in find_preview_hosts(table.routes, table.arrangement):
            shown, origin = self._previews.get(preview.alias, (None, None))
            if shown is None or origin is not preview.host:
                shown = preview.shown
            found[preview.alias] = (shown, preview.host)
            yield shown, preview.host
        self._previews = found

    def _enter(self, host: Host, preview_of: Host | None, before: dict[str, _Entry]) -> _Entry:
        entry = before.get(host.name)
        if entry is not None and entry.host is host:
            return entry
        return _Entry(host, plan_host(host, self.site, preview_of=preview_of))

    def _grant(self, plans: list[HostPlan]) -> list[Granted]:
        """Return the listeners of each host; they stand while no host asks for other ones."""
        old = self._plans
        is_alike = len(old) == len(plans) and all(
            one is other or one.claims == other.claims
            for one, other in zip(old, plans, strict=True)
        )
        self._plans = plans
        if is_alike:
            return self._grants
        allotted = grant_doors([group for plan in plans for group in plan.groups], self.site)
        self._grants = []
        first = 0
        for plan in plans:
            last = first + len(plan.groups)
            problems = (each for found in allotted.problems[first:last] for each in found)
            doors = allotted.doors[first:last]
            self._grants.append(Granted(plan=plan, doors=doors, problems=tuple(problems)))
            first = last
        return self._grants

    def _make(self, entry: _Entry, grant: Granted, stance: Stance) -> Fragment:
        if entry.made is not None and _is_of(entry.made[0], grant, stance):
            return entry.made[1]
        former, entry.before = entry.before, entry.made
        if former is None or not _is_of(former[0], grant, stance):
            granted = replace(grant, plan=entry.plan, stance=stance)
            former = (granted, build_fragment(granted, self.site))
        entry.made = former
        return former[1]

    def _stance(self, name: str, table: RoutingTable) -> Stance:
        is_preview = name in self._previews
        asked = Weights.all_to(TARGET) if is_preview else table.split.for_host(name)
        stance = self._stances.get((asked, is_preview))
        if stance is None:
            wanted, base = self._settle(asked), self._settle(table.split.default)
            stance = Stance(
                wanted=wanted,
                base=base,
                affinity=table.arrangement.affinity,
                is_rounded=wanted != asked,
                is_fixed=is_preview,
            )
            self._stances[asked, is_preview] = stance
        return stance

    def _settle(self, weights: Weights) -> Weights:
        """Return the weights that the gateway may be given: whole ones, unless shares are fine."""
        if weights.only is not None or self.site.settings.shares_accepted:
            return weights
        return Weights.all_to(
            Cluster.BLUE if weights.blue_bp >= weights.green_bp else Cluster.GREEN
        )


def _is_of(known: Granted, grant: Granted, stance: Stance) -> bool:
    """Whether a host that is the same still has these listeners, and its requests go there."""
    is_alike = known.doors == grant.doors and known.problems == grant.problems
    return known.stance == stance and is_alike
