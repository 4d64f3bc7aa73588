"""What one host contributes to the document."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bascule.gateway.appgw.translate.backends import TO_BLUE, Stance
from bascule.gateway.appgw.translate.doors import Door
from bascule.gateway.appgw.translate.groups import HostPlan
from bascule.gateway.appgw.translate.listeners import Framed, write_group
from bascule.gateway.appgw.translate.sheet import Pairs, Sheet, Site, Written
from bascule.ids import CertificateDigest
from bascule.routing.model import Problem, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Children of the document, some of which other hosts may contribute as well, alike."""

    children: Written = field(default_factory=dict)
    certificates: Mapping[str, CertificateDigest] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    pairs: Pairs = field(default_factory=dict)
    """Pools and settings to be probed all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A host with the listeners of each of its groups, and what was said when they were given."""

    plan: HostPlan
    doors: tuple[tuple[Door, ...], ...]
    problems: tuple[Problem, ...] = ()
    stance: Stance = TO_BLUE

    def frames(self) -> list[Framed]:
        """Return each group with its listeners; none for a group without."""
        pairs = zip(self.plan.groups, self.doors, strict=True)
        found = [Framed(group=g, doors=each, stance=self.stance) for g, each in pairs]
        return [framed for framed in found if framed.doors]


def build_fragment(granted: Granted, site: Site) -> Fragment:
    """Return all that a host contributes when there is room for everything."""
    sheet = Sheet(site)
    if granted.stance.is_rounded:
        _report_shares(granted, sheet)
    for framed in granted.frames():
        write_group(framed, sheet)
    return seal(granted, sheet)


def seal(granted: Granted, sheet: Sheet) -> Fragment:
    """Return what was written down of a host."""
    problems = {*granted.plan.problems, *granted.problems, *sheet.problems}
    return Fragment(
        children=sheet.children,
        certificates=sheet.certificates,
        problems=tuple(sorted(problems)),
        pairs=sheet.pairs,
    )


def _report_shares(granted: Granted, sheet: Sheet) -> None:
    only = granted.stance.wanted.only
    message = (
        f"host {granted.plan.host.name}: shares between the clusters are not accepted for this "
        f"gateway, and {only} gets all its requests; move whole hosts, or set shares: true"
    )
    for route in granted.plan.host.routes:
        sheet.report(route, "SharesNotAccepted", message, Severity.WARNING)
