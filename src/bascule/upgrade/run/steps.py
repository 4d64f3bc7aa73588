"""What each kind of step looks at, and what it does.

Passive kinds are looked at again and again until they are so. The others act: they are observed
first, and act only when what they want is not there yet.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from bascule.checks.findings import Finding, Severity, render_finding
from bascule.checks.writers import only_writers
from bascule.errors import DriverError, InvariantError, OutcomeUnknownError, PlanError
from bascule.gateway.driver import Convergence, Observation
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.routing.weights import Split, Weights
from bascule.upgrade.changing import Change, Changer, is_live
from bascule.upgrade.decide import Refuse, decide_rollback, find_hindrances
from bascule.upgrade.encoding import parse_split
from bascule.upgrade.events import WAY_BACK, Finished
from bascule.upgrade.events import Result as ChangeResult
from bascule.upgrade.ledger import Ledger
from bascule.upgrade.plan.arranging import parse_arrangement
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.ports import (
    Backends,
    Checks,
    HookRun,
    Hooks,
    Metrics,
    Platform,
    Traffic,
)
from bascule.upgrade.readiness import check_lists, check_routes
from bascule.upgrade.run.asking import NO_BACKENDS, find_doubts, find_unfit
from bascule.upgrade.run.building import VERBS, Building
from bascule.upgrade.run.events import StepStarted
from bascule.upgrade.run.holding import Holding
from bascule.upgrade.run.idleness import Idleness, quiet_s
from bascule.upgrade.run.letting_in import find_shut
from bascule.upgrade.run.results import (
    Absent,
    Concluded,
    Done,
    Failed,
    InDoubt,
    Refused,
    Result,
    Seen,
    Unknown,
    Waits,
)
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import StepStatus
from bascule.upgrade.run.update_count import Updates
from bascule.upgrade.run.way_back import find_lost

PASSIVE_KINDS = frozenset(
    {
        StepKind.CHECK,
        StepKind.AWAIT_CLUSTER,
        StepKind.AWAIT_ROUTES,
        StepKind.HOLD,
        StepKind.APPROVAL,
        StepKind.PROVE_IDLE,
    }
)
MEASURING_KINDS = frozenset({StepKind.HOLD, StepKind.PROVE_IDLE, StepKind.RETIRE})
HOOK_TIMEOUT_S = 300.0
FINDINGS_NAMED_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What steps look at the world with, and act on it."""

    traffic: Traffic
    checks: Checks
    metrics: Metrics
    hooks: Hooks
    platform: Platform
    backends: Backends = NO_BACKENDS


class Steps:
    """The hands of the runner."""

    def __init__(
        self,
        ledger: Ledger,
        changer: Changer,
        tools: Tools,
        *,
        is_called_back: Callable[[], Awaitable[bool]],
    ) -> None:
        self._ledger = ledger
        self._changer = changer
        self._traffic = tools.traffic
        self._checks = tools.checks
        self._hooks = tools.hooks
        self._backends = tools.backends
        self._building = Building(tools.platform)
        self._is_called_back = is_called_back
        self._holding = Holding(tools.metrics, lambda: ledger.state.arrangement)
        self._idleness = Idleness(self._holding)
        self._looks: Mapping[str, Callable[[Step], Awaitable[Concluded]]] = {
            StepKind.CHECK: self._check,
            StepKind.AWAIT_CLUSTER: self._await_cluster,
            StepKind.AWAIT_ROUTES: self._await_routes,
            StepKind.HOLD: self._hold,
            StepKind.APPROVAL: self._approval,
            StepKind.PROVE_IDLE: self._prove_idle,
        }

    def rest(self) -> None:
        """Take note that no upgrade is under way."""
        self._holding.rest()
        self._idleness.rest()

    def watch(self, step: Step) -> None:
        """Measure while `step` is worked on, if it does not measure by itself."""
        if step.kind not in MEASURING_KINDS:
            self._holding.watch(self._ledger.require_run(), step)

    def count_updates(self) -> Updates | None:
        """Return how often the whole gateway was updated; None: its changes are no such updates."""
        total = self._traffic.count_updates()
        if total is None:
            return None
        return Updates(total=total, is_by_steps=self._traffic.capabilities().update is not None)

    def keep_up(self) -> None:
        """Go on measuring a hold that is paused, so that what happens meanwhile counts."""
        run = self._ledger.require_run()
        step = run.current
        is_held = step is not None and run.step(step.key).status is StepStatus.STARTED
        if step is not None and is_held and step.kind == StepKind.HOLD:
            self._holding.keep_up(run, step, self._ledger.now())

    def is_repeatable(self, step: Step) -> bool:
        """Return whether acting twice is as good as acting once."""
        return step.kind != StepKind.HOOK or step.args.get("is_repeatable") is True

    async def look(self, step: Step) -> Concluded:
        """Return what a passive step has come to."""
        return await self._looks[step.kind](step)

    async def observe(self, step: Step) -> Seen:
        """Return whether what an active step wants is there already, or what stands against it."""
        match step.kind:
            case StepKind.SET_WEIGHTS:
                return await self._observe_weights(step)
            case StepKind.RETIRE:
                return await self.find_writers() or await self._observe_retired(step)
            case StepKind.ARRANGE if step.stage is not Stage.ROLLBACK:
                return await self.find_writers() or Absent()
            case StepKind.HOOK:
                return Unknown(reason=f"whether the command of {step.key} has run is not known")
            case kind if kind in VERBS:
                return await self._building.observe(self._ledger.require_run(), step)
            case _:
                return Absent()

    async def act(self, step: Step, intent: StepStarted) -> Result:
        """Record `intent`, act once, and return what came of it."""
        if step.kind == StepKind.SET_WEIGHTS:
            return await self._set_weights(step, intent)
        await self._ledger.append(intent)
        try:
            match step.kind:
                case StepKind.ARRANGE:
                    await self._traffic.set_arrangement(
                        parse_arrangement(step.args.get("arrangement"))
                    )
                case StepKind.RETIRE:
                    await self._traffic.set_retired(self._ledger.state.retired)
                case StepKind.HOOK:
                    return await self._run_hook(step, intent)
                case kind if kind in VERBS:
                    return await self._building.begin(self._ledger.require_run(), step)
                case _:
                    raise InvariantError(f"a step of kind {step.kind} does not act")
        except (DriverError, OutcomeUnknownError, PlanError) as error:
            return Refused(reason=error.message, remedy=error.remedy)
        return Done()

    async def bring_back(self, wanted: Split, order_id: CommandId) -> Done | Waits | Refused:
        """Set the weights that the plan has come to again, when the clusters are ready for them."""
        hindrances = find_hindrances(self._ledger.state.split, wanted, self._traffic.view())
        if hindrances:
            return Waits(reason="; ".join(hindrances))
        if writers := await self.find_writers():
            return writers
        run = self._ledger.require_run()
        reason = f"{run.name}: back to the weights of the plan"
        change = Change(order_id=order_id, kind="upgrade", wanted=wanted, reason=reason)
        finished = await self._changer.change(change)
        if finished.result is ChangeResult.DONE:
            return Done()
        return Refused(reason=finished.reason)

    async def _check(self, step: Step) -> Concluded:
        del step
        findings = await self._checks.find()
        listed: list[Json] = [dict(render_finding(finding)) for finding in findings]
        blockers = _blockers(findings)
        if blockers:
            remedy = "; ".join(f.remedy for f in blockers if f.remedy)
            return Failed(reason=_tell(blockers), remedy=remedy, output={"findings": listed})
        return Done(output={"findings": listed})

    async def _await_cluster(self, step: Step) -> Concluded:
        found = check_lists(self._traffic.view(), _cluster(step))
        if found:
            return self._wait_or_fail(step, "; ".join(found))
        shut = await find_shut(self._ledger.require_run().plan, _cluster(step), self._checks)
        return Waits(reason=shut) if shut else Done()

    async def _await_routes(self, step: Step) -> Concluded:
        cluster = _cluster(step)
        view = self._traffic.view()
        all_there, none_there = Weights.all_to(cluster), Weights.all_to(cluster.other)
        named, excluded = _names(step, "hosts"), _names(step, "exclude")
        before = Split(none_there)
        wanted = Split(all_there, dict.fromkeys(excluded, none_there))
        if named:
            wanted = Split(none_there, dict.fromkeys(named, all_there))
        missing = (*check_lists(view, cluster), *check_routes(view, before, wanted))
        if missing:
            return self._wait_or_fail(step, "; ".join(missing))
        return Done()

    def _wait_or_fail(self, step: Step, reason: str) -> Concluded:
        """Wait for as long as the step's `timeout_s` says; for ever where it says nothing."""
        begun = self._ledger.require_run().step(step.key)
        limit_s = step.args.get("timeout_s")
        if begun.started is None or not isinstance(limit_s, int | float):
            return Waits(reason=reason)
        until = begun.started.at + timedelta(seconds=limit_s)
        if self._ledger.now() >= until:
            return Failed(reason=f"not within {limit_s:g} s: {reason}")
        return Waits(reason=reason, until=until)

    async def _hold(self, step: Step) -> Concluded:
        """Judge; but pass nothing while the gateway is not what we made it."""
        found = self._holding.look(self._ledger.require_run(), step, self._ledger.now())
        if isinstance(found, Done):
            seen = await self._traffic.observe()
            if seen.convergence is not Convergence.CONVERGED:
                return Waits(reason=_tell_otherwise(seen), judged=found.judged)
        return self._with_way_back(found)

    def _with_way_back(self, found: Concluded) -> Concluded:
        """Say aloud, and for the record, that blue could not take its traffic back now."""
        lost = find_lost(
            self._ledger.require_run(),
            self._ledger.state,
            self._traffic.view(),
            backends=self._backends,
        )
        if not lost or not isinstance(found, Waits):
            return found
        return replace(found, reason=f"{found.reason}; THERE IS NO WAY BACK NOW: {lost}")

    async def _approval(self, step: Step) -> Concluded:
        gate = str(step.args.get("gate") or step.key)
        given = self._ledger.require_run().approvals.get(step.key)
        if given is None:
            return self._with_way_back(Waits(reason=f"gate {gate} waits for an approval"))
        return Done(reason=f"approved by {given.mark.actor}")

    async def _prove_idle(self, step: Step) -> Concluded:
        """Ask that for so long, without a gap, nothing was sent there and nothing was open."""
        run, now = self._ledger.require_run(), self._ledger.now()
        return self._idleness.look(run, step, now, needed_s=quiet_s(step))

    async def _observe_weights(self, step: Step) -> Seen:
        wanted = parse_split(step.args.get("split"))
        state = self._ledger.state
        if state.split == wanted and is_live(await self._traffic.observe(), wanted):
            return Done(reason="it was so already")
        view = self._traffic.view()
        if step.stage is Stage.ROLLBACK:
            decision = decide_rollback(state, wanted, view)
            if isinstance(decision, Refuse):
                return Waits(reason=decision.reason)
            return Absent()
        hindrances = find_hindrances(state.split, wanted, view)
        if hindrances:
            return Waits(reason="; ".join(hindrances))
        blockers = _blockers(await self._checks.find())
        unfit = _tell(blockers) or find_unfit(self._backends, state.split, wanted)
        return Waits(reason=unfit) if unfit else Absent()

    async def _set_weights(self, step: Step, intent: StepStarted) -> Result:
        run = self._ledger.require_run()
        wanted = parse_split(step.args.get("split"))
        is_way_back = wanted in self._ledger.state.homes and step.stage is Stage.ROLLBACK
        asked = str(step.args.get("order_id") or "")
        own = f"{run.run_id}:{step.key}:{intent.attempt}"
        change = Change(
            order_id=CommandId(asked if asked and intent.attempt == 1 else own),
            kind=WAY_BACK if is_way_back else "upgrade",
            wanted=wanted,
            reason=f"{run.name}: {step.key}",
            notes=()
            if step.stage is Stage.ROLLBACK
            else find_doubts(self._backends, self._ledger.state.split, wanted),
            cancels=run.cancels if step.stage is Stage.ROLLBACK else (),
        )
        finished = await self._changer.change(change, intent)
        match finished.result:
            case ChangeResult.DONE:
                return Done(output=_figures(finished))
            case ChangeResult.UNKNOWN | ChangeResult.FAILED | ChangeResult.REFUSED:
                return Refused(reason=finished.reason, remedy=finished.remedy)

    async def _observe_retired(self, step: Step) -> Seen:
        """Look once more whether it is idle: since the proof somebody may have come back."""
        cluster = _cluster(step)
        split = self._ledger.state.split
        if any(w.of(cluster) for w in (split.default, *split.by_host.values())):
            return Waits(reason=f"{cluster} has weight, and is not retired")
        traffic = (await self._traffic.observe()).traffic.get(cluster)
        if traffic is not None and traffic.requests_active:
            return Waits(reason=f"{cluster} has requests or streams open, and is not retired")
        run, now = self._ledger.require_run(), self._ledger.now()
        return self._idleness.look_again(run, step, now) or Absent()

    async def find_writers(self) -> Waits | None:
        """Return why to wait where somebody else writes the gateway, whatever else there is."""
        writers = only_writers(await self._checks.find())
        return Waits(reason=_tell(writers)) if writers else None

    async def _run_hook(self, step: Step, intent: StepStarted) -> Result:
        argv, limit_s = step.args.get("run"), step.args.get("timeout_s")
        run = self._ledger.require_run()
        hook = HookRun(
            key=f"{run.run_id}:{step.key}",
            step=step.key,
            argv=tuple(str(part) for part in argv) if isinstance(argv, list) else (),
            timeout_s=float(limit_s) if isinstance(limit_s, int | float) else HOOK_TIMEOUT_S,
            environment={
                "BASCULE_UPGRADE": run.name,
                "BASCULE_STEP": step.key,
                "BASCULE_ATTEMPT": str(intent.attempt),
            },
        )
        try:
            words = await self._hooks.run(hook, self._is_called_back)
        except DriverError as error:
            return Failed(reason=error.message, remedy=error.remedy)
        except OutcomeUnknownError as error:
            return InDoubt(reason=error.message)
        return Done(output={"last_words": words})


def _tell_otherwise(seen: Observation) -> str:
    if seen.convergence is Convergence.FOREIGN_CHANGE:
        return f"somebody else has changed the gateway: {seen.reason}"
    return f"the gateway does not show what is wanted of it ({seen.convergence})"


def _names(step: Step, name: str) -> list[str]:
    """Return the list of text that a step has there; empty where it has none."""
    found = step.args.get(name)
    return [str(item) for item in found] if isinstance(found, list) else []


def _cluster(step: Step) -> Cluster:
    return Cluster(str(step.args.get("cluster")))


def _blockers(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(f for f in findings if f.severity is Severity.BLOCKER)


def _tell(findings: tuple[Finding, ...]) -> str:
    told = [f"{f.subject}: {f.message}" for f in findings[:FINDINGS_NAMED_MAX]]
    more = len(findings) - FINDINGS_NAMED_MAX
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _figures(finished: Finished) -> dict[str, Json]:
    return {
        "order_id": finished.order_id,
        "command_ms": finished.command_ms,
        "instances": finished.instances,
    }
