"""What the stages of an upgrade have a platform do: looked at first, it may be begun again.

Whoever calls may be ended at any moment; the next call goes on with what is there.
"""

from collections.abc import Awaitable, Callable, Sequence

from bascule.azure.client import Accepted
from bascule.azure.document import Document, text_at
from bascule.azure.resource_id import ResourceId
from bascule.errors import OutcomeUnknownError, PlanError
from bascule.platform.apply import apply_resources
from bascule.platform.desired.model import Kind, Resource
from bascule.platform.destroy import BUSY_MAX_S, remove_resources
from bascule.platform.effects import PAUSE_S, Effects
from bascule.platform.observe import observe_resource
from bascule.platform.plan.step import Leave, decide, is_busy, is_stopped
from bascule.platform.plan.unmaking import Fate, Removal, UnmakingPlan
from bascule.platform.ports import Arm, Progress


async def make_all(effects: Effects, resources: Sequence[Resource], *, owner: str) -> None:
    """Make and change resources until each is as wanted. Raises as `apply_resources`."""
    await apply_resources(effects, resources, owner=owner)


async def is_made(arm: Arm, resources: Sequence[Resource], *, owner: str) -> bool:
    """Return whether each resource is there as wanted, and nothing is being done to it."""
    known: dict[str, Document] = {}
    for resource in resources:
        found = await observe_resource(arm, resource, known)
        if found is None:
            return False
        known[resource.id.key] = found
        if not isinstance(decide(resource, found, known, owner=owner), Leave):
            return False
    return True


async def stop_cluster(effects: Effects, cluster: ResourceId) -> None:
    """Stop a cluster, and return once it is. Raises ApiError, OutcomeUnknownError, PlanError."""

    def stop() -> Awaitable[Accepted]:
        return effects.arm.post(cluster, "stop")

    await _bring_about(effects, cluster, "stopping", is_so=has_stopped, act=stop)


async def start_cluster(effects: Effects, cluster: ResourceId) -> None:
    """Start a cluster, and return once it runs. Raises as `stop_cluster`."""

    def start() -> Awaitable[Accepted]:
        return effects.arm.post(cluster, "start")

    await _bring_about(effects, cluster, "starting", is_so=has_started, act=start)


async def remove_all(effects: Effects, resources: Sequence[Resource], *, owner: str) -> None:
    """Remove a cluster and what exists only for it. Raises as `remove_resources`."""
    removals = tuple(
        Removal(id=each.id, kind=each.kind, fate=Fate.REMOVE)
        for each in resources
        if each.kind is not Kind.POOL  # goes with its cluster
    )
    await remove_resources(effects, UnmakingPlan(name=owner, removals=removals))


async def is_gone(arm: Arm, resources: Sequence[Resource]) -> bool:
    """Return whether none of the resources is there any more."""
    for resource in resources:
        if await arm.get(resource.id) is not None:
            return False
    return True


def has_stopped(cluster: Document) -> bool:
    """Return whether a cluster is stopped, all of it."""
    return is_stopped(cluster) and not is_busy(cluster)


def has_started(cluster: Document) -> bool:
    """Return whether a cluster runs, all of it."""
    is_whole = text_at(cluster, "properties", "provisioningState") == "Succeeded"
    return is_whole and not is_stopped(cluster)


async def _bring_about(
    effects: Effects,
    cluster: ResourceId,
    verb: str,
    *,
    is_so: Callable[[Document], bool],
    act: Callable[[], Awaitable[Accepted]],
) -> None:
    name = f"{Kind.CLUSTER} {cluster.name}"
    await effects.resume(cluster, name)
    clock = effects.arm.clock
    deadline_s = clock.monotonic_s() + BUSY_MAX_S
    while clock.monotonic_s() < deadline_s:
        found = await effects.arm.get(cluster)
        if found is None:
            raise PlanError(f"{name} is not there any more", remedy="look who removed it")
        if is_so(found):
            return
        if is_busy(found):
            state = text_at(found, "properties", "provisioningState")
            effects.on_progress(Progress(resource=name, what="waiting", detail=state))
            await effects.pause(PAUSE_S)
        else:
            effects.on_progress(Progress(resource=name, what=verb))
            await effects.send(cluster, name, verb, act)
    raise OutcomeUnknownError(
        f"{name}: {verb} is not done after {BUSY_MAX_S / 60:.0f} minutes",
        remedy="see what is being done to it in Azure's activity log",
    )
