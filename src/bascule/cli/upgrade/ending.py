"""How an upgrade ended: the error whose exit code tells a script, and words for a person."""

from bascule.cli.topology import render_weights
from bascule.errors import BasculeError, DriverError, GateFailedError, PlanError
from bascule.upgrade.events import Result
from bascule.upgrade.gates.wording import say_duration
from bascule.upgrade.plan.model import StepKind
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import StepStatus, UpgradeState
from bascule.upgrade.state import GatewayState


def error_of(run: UpgradeState) -> BasculeError | None:
    """Return the error for an upgrade that is over; None for one that is completed."""
    if run.stage is Stage.COMPLETED:
        return None
    message = f"{run.name} was rolled back: {run.end_reason}"
    remedy = f"see why with `bascule upgrade explain {run.name}`"
    if run.rollback is None or not run.rollback.is_automatic:
        return BasculeError(message, remedy=remedy)
    match _failed_kind(run):
        case StepKind.HOLD:
            return GateFailedError(message, remedy=remedy)
        case StepKind.CHECK | StepKind.AWAIT_CLUSTER | StepKind.AWAIT_ROUTES:
            return PlanError(message, remedy=remedy)
        case _:
            return DriverError(message, remedy=remedy)


def say_end(run: UpgradeState) -> str:
    """Return one line: how it ended, and after how long."""
    took = ""
    if run.ended is not None:
        took = f" after {say_duration((run.ended.at - run.started.at).total_seconds())}"
    return f"{run.name} is {run.stage.value.replace('_', ' ')}{took}"


def say_traffic(state: GatewayState) -> str:
    """Return where the traffic is, and since when, as far as the journal remembers it."""
    only = state.split.default.only
    weights = render_weights(state.split.default)
    where = f"traffic is split: {weights}" if only is None else f"all traffic is on {only}"
    if state.split.by_host:
        where += f", but for {len(state.split.by_host)} host(s) with weights of their own"
    moved = [o for o in state.recent if o.split is not None and o.split != o.before]
    if state.in_flight is not None:
        return f"traffic is being moved to: {weights}"
    if not moved or moved[-1].split != state.split:
        return where
    if moved[-1].result is not Result.DONE:
        return f"{where} if the last change took place: look with `bascule status`"
    at = moved[-1].effective_at or moved[-1].stamp.at
    day = f"{at:%Y-%m-%d} " if state.last_at is None or at.date() != state.last_at.date() else ""
    return f"{where} since {day}{at:%H:%M:%S} UTC"


def _failed_kind(run: UpgradeState) -> str:
    failed = [s for s in run.plan.steps if run.step(s.key).status is StepStatus.FAILED]
    return failed[-1].kind if failed else ""
