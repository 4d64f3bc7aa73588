"""Makes the plan of a platform from its spec and from what exists."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from bascule.azure.document import Document
from bascule.checks.findings import Finding, Severity
from bascule.platform.desired.ids import Ids
from bascule.platform.desired.model import Kind, Resource
from bascule.platform.green.model import BlueFacts
from bascule.platform.plan.cost import Running, count_running
from bascule.platform.plan.estimate import CREATE_S, estimate_change, longest_way
from bascule.platform.plan.gathering import Desired
from bascule.platform.plan.model import Action, Op, PlatformPlan
from bascule.platform.plan.step import (
    AwaitChange,
    Change,
    Leave,
    Make,
    NotYet,
    Refuse,
    decide,
)
from bascule.spec.azure.prices import Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """What Azure has of a platform: documents by the keys of the ids that were asked for."""

    documents: Mapping[str, Document] = field(default_factory=dict)
    blue: BlueFacts | None = None
    """What green is made from; None while there is no blue, or no green is wanted."""
    left: tuple[Resource, ...] = ()
    """What was made for a blue that is retired, and is still there."""


RETIRED = "BlueRetired"
"""The code of the finding that blue is gone and green is there."""
_MADE = frozenset({Op.CREATE, Op.WITH})
_DELETES = {Kind.ASSIGNMENT: "role assignment delete", Kind.CREDENTIAL: "resource delete"}


def plan_platform(
    ids: Ids, desired: Desired, existing: Existing, *, cloud: str, prices: Prices | None = None
) -> PlatformPlan:
    """Return what would be done to have what is desired."""
    actions = tuple(_actions(ids, desired, existing))
    derived = desired.derived
    is_green_there = _green_key(ids) in existing.documents
    return PlatformPlan(
        name=ids.spec.name,
        cloud=cloud,
        subscription=ids.subscription,
        location=ids.spec.location,
        actions=actions,
        differences=derived.differences if derived is not None and not is_green_there else (),
        findings=(
            *(derived.findings if derived is not None and not is_green_there else ()),
            *_say_retired(desired, existing),
        ),
        running=tuple(_running(desired, existing, prices)),
        estimate_s=longest_way(
            {a.resource.id.key: a.estimate_s or 0.0 for a in actions},
            {a.resource.id.key: [need.key for need in a.resource.needs] for a in actions},
            [a.resource.id.key for a in actions],
        ),
    )


def _actions(ids: Ids, desired: Desired, existing: Existing) -> Iterator[Action]:
    known = dict(existing.documents)
    made: set[str] = set()
    refused: dict[str, str] = {}
    for resource in desired.resources:
        action = _action(ids, resource, known, made)
        if action.op in _MADE and resource.parent is not None and resource.parent.key in refused:
            reason = f"{resource.kind} of a {refused[resource.parent.key]} that is refused"
            action = Action(op=Op.LEAVE, resource=resource, reason=reason)
        if action.op in _MADE:
            made.add(resource.id.key)
        if action.op is Op.REFUSE:
            refused[resource.id.key] = resource.kind.value
        yield action


def _action(ids: Ids, resource: Resource, known: dict[str, Document], made: set[str]) -> Action:
    found = known.get(resource.id.key)
    decision = decide(resource, found, known, owner=ids.spec.name)
    match decision:
        case Leave():
            return Action(op=Op.LEAVE, resource=resource)
        case AwaitChange():
            reason = f"something is being done to it: {decision.state}"
            return Action(op=Op.LEAVE, resource=resource, reason=reason)
        case Make() | NotYet():
            if resource.parent is not None and resource.parent.key in made:
                return Action(op=Op.WITH, resource=resource, reason=resource.reason)
            return Action(
                op=Op.CREATE,
                resource=resource,
                reason=resource.reason,
                waits_for=decision.waits_for if isinstance(decision, NotYet) else (),
                estimate_s=CREATE_S.get(resource.kind),
            )
        case Change():
            return Action(
                op=Op.CHANGE,
                resource=resource,
                changes=decision.changes,
                reason="it is not as the file says",
                estimate_s=estimate_change(resource.kind, decision.changes),
            )
        case Refuse():
            return Action(
                op=Op.REFUSE,
                resource=resource,
                changes=decision.changes,
                reason=decision.reason,
                remedy=decision.remedy,
            )
        case _:
            assert_never(decision)


def _say_retired(desired: Desired, existing: Existing) -> Iterator[Finding]:
    """Tell of a blue that is gone behind a green, and of what was made for it and still is."""
    for resource in desired.retired:
        if resource.kind is Kind.CLUSTER:
            yield Finding(
                severity=Severity.WARNING,
                code=RETIRED,
                subject=resource.name,
                message="it is gone and green is there: it was retired, and is not made again",
                remedy="describe the cluster that is left as blue (`bascule platform init "
                "--from-azure` writes it down), and leave green out",
            )
    for resource in existing.left:
        yield Finding(
            severity=Severity.WARNING,
            code="LeftOfBlue",
            subject=resource.name,
            message="it was made for a cluster that is gone, and stays",
            remedy=f"remove it by hand: az {_DELETES[resource.kind]} --ids {resource.id}",
        )


def _running(desired: Desired, existing: Existing, prices: Prices | None) -> Iterator[Running]:
    for resource in desired.resources:
        if resource.kind is Kind.CLUSTER:
            document = existing.documents.get(resource.id.key, resource.document)
            yield count_running(resource.id.name, document, prices)


def _green_key(ids: Ids) -> str:
    green = ids.spec.clusters.green
    return ids.cluster(green.name).key if green is not None else ""
