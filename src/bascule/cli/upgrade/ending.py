"""How an upgrade ended: the error whose exit code tells a script, and words for a person."""

from bascule.errors import BasculeError, DriverError, GateFailedError, PlanError
from bascule.upgrade.gates.wording import say_duration
from bascule.upgrade.plan.model import StepKind
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import StepStatus, UpgradeState


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


def _failed_kind(run: UpgradeState) -> str:
    failed = [s for s in run.plan.steps if run.step(s.key).status is StepStatus.FAILED]
    return failed[-1].kind if failed else ""
