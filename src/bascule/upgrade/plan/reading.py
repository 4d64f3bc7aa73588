"""Reads the steps of a plan that anybody may have made; what cannot be read raises JournalError."""

from collections.abc import Iterator
from dataclasses import dataclass

from bascule.errors import JournalError
from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.weights import Split
from bascule.upgrade.encoding import parse_split, read_number
from bascule.upgrade.gates.encoding import parse_gates
from bascule.upgrade.gates.model import Gates
from bascule.upgrade.plan.arranging import parse_arrangement
from bascule.upgrade.plan.model import Plan, Step, StepKind

_OF_A_CLUSTER = frozenset(
    {
        StepKind.AWAIT_CLUSTER,
        StepKind.AWAIT_ROUTES,
        StepKind.PROVE_IDLE,
        StepKind.RETIRE,
        StepKind.MAKE_CLUSTER,
        StepKind.STOP_CLUSTER,
        StepKind.START_CLUSTER,
        StepKind.REMOVE_CLUSTER,
    }
)
TIME_MAX_S = 10 * 366 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWeights:
    """A step that sets weights."""

    step: Step
    split: Split

    @property
    def green_bp(self) -> int:
        """The largest share that green gets of any host."""
        return green_share(self.split)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHold:
    """A hold with its gates, and what green gets meanwhile."""

    step: Step
    hold_s: float
    gates: Gates
    split: Split
    mirror_bp: int

    @property
    def share_bp(self) -> int:
        """What reaches green: its share of the requests, or of copies where it has none."""
        return green_share(self.split) or self.mirror_bp


def green_share(split: Split) -> int:
    """Return the largest share that green gets of any host, in hundredths of a percent."""
    return max(weights.green_bp for weights in (split.default, *split.by_host.values()))


def read_weights(plan: Plan) -> Iterator[PlannedWeights]:
    """Yield the steps that set weights, in order."""
    for step in plan.steps:
        if step.kind == StepKind.SET_WEIGHTS:
            yield PlannedWeights(step=step, split=parse_split(step.args.get("split")))


def read_holds(plan: Plan, before: Split) -> Iterator[PlannedHold]:
    """Yield the holds, in order; `before` is where traffic is at first."""
    split, arrangement = before, NOTHING_ARRANGED
    for step in plan.steps:
        match step.kind:
            case StepKind.SET_WEIGHTS:
                split = parse_split(step.args.get("split"))
            case StepKind.ARRANGE:
                arrangement = parse_arrangement(step.args.get("arrangement"))
            case StepKind.HOLD:
                yield PlannedHold(
                    step=step,
                    hold_s=read_number(step.args, "hold_s") or 0.0,
                    gates=parse_gates(step.args.get("gates")),
                    split=split,
                    mirror_bp=arrangement.mirror.share_bp if arrangement.mirror else 0,
                )
            case _:
                pass


def read_arrangements(plan: Plan) -> Iterator[tuple[Step, Arrangement]]:
    """Yield the steps that arrange, in order."""
    for step in plan.steps:
        if step.kind == StepKind.ARRANGE:
            yield step, parse_arrangement(step.args.get("arrangement"))


def check_steps(plan: Plan) -> None:
    """Raise JournalError or PlanError for a plan with a step that could not be carried out.

    It is looked at before the first step, for none is there to be found wrong half-way.
    """
    keys = [step.key for step in plan.steps]
    again = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
    if again is not None:
        raise JournalError(f"the plan has two steps {again}")
    for step in plan.steps:
        _check_step(step)


def _check_step(step: Step) -> None:
    args = step.args
    match step.kind:
        case StepKind.SET_WEIGHTS:
            parse_split(args.get("split"))
        case StepKind.ARRANGE:
            parse_arrangement(args.get("arrangement"))
        case StepKind.HOLD:
            parse_gates(args.get("gates") or {})
            _check_time(step, "hold_s")
        case StepKind.HOOK:
            run = args.get("run")
            if not isinstance(run, list) or not run:
                raise JournalError(f"{step.key} of the plan has no command")
            _check_time(step, "timeout_s")
        case kind if kind in _OF_A_CLUSTER:
            if args.get("cluster") not in [cluster.value for cluster in Cluster]:
                raise JournalError(f"{step.key} of the plan names no cluster")
            _check_time(step, "timeout_s")
            _check_time(step, "quiet_s")
        case _:
            pass


def _check_time(step: Step, name: str) -> None:
    seconds = read_number(step.args, name) or 0.0
    if not 0 <= seconds <= TIME_MAX_S:
        raise JournalError(f"{name} of {step.key} is no time that a step can take")
