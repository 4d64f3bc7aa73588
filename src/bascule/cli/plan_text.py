"""A plan as people read it: who, what was found, every step with its reason, how long, how back."""

import textwrap
from collections.abc import Iterator, Sequence

from bascule.checks.findings import Finding
from bascule.cli.gate_text import render_gates_text
from bascule.cli.rendering import render_columns
from bascule.ids import Cluster
from bascule.spec.durations import render_duration
from bascule.upgrade.encoding import read_number, read_object
from bascule.upgrade.gates.encoding import parse_gates
from bascule.upgrade.plan.estimate import estimate_plan
from bascule.upgrade.plan.model import Plan, Step, StepKind
from bascule.upgrade.run.rollback import find_last_chance
from bascule.upgrade.run.stages import Stage

DIGEST_SHOWN = 12
WIDTH = 100
"""How long lines are, so that most terminals show them whole."""


def render_plan_text(plan: Plan, findings: Sequence[Finding]) -> list[str]:
    """Return the plan and what was found of it, as lines."""
    return [
        f"upgrade {plan.name} on the gateway {plan.gateway}, plan {plan.digest[:DIGEST_SHOWN]}",
        "",
        *_clusters(plan),
        "",
        *render_findings(findings),
        "",
        *_steps(plan),
        "",
        *_summary(plan),
    ]


def _clusters(plan: Plan) -> list[str]:
    rows = [("  cluster", "context", "version", "routes")]
    for cluster in Cluster:
        said = read_object(plan.clusters.get(cluster.value, {}), cluster.value)
        routes = said.get("routes")
        rows.append(
            (
                f"  {cluster}",
                str(said.get("name") or "-"),
                str(said.get("version") or "not known"),
                "not known" if routes is None else str(routes),
            )
        )
    return render_columns(rows)


def render_findings(findings: Sequence[Finding]) -> list[str]:
    """Return findings as lines, each with what to do."""
    if not findings:
        return ["found nothing that speaks against it"]
    lines = [f"found {len(findings)}:"]
    for finding in findings:
        said = f"{finding.message}  [{finding.code}]"
        lines += _wrap(f"  {finding.severity.upper():<7}  ", said, indent=11)
        if finding.remedy:
            lines += _wrap("           ", f"what to do: {finding.remedy}", indent=11)
    return lines


def _wrap(first: str, text: str, *, indent: int) -> list[str]:
    """Return `text` in lines of at most `WIDTH`; a word that is longer stays whole."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _steps(plan: Plan) -> Iterator[str]:
    width = max((len(step.key) for step in plan.steps), default=0)
    stage = None
    for number, step in enumerate(plan.steps, 1):
        if step.stage is not stage:
            stage = step.stage
            yield f"{stage}"
        indent = width + 9
        yield from _wrap(
            f"  {number:>3}  {step.key:<{width}}  ", f"{step.title}{_takes(step)}", indent=indent
        )
        for line in (*_details(step), f"because: {step.reason}" if step.reason else ""):
            yield from _wrap(" " * indent, line, indent=indent + 2)


def _takes(step: Step) -> str:
    return "" if step.estimate_s is None else f"  (about {_time(step.estimate_s)})"


def _details(step: Step) -> Iterator[str]:
    match step.kind:
        case StepKind.HOLD:
            hold_s = read_number(step.args, "hold_s") or 0.0
            gates = "; ".join(render_gates_text(parse_gates(step.args.get("gates"))))
            yield f"holds {render_duration(hold_s)}: {gates}"
        case StepKind.HOOK:
            run = step.args.get("run")
            yield f"runs: {' '.join(str(part) for part in run) if isinstance(run, list) else ''}"
        case _:
            pass


def _summary(plan: Plan) -> Iterator[str]:
    estimate = estimate_plan(plan)
    beside = f", beside {', '.join(estimate.unknown)}" if estimate.unknown else ""
    yield f"takes about {_time(estimate.known_s)}{beside}"
    yield f"rolls back {_how(plan)} {_until(plan)}"
    alpha = _false_alarms(plan)
    if alpha:
        yield f"a healthy green is rolled back by mistake in at most {alpha:.2%} of upgrades"


def _how(plan: Plan) -> str:
    return "by itself, or when told to," if plan.policy.is_rollback_automatic else "when told to,"


def _until(plan: Plan) -> str:
    if plan.policy.unsafe_after:
        why = plan.policy.unsafe_reason or "the spec says so"
        return f"until {plan.policy.unsafe_after} begins; after that it is refused: {why}"
    if not any(step.stage is Stage.RETIRE for step in plan.steps):
        return "until it has ended; blue stays, and `bascule switch` leads back after that"
    return f"until {find_last_chance(plan)} begins; after that no"


def _false_alarms(plan: Plan) -> float:
    holds = (step for step in plan.steps if step.kind == StepKind.HOLD)
    gates = (parse_gates(step.args.get("gates")) for step in holds)
    return sum(gate.alpha for gate in gates if gate.has_traffic)


def _time(seconds: float) -> str:
    return render_duration(float(round(seconds))) if seconds >= 1 else "1s"
