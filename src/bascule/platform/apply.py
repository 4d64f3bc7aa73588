"""Makes a platform what its spec says: looks, decides, acts, looks again, for each resource.

It may be ended at any moment. The next run sees what there is, waits for what was begun, and goes
on; nothing is made twice, since every name is known before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from bascule.azure.document import Document
from bascule.errors import ApiError, PlanError
from bascule.platform.desired.model import Resource
from bascule.platform.effects import Effects, Turns
from bascule.platform.observe import observe_resource
from bascule.platform.order import join_errors, run_in_order
from bascule.platform.plan.step import (
    AwaitChange,
    Change,
    Decision,
    Leave,
    Make,
    NotYet,
    Refuse,
    decide,
    find_etag,
)

WAITS_MAX = 9
"""So often is waited, three minutes in all, for what Azure tells of what it has made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done: names of what was made and of what was changed, in their order."""

    made: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Run:
    """What one run knows: documents by key, and what it did."""

    effects: Effects
    owner: str
    known: dict[str, Document] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)


async def apply_resources(
    effects: Effects, resources: Sequence[Resource], *, owner: str
) -> Applied:
    """Make and change resources until each is as wanted.

    Raises the first error of those that went wrong, once all that does not need it is done.
    """
    run = _Run(effects=effects, owner=owner)
    by_key = {resource.id.key: resource for resource in resources}

    async def work(key: str) -> None:
        await _settle(run, by_key[key])

    failed = await run_in_order(
        list(by_key), {key: [n.key for n in r.needs] for key, r in by_key.items()}, work
    )
    if failed:
        raise join_errors(list(failed.values()))
    return Applied(
        made=tuple(r.name for r in resources if r.name in run.made),
        changed=tuple(r.name for r in resources if r.name in run.changed),
    )


async def _settle(run: _Run, resource: Resource) -> None:
    """Look, decide and act until the resource is as wanted."""
    turns = Turns(effects=run.effects, resource=resource.id, name=resource.name)
    await turns.resume()
    while turns.are_left:
        found = await observe_resource(run.effects.arm, resource, run.known)
        decision = decide(resource, found, run.known, owner=run.owner)
        if isinstance(decision, Leave) and found is not None:
            run.known[resource.id.key] = found
            turns.tell("ready")
            return
        turns.require_progress(_describe(decision))
        await _act(run, turns, resource, found=found, decision=decision)
    raise turns.give_up("ready")


async def _act(
    run: _Run,
    turns: Turns,
    resource: Resource,
    *,
    found: Document | None,
    decision: Decision,
) -> None:
    arm, key = run.effects.arm, resource.id
    match decision:
        case Make():
            run.made.add(resource.name)
            turns.tell("creating")
            document = decision.document
            await turns.write("creating", lambda: arm.put(key, document, is_repeatable=True))
        case Change():
            run.changed.add(resource.name)
            turns.tell("changing", ", ".join(change.field for change in decision.changes))
            changed, etag = decision.document, find_etag(found or {})
            await turns.write("changing", lambda: arm.put(key, changed, if_match=etag))
        case AwaitChange():
            await turns.rest("waiting", decision.state)
        case NotYet():
            if turns.waits >= WAITS_MAX:
                raise _never_told(resource, decision)
            await _read_needs(run, resource)
            await turns.rest("waiting", ", ".join(decision.waits_for))
        case Refuse():
            raise PlanError(f"{resource.name}: {decision.reason}", remedy=decision.remedy)
        case Leave():
            return
        case _:
            assert_never(decision)


async def _read_needs(run: _Run, resource: Resource) -> None:
    """Read again what Azure had not filled in yet."""
    for need in resource.needs:
        found = await run.effects.arm.get(need)
        if found is not None:
            run.known[need.key] = found


def _never_told(resource: Resource, decision: NotYet) -> ApiError:
    what = ", ".join(decision.waits_for)
    return ApiError(
        f"{resource.name} cannot be made: Azure does not tell {what}",
        remedy="look whether that feature is on; then say this again",
    )


def _describe(decision: Decision) -> str:
    """Return in what a resource is not as wanted."""
    match decision:
        case Change() | Refuse():
            return ", ".join(change.field for change in decision.changes)
        case AwaitChange():
            return decision.state
        case Make() | NotYet() | Leave():
            return "not there"
        case _:
            assert_never(decision)
