"""A plan is data: step kinds with arguments, in order, with one digest over all of it.

What is stored is what was approved. A later version of the tool runs it as stored, and stops at a
kind of step that it does not know. The arguments of each kind stand in docs/reference/plan.md.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bascule.errors import JournalError, PlanError
from bascule.journal.record import Json
from bascule.upgrade.encoding import read_number, read_object, read_text
from bascule.upgrade.run.stages import Stage

FORMAT = 1
"""The version of the plan's own layout; a plan of a later one is refused."""


class StepKind(StrEnum):
    """The kinds of steps that this version knows."""

    CHECK = "check"
    """Preflight: findings; done when none of them is a blocker."""
    AWAIT_CLUSTER = "await_cluster"
    """{cluster}: its API answers and its lists are complete."""
    AWAIT_ROUTES = "await_routes"
    """{cluster, timeout_s, hosts, exclude}: the other's routes have ready endpoints there."""
    ARRANGE = "arrange"
    """{arrangement}: preview, mirroring, affinity."""
    SET_WEIGHTS = "set_weights"
    """{split}: who gets what share of the requests."""
    HOLD = "hold"
    """{hold_s, gates}: time passes and is judged."""
    APPROVAL = "approval"
    """{gate, typed}: a person says yes; `typed` is what he has to type, or null."""
    HOOK = "hook"
    """{run, timeout_s, is_repeatable, undo}: a command of the user's."""
    PROVE_IDLE = "prove_idle"
    """{cluster, quiet_s, timeout_s}: no request, no open stream, no sticky user for so long."""
    RETIRE = "retire"
    """{cluster}: it is taken out of the gateway. The point of no return."""
    MAKE_CLUSTER = "make_cluster"
    """{cluster, platform}: the platform makes it, as `platform` says; what is there stays."""
    STOP_CLUSTER = "stop_cluster"
    """{cluster, platform}: its machines are given back, its objects kept."""
    START_CLUSTER = "start_cluster"
    """{cluster, platform}: what `stop_cluster` did is undone."""
    REMOVE_CLUSTER = "remove_cluster"
    """{cluster, platform}: the cluster itself goes, with all that was made for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `key` is unique in the plan, readable, and the idempotency key of its effect."""

    key: str
    stage: Stage
    kind: str
    """A `StepKind`, or one that only another version knows."""
    args: Mapping[str, Json] = field(default_factory=dict)
    title: str = ""
    reason: str = ""
    estimate_s: float | None = None
    """How long it should take; None is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the run needs to know beside its steps."""

    is_rollback_automatic: bool = True
    unsafe_after: str = ""
    """The key of the step from whose start on a rollback is refused; empty: none before retire."""
    unsafe_reason: str = ""
    freeze: tuple[Mapping[str, Json], ...] = ()
    """Freeze windows, as `upgrade.plan.freeze` reads them."""
    notify: tuple[Mapping[str, Json], ...] = ()
    """Where news goes; holds names of environment variables and files, never secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that an upgrade will do, as approved; `clusters` say who blue and green are."""

    name: str
    gateway: str
    steps: tuple[Step, ...]
    policy: Policy = field(default_factory=Policy)
    clusters: Mapping[str, Json] = field(default_factory=dict)
    witness_hosts: tuple[str, ...] = ()
    parent: str = ""
    """The digest of the plan that this one takes the place of; empty for none."""
    stored: Mapping[str, Json] | None = field(default=None, init=False, compare=False, repr=False)
    """What it was read from, for it is that which was approved, more or less in it than this
    version writes; None for a plan that was made here. A changed copy has none."""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the plan's JSON text, as stored if it was."""
        text = json.dumps(
            render_plan(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def step(self, key: str) -> Step | None:
        """Return the step of that key, or None."""
        return next((step for step in self.steps if step.key == key), None)


def render_step(step: Step) -> dict[str, Json]:
    """Return a step as the journal keeps it."""
    return {
        "key": step.key,
        "stage": step.stage.value,
        "kind": step.kind,
        "args": dict(step.args),
        "title": step.title,
        "reason": step.reason,
        "estimate_s": step.estimate_s,
    }


def render_plan(plan: Plan) -> dict[str, Json]:
    """Return a plan as the journal keeps it, without its digest; one that was read, as it was."""
    if plan.stored is not None:
        return dict(plan.stored)
    policy: dict[str, Json] = {
        "is_rollback_automatic": plan.policy.is_rollback_automatic,
        "unsafe_after": plan.policy.unsafe_after,
        "unsafe_reason": plan.policy.unsafe_reason,
        "freeze": [dict(window) for window in plan.policy.freeze],
        "notify": [dict(receiver) for receiver in plan.policy.notify],
    }
    return {
        "format": FORMAT,
        "name": plan.name,
        "gateway": plan.gateway,
        "parent": plan.parent,
        "clusters": dict(plan.clusters),
        "witness_hosts": list(plan.witness_hosts),
        "policy": policy,
        "steps": [render_step(step) for step in plan.steps],
    }


def parse_step(data: Json) -> Step:
    """Return the step that `render_step` wrote. Raises JournalError for anything else."""
    fields = read_object(data, "step")
    try:
        stage = Stage(read_text(fields, "stage"))
    except ValueError as error:
        raise JournalError(f"a step is in the unknown stage {fields.get('stage')!r}") from error
    return Step(
        key=read_text(fields, "key"),
        stage=stage,
        kind=read_text(fields, "kind"),
        args=read_object(fields.get("args"), "args"),
        title=read_text(fields, "title", default=""),
        reason=read_text(fields, "reason", default=""),
        estimate_s=read_number(fields, "estimate_s"),
    )


def parse_plan(data: Json) -> Plan:
    """Return the plan that `render_plan` wrote.

    Raises PlanError for a layout of a later version, JournalError for what is no plan.
    """
    fields = read_object(data, "plan")
    found = fields.get("format")
    if found != FORMAT:
        raise PlanError(
            f"the plan has layout {found!r}; this version of bascule reads {FORMAT}",
            remedy="run it with the version of bascule that made it, or a later one",
        )
    policy = read_object(fields.get("policy"), "policy")
    steps = fields.get("steps")
    plan = Plan(
        name=read_text(fields, "name"),
        gateway=read_text(fields, "gateway"),
        parent=read_text(fields, "parent", default=""),
        clusters=read_object(fields.get("clusters"), "clusters"),
        witness_hosts=tuple(str(h) for h in _read_list(fields, "witness_hosts")),
        policy=Policy(
            is_rollback_automatic=policy.get("is_rollback_automatic") is not False,
            unsafe_after=read_text(policy, "unsafe_after", default=""),
            unsafe_reason=read_text(policy, "unsafe_reason", default=""),
            freeze=tuple(read_object(w, "freeze") for w in _read_list(policy, "freeze")),
            notify=tuple(read_object(r, "notify") for r in _read_list(policy, "notify")),
        ),
        steps=tuple(parse_step(step) for step in (steps if isinstance(steps, list) else ())),
    )
    object.__setattr__(plan, "stored", fields)  # frozen, and not to be copied by `replace`
    return plan


def _read_list(data: Mapping[str, Json], name: str) -> list[Json]:
    value = data.get(name)
    if not isinstance(value, list):
        raise JournalError(f"{name} is not a list in a plan")
    return value
