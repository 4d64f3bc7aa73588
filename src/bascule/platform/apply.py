"""Makes a platform what its spec says: looks, decides, acts, looks again, for each resource.

It may be ended at any moment. The next run sees what there is, waits for what was begun, and goes
on; nothing is made twice, since every name is known before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from bascule.azure.document import Document, text_at
from bascule.errors import ApiError, OutcomeUnknownError, PlanError
from bascule.platform.desired.model import Resource
from bascule.platform.effects import PAUSE_S, Effects
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
)
from bascule.platform.ports import Progress

WRITES_MAX = 8
"""So often one resource is written before it is said that Azure does not take what it is sent."""
BUSY_MAX_S = 5_400.0
"""So long a resource is waited for that somebody else works on."""


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
    await run.effects.resume(resource.id, resource.name)
    deadline_s = run.effects.arm.clock.monotonic_s() + BUSY_MAX_S
    writes = 0
    while run.effects.arm.clock.monotonic_s() < deadline_s:
        found = await observe_resource(run.effects.arm, resource, run.known)
        decision = decide(resource, found, run.known, owner=run.owner)
        if isinstance(decision, Leave) and found is not None:
            run.known[resource.id.key] = found
            run.effects.on_progress(Progress(resource=resource.name, what="ready"))
            return
        if isinstance(decision, Make | Change):
            writes += 1
            if writes > WRITES_MAX:
                raise _refused_in_silence(resource, decision)
        await _act(run, resource, found, decision)
    raise OutcomeUnknownError(
        f"{resource.name} is not ready after {BUSY_MAX_S / 60:.0f} minutes",
        remedy="see what is being done to it in Azure's activity log, then say this again",
    )


async def _act(run: _Run, resource: Resource, found: Document | None, decision: Decision) -> None:
    effects = run.effects
    match decision:
        case Make():
            run.made.add(resource.name)
            effects.on_progress(Progress(resource=resource.name, what="creating"))
            document = decision.document
            await effects.send(
                resource.id,
                resource.name,
                "creating",
                lambda: effects.arm.put(resource.id, document, is_repeatable=True),
            )
        case Change():
            run.changed.add(resource.name)
            fields = ", ".join(change.field for change in decision.changes)
            effects.on_progress(Progress(resource=resource.name, what="changing", detail=fields))
            changed, etag = decision.document, _etag(found)
            await effects.send(
                resource.id,
                resource.name,
                "changing",
                lambda: effects.arm.put(resource.id, changed, if_match=etag),
            )
        case AwaitChange():
            effects.on_progress(
                Progress(resource=resource.name, what="waiting", detail=decision.state)
            )
            await effects.pause(PAUSE_S)
        case NotYet():
            await _read_needs(run, resource)
            await effects.pause(PAUSE_S)
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


def _etag(found: Document | None) -> str:
    """Return the etag under which a resource was read; AKS calls it in its own way."""
    document = found or {}
    return text_at(document, "etag") or text_at(document, "eTag")


def _refused_in_silence(resource: Resource, decision: Make | Change) -> ApiError:
    changes = decision.changes if isinstance(decision, Change) else ()
    fields = ", ".join(change.field for change in changes) or "all of it"
    return ApiError(
        f"{resource.name} was written {WRITES_MAX} times, and Azure still has it otherwise: "
        f"{fields}",
        remedy="look whether a policy or another tool sets it back",
    )
