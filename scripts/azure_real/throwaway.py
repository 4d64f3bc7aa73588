"""Makes the throw-away platform by Bascule's own code, and removes it, whatever happened."""

from collections.abc import Iterator

from bascule.azure.document import object_at, text_at
from bascule.azure.resource_id import group_id
from bascule.errors import OutcomeUnknownError, PlanError, UsageError
from bascule.platform.apply import apply_resources
from bascule.platform.desired.ids import Ids, has_owner
from bascule.platform.desired.model import Kind
from bascule.platform.destroy import fetch_found, remove_resources
from bascule.platform.effects import Effects
from bascule.platform.observe import fetch_existing
from bascule.platform.plan.estimate import CREATE_S, DELETE_S, STOP_S
from bascule.platform.plan.planner import plan_platform
from bascule.platform.plan.unmaking import plan_unmaking
from bascule.platform.ports import Progress
from scripts.azure_real.world import BLUE, GREEN, NAME, World

REMOVAL_MAX_S = 5_400.0
SWEEPS_MAX = 5
SWEEP_PAUSE_S = 60.0
"""What is just being made may outlive a deletion of its group."""


def describe_cost(world: World, *, asking_s: float, has_green: bool) -> Iterator[str]:
    """Yield how long it takes and what is charged meanwhile; `asking_s` is for the questions."""
    settings = world.settings
    clusters = 2 if has_green else 1
    making_s = max(CREATE_S[Kind.GATEWAY], CREATE_S[Kind.CLUSTER])
    making_s += CREATE_S[Kind.CLUSTER] * (clusters - 1)
    removing_s = max(DELETE_S[Kind.GATEWAY], DELETE_S[Kind.CLUSTER] + STOP_S) + DELETE_S[Kind.GROUP]
    minutes = round((making_s + asking_s + removing_s) / 60)
    yield f"time: about {minutes} minutes by the medians of recorded operations, at worst hours"
    yield "charged while it runs:"
    yield "  1 application gateway Standard_v2 with 2 instances, which reserve 20 capacity units,"
    yield "  and 1 public IP; an hour that was begun is charged as a whole one"
    yield f"  {clusters} node(s) {settings.vm_size} with disks, {clusters} cluster(s) of the tier"
    yield "  Free, each with a load balancer and a public IP of its own; a few kilobytes of logs"
    prices = settings.prices
    if prices is None or settings.vm_size not in prices.machines:
        yield "cost: no price is known here; look up the above for two hours, or give --prices"
    else:
        hourly = clusters * prices.machines[settings.vm_size]
        sum_told = f"{hourly:.2f} {prices.currency}".rstrip()
        yield f"cost: the nodes {sum_told} an hour by your prices; the rest has no price here"


async def require_free(world: World) -> None:
    """Return if the group does not exist. Raises UsageError if it does."""
    group = world.settings.group
    if await world.arm.get(group_id(world.settings.subscription, group)) is None:
        return
    raise UsageError(
        f"the resource group {group} exists, and all that is in the group would be removed",
        remedy="name one that does not; what an interrupted run left goes with ARGS=--remove",
    )


async def make(world: World, *, has_green: bool) -> None:
    """Make the platform, with its second cluster or without."""
    ids = world.ids(has_green=has_green)
    desired, existing = await fetch_existing(world.arm, ids)
    plan = plan_platform(ids, desired, existing, cloud=world.settings.cloud)
    if plan.blockers:
        raise PlanError(f"the throw-away platform cannot be made: {plan.blockers[0]}")
    await apply_resources(_effects(world), desired.resources, owner=ids.spec.name)


async def remove(world: World) -> None:
    """Remove the platform as `bascule platform destroy` does."""
    ids = world.ids()
    desired, existing = await fetch_existing(world.arm, ids)
    found = await fetch_found(world.arm, ids, desired, existing)
    plan = plan_unmaking(ids, found, despite_traffic=ids.gateway.name)
    await remove_resources(_effects(world), plan)


async def sweep(world: World) -> None:
    """Delete the group with all that is left in it. Raises UsageError if it is not ours."""
    group = group_id(world.settings.subscription, world.settings.group)
    found = await world.arm.get(group)
    if found is None:
        return
    if not has_owner(object_at(found, "tags"), NAME):
        raise UsageError(
            f"the resource group {group.name} lacks the tag of {NAME}; nothing was removed",
            remedy="remove it yourself if it is not needed",
        )
    for _ in range(SWEEPS_MAX):
        world.tell(f"deleting    resource group {group.name} with all that is in it")
        accepted = await world.client.delete(group)
        url = accepted.operation_url if accepted is not None else ""
        await world.arm.wait(url, limit_s=REMOVAL_MAX_S)
        if await world.arm.get(group) is None:
            return
        await world.arm.clock.sleep_until(world.arm.clock.monotonic_s() + SWEEP_PAUSE_S)
    raise OutcomeUnknownError(
        f"the resource group {group.name} is still there after {SWEEPS_MAX} deletions",
        remedy="see in Azure's activity log what keeps it, then say this again with ARGS=--remove",
    )


async def find_left(world: World) -> tuple[str, ...]:
    """Return which groups of the run still exist: its own, and those that AKS made for it."""
    ids = world.ids()
    own = {world.settings.group.lower(), *_node_groups(ids, world.settings.location)}
    groups = await world.arm.list(f"/subscriptions/{world.settings.subscription}/resourceGroups")
    return tuple(text_at(each, "name") for each in groups if text_at(each, "name").lower() in own)


def _node_groups(ids: Ids, location: str) -> Iterator[str]:
    for name in (BLUE, GREEN):
        yield f"mc_{ids.group.name}_{name}_{location}".lower()


def _effects(world: World) -> Effects:
    def tell(progress: Progress) -> None:
        detail = f" ({progress.detail})" if progress.detail else ""
        world.tell(f"{progress.what:<10}  {progress.resource}{detail}")

    return Effects(arm=world.arm, pending=world.pending, on_progress=tell)
