"""Runs an upgrade: one look, at most one act, everything recorded before and after.

It is driven by level, not by edge: each time it looks at what the journal says and at the world,
and goes on from there. So it makes no difference whether it was interrupted.
"""

from datetime import datetime, timedelta
from typing import assert_never

from bascule.clock import Clock
from bascule.errors import JournalError, PlanError
from bascule.ids import CommandId
from bascule.routing.weights import Weights
from bascule.upgrade.changing import Change, Changer
from bascule.upgrade.decide import (
    STOP_WRITERS,
    Refuse,
    check_step,
    find_hindrances,
    leads_back,
)
from bascule.upgrade.ledger import Ledger
from bascule.upgrade.naming import find_strangers
from bascule.upgrade.plan.model import Plan, Step, StepKind
from bascule.upgrade.plan.reading import check_steps
from bascule.upgrade.ports import Traffic
from bascule.upgrade.run.events import (
    Ended,
    GateJudged,
    Halted,
    RollbackBegan,
    RunEvent,
    SignalRefused,
    SignalTaken,
    StageEntered,
    Started,
    StepFinished,
    StepResult,
    StepStarted,
    StepWaits,
)
from bascule.upgrade.run.moves import Do, Enter, Finish, Freeze, Rest, next_move
from bascule.upgrade.run.results import (
    Absent,
    Concluded,
    Done,
    Failed,
    InDoubt,
    Refused,
    Unknown,
    Waits,
)
from bascule.upgrade.run.rollback import TRAFFIC_KEY, judge_eligibility, plan_rollback
from bascule.upgrade.run.state import StepState, StepStatus, UpgradeState
from bascule.upgrade.run.steering import Decline, Take, decide_signal, plan_hand_split
from bascule.upgrade.run.steps import PASSIVE_KINDS, Steps
from bascule.upgrade.run.update_count import UpdateCount
from bascule.upgrade.signals import Order, SteerUpgrade, UpgradeVerb
from bascule.upgrade.state import GatewayState

TRIES_MAX = 5
"""How often an effect is tried before its step has failed; a way back for traffic has no limit."""
RETRY_FIRST_S = 1.0
RETRY_MAX_S = 30.0
BACK_RETRY_MAX_S = 2.0
"""As `RETRY_MAX_S`, of the way back for traffic: users suffer while it is waited."""
BACK_QUICK_MAX = 300
"""So many tries of it come so quickly; each makes four records, and a journal is read whole."""
BACK_SLOW_S = 10.0


class Runner:
    """Brings the unfinished upgrade forward, once what is in flight is settled."""

    def __init__(self, ledger: Ledger, changer: Changer, steps: Steps, clock: Clock) -> None:
        self._ledger = ledger
        self._changer = changer
        self._steps = steps
        self._clock = clock
        self._bring_back_tries = 0
        self._bring_back_at: datetime | None = None
        """Before this the weights of the plan are not tried again."""
        self._updates = UpdateCount()

    async def start(self, order: Order, plan: Plan) -> Refuse | None:
        """Begin the upgrade of `plan`, or return why not; the order's id becomes the run's."""
        state = self._ledger.state
        refusal = _refuse_start(state, plan)
        if refusal is None:
            started = Started(
                upgrade=plan.name,
                run_id=order.id,
                plan=plan,
                digest=plan.digest,
                before=state.split,
                reason=order.reason,
            )
            await self._ledger.append(started, actor=order.actor)
        return refusal

    async def steer(self, order: Order, signal: SteerUpgrade, traffic: Traffic) -> Refuse | None:
        """Obey a signal, or return why not; a refusal to a running upgrade is recorded with it."""
        state = self._ledger.state.unfinished
        if state is None or state.name != signal.name:
            return _refuse_name(self._ledger.state, signal.name)
        if state.signal(order.id) is not None:
            return None
        found = decide_signal(state, signal)
        if isinstance(found, Take) and signal.verb is UpgradeVerb.WEIGHTS:
            found = await self._set_by_hand(order, state, found, traffic)
        elif isinstance(found, Take):
            await self._take(order, state, signal, found)
        if isinstance(found, Decline):
            await self._ledger.append(
                SignalRefused(
                    upgrade=state.name,
                    signal_id=order.id,
                    kind=signal.verb.value,
                    reason=found.reason,
                    remedy=found.remedy,
                ),
                actor=order.actor,
            )
            return Refuse(reason=found.reason, remedy=found.remedy)
        return None

    async def _take(
        self, order: Order, state: UpgradeState, signal: SteerUpgrade, take: Take
    ) -> None:
        events: list[RunEvent] = [_taken(order, state, signal.verb, take)]
        if take.begins_rollback:
            cause = f"{signal.verb.value} by {order.actor}"
            events.append(
                RollbackBegan(
                    upgrade=state.name,
                    cause=f"{cause}: {order.reason}" if order.reason else cause,
                    steps=plan_rollback(state, order_id=order.id),
                )
            )
        await self._ledger.append(*events, actor=order.actor)

    async def _set_by_hand(
        self, order: Order, state: UpgradeState, take: Take, traffic: Traffic
    ) -> Take | Decline:
        """Record the signal with the intent: an interruption loses neither or both."""
        wanted = plan_hand_split(state, Weights(int(str(take.data["blue_bp"]))))
        try:
            check_step(wanted, traffic.capabilities())
        except PlanError as error:
            return Decline(reason=error.message, remedy=error.remedy)
        hindrances = find_hindrances(self._ledger.state.split, wanted, traffic.view())
        if hindrances:
            return Decline(reason="; ".join(hindrances), remedy="make it ready first")
        if not leads_back(self._ledger.state, wanted) and (
            writers := await self._steps.find_writers()
        ):
            return Decline(reason=writers.reason, remedy=STOP_WRITERS)
        change = Change(
            order_id=order.id,
            kind="upgrade",
            wanted=wanted,
            actor=order.actor,
            reason=order.reason,
        )
        await self._changer.change(change, _taken(order, state, UpgradeVerb.WEIGHTS, take))
        return take

    async def advance(self) -> bool:
        """Make one move; whether another one may follow at once, once signals were read.

        Raises JournalError, StaleWriterError.
        """
        state = self._ledger.state.unfinished
        if state is None:
            self._steps.rest()
            return False
        return await self._move(state)

    async def _move(self, state: UpgradeState) -> bool:
        try:
            move = next_move(state, self._clock.now())
        except PlanError as error:
            await self._halt(state, _current_key(state), error.message, remedy=error.remedy)
            return False
        match move:
            case Rest():
                self._steps.keep_up()
                return False
            case Enter(stage):
                await self._ledger.append(StageEntered(upgrade=state.name, stage=stage))
                return True
            case Finish(stage):
                reason = state.rollback.cause if state.rollback is not None else ""
                await self._ledger.append(Ended(upgrade=state.name, stage=stage, reason=reason))
                self._steps.rest()
                return True
            case Freeze(step, until, name):
                reason = f"freeze window {name}" if name else "freeze window"
                await self._wait(state, step, Waits(reason=reason, until=until))
                return False
            case Do(step, begun):
                return await self._do(state, step, begun)
            case _:
                assert_never(move)

    async def _do(self, state: UpgradeState, step: Step, begun: StepState) -> bool:
        if step.kind not in set(StepKind):
            await self._halt(
                state,
                step.key,
                f"this version of bascule does not know the kind of step {step.kind!r}",
                remedy="go on with the version that made the plan, or a later one; or roll back",
            )
            return False
        self._steps.watch(step)
        if begun.status is StepStatus.PENDING:
            self._updates.begin(step, self._steps.count_updates())
        if not await self._keep_weights(state, step):
            return False
        if step.kind in PASSIVE_KINDS:
            if begun.status is StepStatus.PENDING:
                await self._start(state, step, begun)
            return await self._conclude(step, await self._steps.look(step))
        until = begun.waits.until if begun.waits is not None else None
        if begun.status is StepStatus.STARTED and until is not None and until > self._ledger.now():
            return False
        return await self._conclude(step, await self._bring_about(state, step, begun))

    async def _keep_weights(self, state: UpgradeState, step: Step) -> bool:
        """Bring back the weights that the plan has come to, if others were set by hand."""
        wanted = state.wanted_split
        gateway = self._ledger.state
        if step.kind == StepKind.SET_WEIGHTS or wanted is None or wanted == gateway.split:
            return True
        if self._bring_back_at is not None and self._ledger.now() < self._bring_back_at:
            return False
        result = await self._steps.bring_back(wanted, CommandId(f"{state.run_id}:{gateway.seq}"))
        if isinstance(result, Refused):
            self._bring_back_tries += 1
            result = self._try_again(result, _pause_s(step, self._bring_back_tries))
            self._bring_back_at = result.until
        if isinstance(result, Waits):
            await self._wait(state, step, result)
            return False
        self._bring_back_tries, self._bring_back_at = 0, None
        return True

    async def _bring_about(self, state: UpgradeState, step: Step, begun: StepState) -> Concluded:
        """Look before acting; act at most once, with the intent recorded."""
        seen = await self._steps.observe(step)
        match seen:
            case Waits() | Failed():
                return seen
            case Done():
                if begun.status is StepStatus.PENDING:
                    await self._start(state, step, begun)
                return seen
            case Unknown():
                is_begun = begun.status is StepStatus.STARTED
                if is_begun and not self._steps.is_repeatable(step):
                    return InDoubt(reason=seen.reason)
            case Absent():
                pass
            case _:
                assert_never(seen)
        if begun.tries >= TRIES_MAX and step.key != TRAFFIC_KEY:
            reason = begun.waits.reason if begun.waits is not None else "it did not take effect"
            return Failed(reason=f"given up after {begun.tries} tries: {reason}")
        intent = StepStarted(upgrade=state.name, key=step.key, attempt=begun.attempt + 1)
        result = await self._steps.act(step, intent)
        if isinstance(result, Refused):
            return self._try_again(result, _pause_s(step, begun.tries))
        return result

    def _try_again(self, refused: Refused, pause_s: float) -> Waits:
        until = self._ledger.now() + timedelta(seconds=pause_s)
        return Waits(reason=f"{refused.reason}; it is tried again", until=until)

    async def _conclude(self, step: Step, result: Concluded) -> bool:
        """Record what a step came to; whether the next one may follow at once."""
        state = self._ledger.require_run()
        match result:
            case Done():
                finished = self._finished(state, step, StepResult.DONE, result)
                await self._ledger.append(*_judged(result.judged), finished)
                return True
            case Failed():
                await self._fail(state, step, result)
                return True
            case Waits():
                await self._wait(state, step, result)
            case InDoubt():
                await self._halt(
                    state,
                    step.key,
                    result.reason,
                    remedy=f"look, then say `bascule upgrade answer {state.name} done|redo|skip`",
                    is_in_doubt=True,
                )
            case _:
                assert_never(result)
        return False

    async def _fail(self, state: UpgradeState, step: Step, result: Failed) -> None:
        finished = self._finished(state, step, StepResult.FAILED, result)
        before: tuple[RunEvent, ...] = (*_judged(result.judged), finished)
        found = judge_eligibility(state)
        if found.is_possible and state.plan.policy.is_rollback_automatic:
            began = RollbackBegan(
                upgrade=state.name,
                cause=f"{step.key}: {result.reason}",
                steps=plan_rollback(state),
                is_automatic=True,
            )
            await self._ledger.append(*before, began)
            return
        is_stuck = not found.is_possible and state.rollback is None
        why = f"; it cannot be rolled back: {found.reason}" if is_stuck else ""
        remedy = result.remedy or _remedy(state, is_possible=found.is_possible)
        halted = Halted(
            upgrade=state.name, key=step.key, reason=f"{result.reason}{why}", remedy=remedy
        )
        await self._ledger.append(*before, halted)

    def _finished(
        self, state: UpgradeState, step: Step, result: StepResult, found: Done | Failed
    ) -> StepFinished:
        updates = self._updates.end(step, self._steps.count_updates())
        return StepFinished(
            upgrade=state.name,
            key=step.key,
            result=result,
            reason=found.reason,
            remedy=found.remedy if isinstance(found, Failed) else "",
            output={**found.output, **updates},
        )

    async def _start(self, state: UpgradeState, step: Step, begun: StepState) -> None:
        await self._ledger.append(
            StepStarted(upgrade=state.name, key=step.key, attempt=begun.attempt + 1)
        )

    async def _wait(self, state: UpgradeState, step: Step, waits: Waits) -> None:
        """Record what is waited for, once."""
        known = state.step(step.key).waits
        events: list[RunEvent] = [*_judged(waits.judged)]
        if known is None or known.reason != waits.reason or known.until != waits.until:
            events.append(
                StepWaits(upgrade=state.name, key=step.key, reason=waits.reason, until=waits.until)
            )
        if events:
            await self._ledger.append(*events)

    async def _halt(
        self,
        state: UpgradeState,
        key: str,
        reason: str,
        *,
        remedy: str = "",
        is_in_doubt: bool = False,
    ) -> None:
        await self._ledger.append(
            Halted(
                upgrade=state.name,
                key=key,
                reason=reason,
                remedy=remedy,
                is_in_doubt=is_in_doubt,
            )
        )


def _pause_s(step: Step, tries: int) -> float:
    longest_s = RETRY_MAX_S
    if step.key == TRAFFIC_KEY:
        longest_s = BACK_RETRY_MAX_S if tries < BACK_QUICK_MAX else BACK_SLOW_S
    return min(RETRY_FIRST_S * 2.0 ** min(tries, TRIES_MAX), longest_s)


def _current_key(state: UpgradeState) -> str:
    return "" if state.current is None else state.current.key


def _taken(order: Order, state: UpgradeState, verb: UpgradeVerb, take: Take) -> SignalTaken:
    return SignalTaken(
        upgrade=state.name,
        signal_id=order.id,
        kind=verb.value,
        data=take.data,
        reason=order.reason,
    )


def _judged(judged: GateJudged | None) -> tuple[GateJudged, ...]:
    return () if judged is None else (judged,)


def _remedy(state: UpgradeState, *, is_possible: bool) -> str:
    again = f"mend it and say `bascule upgrade retry {state.name}`"
    return f"{again}, or `bascule upgrade rollback {state.name}`" if is_possible else again


def _refuse_start(state: GatewayState, plan: Plan) -> Refuse | None:
    unfinished = state.unfinished
    if unfinished is not None:
        same = "of the same plan" if unfinished.digest == plan.digest else "of another plan"
        return Refuse(
            reason=f"the upgrade {unfinished.name} ({same}) is under way on this gateway",
            remedy=f"look with `bascule upgrade status {unfinished.name}`; finish it, or roll back",
        )
    strangers = find_strangers(state, plan)
    if strangers:
        return Refuse(
            reason=f"{strangers[0]} of the plan is another cluster than {strangers[0]} of the "
            "gateway, whose runtime was started with another file",
            remedy="end that runtime, which leaves Envoy serving, and start it with the file of "
            "this upgrade",
        )
    unknown = sorted({step.kind for step in plan.steps} - {kind.value for kind in StepKind})
    if unknown:
        return Refuse(
            reason=f"the plan has steps of kinds that this version does not know: {unknown[0]}",
            remedy="make the plan anew with this version",
        )
    if not plan.steps:
        return Refuse(reason="the plan has no steps", remedy="make it anew with `bascule plan`")
    try:
        check_steps(plan)
    except (JournalError, PlanError) as error:
        return Refuse(reason=error.message, remedy="make the plan anew with this version")
    return None


def _refuse_name(state: GatewayState, name: str) -> Refuse:
    known = state.upgrade_named(name)
    if known is not None:
        return Refuse(reason=f"the upgrade {name} is over: {known.stage}")
    unfinished = state.unfinished
    there = f"{unfinished.name} is under way" if unfinished else "none is under way"
    return Refuse(
        reason=f"there is no upgrade {name!r} on this gateway; {there}",
        remedy="see `bascule upgrade history`",
    )
