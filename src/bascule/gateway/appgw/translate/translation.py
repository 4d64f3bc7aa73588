"""A routing table becomes our part of one gateway's document.

What was made of a host stands for as long as the host, its listeners and where its requests go stay
as they are, so that one changed endpoint costs little whatever the size of the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bascule.gateway.appgw.limits import is_within
from bascule.gateway.appgw.part import Facts, Part
from bascule.gateway.appgw.settings import AppGwSettings, Limits, Mechanism
from bascule.gateway.appgw.translate.assembly import Assembled, assemble
from bascule.gateway.appgw.translate.backends import Stance
from bascule.gateway.appgw.translate.doors import grant_doors
from bascule.gateway.appgw.translate.fitting import fit
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
        self._desk = _Desk(Site(settings, Facts()))
        self._by_pools: _Desk | None = None

    def translate(self, table: RoutingTable, facts: Facts) -> Part:
        """Return our part of the document under `table`; what does not fit is a Problem."""
        if facts != self._desk.site.facts:
            self._desk = _Desk(Site(self._settings, facts))
            self._by_pools = None
        part = self._desk.translate(table)
        limits = self._settings.limits
        if limits is None or is_within(part, facts, limits):
            return part
        pools_fit = self._would_fit_by_pools(table, facts, limits)
        found = fit(self._desk.hosts(), self._desk.site, pools_fit=pools_fit)
        return assemble(found, self._desk.site).part

    def _would_fit_by_pools(self, table: RoutingTable, facts: Facts, limits: Limits) -> bool:
        """Return whether all would fit were addresses exchanged, with half as many pools."""
        if self._settings.mechanism is Mechanism.POOLS:
            return False
        if self._by_pools is None:
            settings = replace(self._settings, mechanism=Mechanism.POOLS)
            self._by_pools = _Desk(Site(settings, facts))
        return is_within(self._by_pools.translate(table), facts, limits)


@dataclass(slots=True)
class _Entry:
    """A host and what was made of it."""

    host: Host
    plan: HostPlan
    made: tuple[Granted, Fragment] | None = None


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

    def translate(self, table: RoutingTable) -> Part:
        """Return the part that all hosts make up, whether it fits or not."""
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
        return self._assembled.part

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
        if entry.made is not None:
            known, fragment = entry.made
            is_alike = known.doors == grant.doors and known.problems == grant.problems
            if known.stance == stance and is_alike:
                return fragment
        granted = replace(grant, plan=entry.plan, stance=stance)
        fragment = build_fragment(granted, self.site)
        entry.made = (granted, fragment)
        return fragment

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
