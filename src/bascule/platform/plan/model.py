"""A plan of a platform: an action for each resource, what was found, what it costs and takes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from bascule.azure.document import Document
from bascule.checks.findings import Finding, Severity, render_finding
from bascule.journal.record import Json
from bascule.platform.desired.model import Later, Resource
from bascule.platform.green.model import Difference
from bascule.platform.plan.cost import Running, render_running
from bascule.platform.plan.diff import FieldChange
from bascule.report.azure_proof import IS_PROVEN_ON_AZURE

FORMAT = 1


class Op(StrEnum):
    """What is done about a resource."""

    CREATE = "create"
    WITH = "create with its parent"
    CHANGE = "change"
    LEAVE = "leave"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What is done about one resource, and why."""

    op: Op
    resource: Resource
    changes: tuple[FieldChange, ...] = ()
    reason: str = ""
    remedy: str = ""
    waits_for: tuple[str, ...] = ()
    """What of its document Azure tells only when it has made something else."""
    estimate_s: float | None = None
    """How long it takes by the median of recorded runs; None where none is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformPlan:
    """All that would be done, in order."""

    name: str
    cloud: str
    subscription: str
    location: str
    actions: tuple[Action, ...]
    differences: tuple[Difference, ...] = ()
    """In what green differs from blue."""
    findings: tuple[Finding, ...] = ()
    running: tuple[Running, ...] = ()
    """What each cluster costs while both run."""
    estimate_s: float = 0.0
    """How long all of it takes, side by side where nothing has to wait."""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over what would be done; what merely runs is not part of it."""
        text = json.dumps(
            [render_action(a) for a in self.actions if a.op is not Op.LEAVE],
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return all(action.op is Op.LEAVE for action in self.actions)

    @property
    def blockers(self) -> tuple[str, ...]:
        """What stands against it, one sentence each."""
        found = (f.message for f in self.findings if f.severity is Severity.BLOCKER)
        refused = (f"{a.resource.name}: {a.reason}" for a in self.actions if a.op is Op.REFUSE)
        return (*found, *refused)

    def count(self, op: Op) -> int:
        """Return how many actions are of a kind."""
        return sum(action.op is op for action in self.actions)


def render_platform_plan(plan: PlatformPlan) -> dict[str, Json]:
    """Return a plan as one JSON document."""
    return {
        "format": FORMAT,
        "name": plan.name,
        "cloud": plan.cloud,
        "subscription": plan.subscription,
        "location": plan.location,
        "digest": plan.digest,
        "is_empty": plan.is_empty,
        "actions": [render_action(action) for action in plan.actions],
        "differences": [_difference(difference) for difference in plan.differences],
        "findings": [render_finding(finding) for finding in plan.findings],
        "running": [render_running(each) for each in plan.running],
        "estimate_s": plan.estimate_s,
        "is_proven_on_azure": IS_PROVEN_ON_AZURE,
    }


def render_action(action: Action) -> dict[str, Json]:
    """Return an action as JSON; values that come later read `{"later": what}`."""
    is_made = action.op in {Op.CREATE, Op.WITH}
    return {
        "op": action.op.name.lower(),
        "kind": action.resource.kind.value,
        "name": action.resource.title or action.resource.id.name,
        "id": str(action.resource.id),
        "document": to_json(action.resource.document) if is_made else None,
        "changes": [_change(change) for change in action.changes],
        "reason": action.reason,
        "remedy": action.remedy,
        "waits_for": list(action.waits_for),
        "estimate_s": action.estimate_s,
    }


def to_json(value: object) -> Json:
    """Return a value of a document as JSON."""
    match value:
        case Later():
            return {"later": value.what}
        case Mapping():
            return {str(key): to_json(each) for key, each in cast("Document", value).items()}
        case list() | tuple():
            return [to_json(each) for each in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def _change(change: FieldChange) -> dict[str, Json]:
    return {
        "field": change.field,
        "before": to_json(change.before),
        "after": to_json(change.after),
        "refusal": change.refusal,
    }


def _difference(difference: Difference) -> dict[str, Json]:
    return {
        "field": difference.field,
        "blue": to_json(difference.blue),
        "green": to_json(difference.green),
        "treatment": difference.treatment.value,
        "reason": difference.reason,
    }
