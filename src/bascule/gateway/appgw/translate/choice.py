"""By which mechanism all routes change clusters, where that is left to us.

Rules where everything has room so, since then each cluster's pools are probed and counted apart;
else pools where more of it has. What is live stays while traffic moves or is split.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from bascule.gateway.appgw.limits import DOCUMENT, KINDS, Headroom
from bascule.gateway.appgw.part import POOLS, PROBES, SETTINGS, Choice, Standing
from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind, Mechanism
from bascule.gateway.appgw.translate.prepared import name_of
from bascule.ids import Cluster
from bascule.routing.model import Problem, Severity
from bascule.routing.weights import Split

SWITCHED_BY_POOLS: Final = "SwitchedByPools"
"""The code of the Problem that tells of it."""
FULL_PERCENT: Final = 90
"""Who switches by pools goes back to rules once these fill no more of each limit than this, so
that one Service more or less does not turn it about."""
_DOUBLED = frozenset((POOLS, SETTINGS, PROBES, DOCUMENT))
"""Of what rules need more than pools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a table comes to by one mechanism."""

    room: tuple[Headroom, ...]
    left_out: int
    """How many times something would be told to have no room."""

    @property
    def lack(self) -> Headroom | None:
        """The first limit that is passed."""
        return next((each for each in self.room if each.left < 0), None)

    @property
    def full(self) -> Headroom | None:
        """The first limit of those that rules fill faster, of which little is left."""
        return next((each for each in self.room if _is_full(each)), None)


Estimate: TypeAlias = Callable[[Mechanism], Outcome]


def choose(
    settings: AppGwSettings, split: Split, standing: Standing | None, estimate: Estimate
) -> Choice:
    """Return by what routes change clusters; `estimate` is asked for as little as is needed."""
    if settings.mechanism is not Mechanism.AUTO:
        return Choice(mechanism=settings.mechanism, why=f"switchBy: {settings.mechanism}")
    live = None if standing is None else standing.mechanism
    if standing is not None and not may_change(split, standing):
        return Choice(mechanism=standing.mechanism, why="it stays while traffic moves or is split")
    rules = estimate(Mechanism.RULES)
    short = rules.lack or (rules.full if live is Mechanism.POOLS else None)
    if short is None:
        return Choice(mechanism=Mechanism.RULES, why="everything has room so")
    why = _say(short)
    if not _can_exchange(settings):
        instead = "the load balancers differ in more than their addresses"
        return Choice(mechanism=Mechanism.RULES, why=f"{why}, but {instead}")
    pools = estimate(Mechanism.POOLS)
    if pools.lack is None:
        return Choice(mechanism=Mechanism.POOLS, why=f"{why}, and by pools everything has room")
    if rules.lack is None:
        return Choice(mechanism=Mechanism.RULES, why="everything has room so")
    margin = rules.left_out - pools.left_out
    if margin > 0 or live is Mechanism.POOLS:  # Rules need more: a host that serves could go.
        more = "and by pools more of it has room" if margin > 0 else "and pools are live"
        return Choice(mechanism=Mechanism.POOLS, why=f"{why}, {more}")
    return Choice(mechanism=Mechanism.RULES, why=f"{why}, but by pools no more of it has room")


def may_change(split: Split, standing: Standing) -> bool:
    """Whether nothing else is about to change, and one cluster has all requests."""
    whole = split.default.only is not None
    is_one = whole and all(each == split.default for each in split.by_host.values())
    return is_one and split == standing.split and not standing.is_held


def tell(choice: Choice, gateway_id: str) -> Problem:
    """Return the Problem, on the gateway itself, of pools that were not asked for."""
    name = name_of(gateway_id)
    return Problem(
        cluster=Cluster.GREEN,
        kind="Gateway",
        namespace="",
        name=name,
        code=SWITCHED_BY_POOLS,
        message=f"gateway {name} switches by pools: {choice.why}; the cluster without requests is "
        "not probed before a switch, and Azure Monitor does not tell the clusters apart; serve "
        "some hosts by a second gateway, or write `switchBy: pools` to hear no more of it",
        severity=Severity.WARNING,
    )


def _is_full(room: Headroom) -> bool:
    return room.collection in _DOUBLED and (
        (room.ours + room.others) * 100 > room.limit * FULL_PERCENT
    )


def _can_exchange(settings: AppGwSettings) -> bool:
    blue, green = (settings.load_balancers.get(each) for each in Cluster)
    if settings.backends is BackendsKind.PODS or blue is None or green is None:
        return True
    return blue.is_reached_as(green)


def _say(room: Headroom) -> str:
    others = f", {room.others} of them not ours" if room.others else ""
    taken = room.ours + room.others
    return f"by rules it needs {taken} {KINDS[room.collection]} of {room.limit}{others}"
