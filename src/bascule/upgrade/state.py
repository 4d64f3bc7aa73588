"""The state of a gateway's split, as a fold of its journal; there is no other memory.

`homes` is the way back: the splits that traffic had settled in (all of it in one cluster) before
each switch or shift, newest last. A shift is any number of weights on the way from one settled
split to the next, so that one roll back undoes it whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias, assert_never

from bascule.errors import InvariantError
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json, Record
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.weights import Split
from bascule.upgrade.events import (
    WAY_BACK,
    ClustersNamed,
    ClustersSwapped,
    Event,
    Finished,
    GatewayKept,
    Intended,
    Opened,
    Refused,
    Result,
    Witnessed,
    parse_event,
)
from bascule.upgrade.names import UNNAMED, Names, exchange_split, find_weighty
from bascule.upgrade.plan.arranging import parse_arrangement
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run import events as run_events
from bascule.upgrade.run.events import PREFIX, RunEvent, parse_run_event
from bascule.upgrade.run.state import Mark, UpgradeState, begin_run, evolve_run

AnyEvent: TypeAlias = Event | RunEvent

HOMES_MAX = 16
RECENT_MAX = 64
"""How many ended orders are remembered, to know an order that comes a second time."""
UPGRADES_MAX = 8
"""How many upgrades are remembered, the newest included."""

Stamp = Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """An intent without an outcome, and the way back as it was before."""

    intent: Intended
    stamp: Stamp
    homes_before: tuple[Split, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one order ended."""

    order_id: CommandId
    kind: str
    result: Result
    stamp: Stamp
    reason: str = ""
    remedy: str = ""
    before: Split | None = None
    split: Split | None = None
    command_ms: float | None = None
    acknowledged_at: datetime | None = None
    effective_at: datetime | None = None
    instances: int = 0
    notes: tuple[str, ...] = ()
    witness: Mapping[str, Json] | None = None
    """What the product's own witness saw, once it has told; None until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayState:
    """What the journal says. `split` is what the last recorded intent asks for."""

    seq: int
    split: Split
    homes: tuple[Split, ...] = ()
    in_flight: InFlight | None = None
    recent: tuple[Outcome, ...] = ()
    upgrades: tuple[UpgradeState, ...] = ()
    """The last upgrades, the newest last."""
    arrangement: Arrangement = NOTHING_ARRANGED
    """What the last recorded intent asks for."""
    arrangement_before: Arrangement = NOTHING_ARRANGED
    """What stood before an intent that has no outcome yet; else the same."""
    retired: frozenset[Cluster] = frozenset()
    """Clusters that were taken out of the gateway."""
    names: Names = UNNAMED
    """Who the clusters are."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """Digests of gateways as they were before we first wrote them, by their ids."""
    last_at: datetime | None = None
    """The time of the last record; the next one is not before it."""

    @property
    def upgrade(self) -> UpgradeState | None:
        """The newest upgrade, over or not."""
        return self.upgrades[-1] if self.upgrades else None

    @property
    def unfinished(self) -> UpgradeState | None:
        """The upgrade that is not over; there is at most one."""
        newest = self.upgrade
        return newest if newest is not None and not newest.is_over else None

    def upgrade_named(self, name: str) -> UpgradeState | None:
        """Return the newest upgrade of that name, or None."""
        return next((u for u in reversed(self.upgrades) if u.name == name), None)

    @property
    def active(self) -> Cluster:
        """The cluster whose traffic it is: it has all of it, or had it before the shift began."""
        settled = self.split.default.only
        if settled is None and self.homes:
            settled = self.homes[-1].default.only
        if settled is not None:
            return settled
        weights = self.split.default
        return Cluster.BLUE if weights.blue_bp >= weights.green_bp else Cluster.GREEN

    def outcome_of(self, order_id: CommandId) -> Outcome | None:
        """Return how the order ended, or None if it did not end lately."""
        return next((o for o in self.recent if o.order_id == order_id), None)


def fold(records: Iterable[Record]) -> GatewayState | None:
    """Return the state after `records`, or None for a journal in which nothing is opened yet.

    Raises JournalError for records of an unknown kind, InvariantError for an illegal move.
    """
    state: GatewayState | None = None
    for record in records:
        stamp = Stamp(seq=record.seq, at=record.entry.at, actor=record.entry.actor)
        is_run = record.entry.kind.startswith(PREFIX)
        event: AnyEvent = parse_run_event(record) if is_run else parse_event(record)
        state = evolve(state, event, stamp)
    return state


def evolve(state: GatewayState | None, event: AnyEvent, stamp: Stamp) -> GatewayState:
    """Return the state after one more event. Raises InvariantError for an illegal move."""
    if isinstance(event, Opened):
        if state is not None:
            raise InvariantError("the gateway is opened a second time")
        return GatewayState(seq=stamp.seq, split=event.split, last_at=stamp.at)
    if state is None:
        raise InvariantError("the first event of a journal does not open the gateway")
    moved = replace(state, seq=stamp.seq, last_at=stamp.at)
    match event:
        case Intended():
            return _begin(moved, event, stamp)
        case Finished():
            return _end(moved, event, stamp)
        case Refused():
            outcome = Outcome(
                order_id=event.order_id,
                kind=event.kind,
                result=Result.REFUSED,
                stamp=stamp,
                reason=event.reason,
                remedy=event.remedy,
            )
            return _remember(moved, outcome)
        case Witnessed():
            return replace(moved, recent=tuple(_with_witness(o, event) for o in moved.recent))
        case ClustersNamed() | ClustersSwapped() | GatewayKept():
            return _learn(moved, event)
        case _:
            return _evolve_upgrade(moved, event, stamp)


def _learn(
    state: GatewayState, event: ClustersNamed | ClustersSwapped | GatewayKept
) -> GatewayState:
    match event:
        case ClustersNamed():
            return _name(state, event)
        case ClustersSwapped():
            return _swap(state, event)
        case GatewayKept():
            return replace(state, kept={**state.kept, event.gateway: event.digest})
        case _:
            assert_never(event)


def _evolve_upgrade(state: GatewayState, event: RunEvent, stamp: Stamp) -> GatewayState:
    unfinished = state.unfinished
    if isinstance(event, run_events.Started):
        if unfinished is not None:
            raise InvariantError(f"{event.upgrade} begins while {unfinished.name} is unfinished")
        begun = (*state.upgrades, begin_run(event, stamp))
        return replace(state, upgrades=begun[-UPGRADES_MAX:])
    if unfinished is None or unfinished.name != event.upgrade:
        raise InvariantError(f"something happens to {event.upgrade}, which is not under way")
    moved = replace(state, upgrades=(*state.upgrades[:-1], evolve_run(unfinished, event, stamp)))
    if not isinstance(event, run_events.StepStarted | run_events.StepFinished):
        return moved
    step = next(step for step in unfinished.queue if step.key == event.key)
    match step.kind:
        case StepKind.ARRANGE:
            return _arrange(moved, step, event)
        case StepKind.RETIRE:
            named = frozenset({Cluster(str(step.args.get("cluster")))})
            is_failed = _has_failed(event)
            retired = moved.retired - named if is_failed else moved.retired | named
            return replace(moved, retired=retired)
        case _:
            return moved


def _arrange(
    state: GatewayState, step: Step, event: run_events.StepStarted | run_events.StepFinished
) -> GatewayState:
    """Want what the step asks for from its intent on; what was refused for good was never so."""
    if isinstance(event, run_events.StepStarted):
        return replace(state, arrangement=parse_arrangement(step.args.get("arrangement")))
    if _has_failed(event):
        return replace(state, arrangement=state.arrangement_before)
    return replace(state, arrangement_before=state.arrangement)


def _has_failed(event: run_events.StepStarted | run_events.StepFinished) -> bool:
    return (
        isinstance(event, run_events.StepFinished) and event.result is run_events.StepResult.FAILED
    )


def _name(state: GatewayState, event: ClustersNamed) -> GatewayState:
    replaced = frozenset(event.replaced)
    if replaced:
        _require_rest(state)
    if find_weighty(state.split) & replaced:
        raise InvariantError("a cluster that has weight becomes another one")
    homes = [home for home in state.homes if not find_weighty(home) & replaced]
    while homes and homes[-1] == state.split:
        homes.pop()
    return replace(
        state,
        names=state.names.call(event.clusters, replaced),
        homes=tuple(homes),
        retired=state.retired - replaced,
    )


def _swap(state: GatewayState, event: ClustersSwapped) -> GatewayState:
    _require_rest(state)
    if find_weighty(state.split) != {Cluster.GREEN}:
        raise InvariantError("the clusters are swapped while green has not all traffic")
    has_way_back = event.is_blue_kept and not state.retired
    return replace(
        state,
        names=state.names.swap(event.clusters, is_blue_kept=event.is_blue_kept),
        split=exchange_split(state.split),
        homes=tuple(map(exchange_split, state.homes)) if has_way_back else (),
        retired=frozenset(),
        arrangement=NOTHING_ARRANGED,
    )


def _require_rest(state: GatewayState) -> None:
    if state.in_flight is not None or state.unfinished is not None:
        raise InvariantError("clusters become others while something is under way")


def is_settled(split: Split) -> bool:
    """Return whether every host has all its traffic in one cluster."""
    return all(w.only is not None for w in (split.default, *split.by_host.values()))


def _begin(state: GatewayState, event: Intended, stamp: Stamp) -> GatewayState:
    if state.in_flight is not None:
        raise InvariantError(f"an intent while {state.in_flight.intent.order_id} is in flight")
    if event.before != state.split:
        raise InvariantError("an intent starts from another split than the last one")
    in_flight = InFlight(intent=event, stamp=stamp, homes_before=state.homes)
    homes = _homes_after(state.homes, event)
    return replace(state, split=event.wanted, homes=homes, in_flight=in_flight)


def _homes_after(homes: tuple[Split, ...], event: Intended) -> tuple[Split, ...]:
    if event.before == event.wanted:
        return homes
    if event.kind == WAY_BACK:
        return _homes_before(homes, event.wanted)
    if is_settled(event.before):
        return (*homes, event.before)[-HOMES_MAX:]
    if homes and homes[-1] == event.wanted:
        return homes[:-1]
    return homes


def _homes_before(homes: tuple[Split, ...], home: Split) -> tuple[Split, ...]:
    """Return what is left to go back to from `home`; who goes back far leaves what lay between."""
    places = [place for place, each in enumerate(homes) if each == home]
    return homes[: places[-1]] if places else homes[:-1]


def _end(state: GatewayState, event: Finished, stamp: Stamp) -> GatewayState:
    flight = state.in_flight
    if flight is None or flight.intent.order_id != event.order_id:
        raise InvariantError(f"an outcome of {event.order_id}, which is not in flight")
    homes = state.homes if event.split == flight.intent.wanted else flight.homes_before
    outcome = Outcome(
        order_id=event.order_id,
        kind=flight.intent.kind,
        result=event.result,
        stamp=replace(stamp, actor=flight.stamp.actor),
        reason=event.reason,
        remedy=event.remedy,
        before=flight.intent.before,
        split=event.split,
        command_ms=event.command_ms,
        acknowledged_at=event.acknowledged_at,
        effective_at=event.effective_at,
        instances=event.instances,
        notes=flight.intent.notes,
    )
    ended = replace(state, split=event.split, homes=homes, in_flight=None)
    return _remember(ended, outcome)


def _with_witness(outcome: Outcome, event: Witnessed) -> Outcome:
    if outcome.order_id != event.order_id:
        return outcome
    return replace(outcome, witness=event.summary)


def _remember(state: GatewayState, outcome: Outcome) -> GatewayState:
    return replace(state, recent=(*state.recent, outcome)[-RECENT_MAX:])
