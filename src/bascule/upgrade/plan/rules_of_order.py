"""Rules on the shape of a plan: its keys, kinds and stages, and the way back."""

from collections import Counter
from collections.abc import Iterator

from bascule.checks.findings import Finding, Severity
from bascule.ids import Cluster
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.freeze import LOOK_AHEAD_MAX, frozen_until
from bascule.upgrade.plan.model import Plan, Step, StepKind
from bascule.upgrade.plan.reading import PlannedHold, read_holds, read_weights
from bascule.upgrade.plan.shares import is_partial
from bascule.upgrade.run.stages import Stage

_ORDER = tuple(Stage)
_KINDS = frozenset(kind.value for kind in StepKind)


def lint_kinds(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Name the kinds of steps that this version does not know."""
    del facts
    for step in plan.steps:
        if step.kind not in _KINDS:
            yield Finding(
                severity=Severity.BLOCKER,
                code="UnknownStepKind",
                subject=step.key,
                message=f"{step.key} is of the kind {step.kind!r}, unknown to this version",
                remedy="run the plan with the version of bascule that made it, or plan anew",
            )


def lint_keys(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Name the keys that are there twice."""
    del facts
    for key, count in Counter(step.key for step in plan.steps).items():
        if count > 1:
            yield Finding(
                severity=Severity.BLOCKER,
                code="DuplicateKey",
                subject=key,
                message=f"{count} steps are called {key}; a key names one effect",
                remedy="give each step a key of its own",
            )


def lint_stages(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Name the steps at which the stage would go back."""
    del facts
    before = Stage.PREFLIGHT
    for step in plan.steps:
        if _ORDER.index(step.stage) < _ORDER.index(before) or step.stage is Stage.ROLLBACK:
            yield Finding(
                severity=Severity.BLOCKER,
                code="StageOrder",
                subject=step.key,
                message=f"{step.key} belongs to {step.stage}, which does not follow {before}",
                remedy=f"the order is {', '.join(_ORDER[:7])}",
            )
        else:
            before = step.stage


def lint_way_back(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Say where the way back ends before it has to."""
    del facts
    if not plan.policy.is_rollback_automatic:
        yield Finding(
            severity=Severity.INFO,
            code="RollbackByHand",
            subject="rollback",
            message="a gate that fails stops the upgrade; traffic stays until a person decides",
            remedy="set rollback.automatic, unless somebody is always there",
        )
    unsafe = plan.policy.unsafe_after
    if not unsafe:
        return
    keys = [step.key for step in plan.steps]
    if unsafe not in keys:
        yield Finding(
            severity=Severity.BLOCKER,
            code="UnsafeStepUnknown",
            subject=unsafe,
            message=f"a rollback is to be unsafe after {unsafe}, and there is no such step",
            remedy=f"name one of {', '.join(keys)}",
        )
        return
    later = [w.step.key for w in read_weights(plan) if keys.index(w.step.key) >= keys.index(unsafe)]
    if later:
        yield Finding(
            severity=Severity.WARNING,
            code="NoWayBack",
            subject=unsafe,
            message=f"from {unsafe} on there is no way back"
            f"{_because(plan)}, and traffic still moves in {', '.join(later)}",
            remedy="move what makes it unsafe behind the last weight and the bake, if you can",
        )


def _because(plan: Plan) -> str:
    return f" ({plan.policy.unsafe_reason})" if plan.policy.unsafe_reason else ""


def lint_hooks(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Name the commands that may not run twice, and cannot be undone."""
    del facts
    for step in plan.steps:
        is_once = step.kind == StepKind.HOOK and step.args.get("is_repeatable") is not True
        if is_once and not step.args.get("undo"):
            yield Finding(
                severity=Severity.WARNING,
                code="HookNotRepeatable",
                subject=step.key,
                message=f"{step.key} may run only once and has no undo: if this process dies while "
                "it runs, a person has to say whether it ran",
                remedy="make it repeatable (it gets its step's key to know itself by), or add undo",
            )


def lint_freeze(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Say whether a freeze lies over the upgrade, and whether it ever ends."""
    if facts.at is None:
        return
    found = frozen_until(plan.policy.freeze, facts.at)
    if found is None:
        return
    until, name = found
    if until - facts.at > LOOK_AHEAD_MAX:
        yield Finding(
            severity=Severity.BLOCKER,
            code="FreezeWithoutEnd",
            subject=name,
            message=f"a freeze ({name}) lasts for more than a year: no traffic would ever move",
            remedy="leave some time between the windows of `freeze`",
        )
    else:
        yield Finding(
            severity=Severity.INFO,
            code="FrozenNow",
            subject=name,
            message=f"frozen now ({name}): no traffic moves before {until.isoformat()}",
        )


def lint_retirement(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Let a cluster go only after time, a person's word, and proof that nobody uses it."""
    retire = next((step for step in plan.steps if step.kind == StepKind.RETIRE), None)
    if retire is None:
        return
    before = plan.steps[: plan.steps.index(retire)]
    if not any(step.kind == StepKind.PROVE_IDLE for step in before):
        yield _retire(
            Severity.BLOCKER,
            "RetireWithoutProof",
            retire,
            message="takes a cluster away without proof that nobody uses it",
            remedy="put a step prove_idle before it",
        )
    if not any(step.kind == StepKind.APPROVAL and step.args.get("typed") for step in before):
        yield _retire(
            Severity.WARNING,
            "RetireWithoutApproval",
            retire,
            message="takes a cluster away without a person who typed its name",
            remedy="put an approval before it",
        )
    if not any(h.hold_s > 0 and h.split.default.only is Cluster.GREEN for h in _holds(plan, facts)):
        yield _retire(
            Severity.WARNING,
            "RetireAtOnce",
            retire,
            message="takes blue away with no time in which green had everything",
            remedy="give bake.hold or retire.hold some time: until then one step leads back",
        )
    weights = [w.split for w in read_weights(plan)]
    last = weights[-1] if weights else facts.split
    if is_partial(last) or last.default.only is not Cluster.GREEN:
        yield _retire(
            Severity.BLOCKER,
            "RetireWithHosts",
            retire,
            message="would take blue away while hosts are still served there",
            remedy="write `retire: {policy: never}`, and retire blue with the last hosts",
        )


def _holds(plan: Plan, facts: Facts) -> list[PlannedHold]:
    return list(read_holds(plan, facts.split))


def _retire(severity: Severity, code: str, step: Step, *, message: str, remedy: str) -> Finding:
    return Finding(
        severity=severity,
        code=code,
        subject=step.key,
        message=f"{step.key} {message}",
        remedy=remedy,
    )
