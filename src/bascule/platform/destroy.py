"""Removes what a platform made: looks, stops, deletes, looks again.

It may be ended at any moment: the next run goes on with what is left.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from bascule.azure.document import Document, object_at, text_at
from bascule.azure.resource_id import ResourceId, group_id, subscription_id
from bascule.platform.desired.ids import Ids, has_owner
from bascule.platform.desired.model import Kind
from bascule.platform.effects import Effects, Turns
from bascule.platform.order import join_errors, run_in_order
from bascule.platform.plan.gathering import Desired
from bascule.platform.plan.planner import Existing
from bascule.platform.plan.step import is_busy, is_stopped
from bascule.platform.plan.unmaking import RANK, Fate, Found, Removal, UnmakingPlan
from bascule.platform.ports import Arm

_ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"


async def fetch_found(arm: Arm, ids: Ids, desired: Desired, existing: Existing) -> Found:
    """Return what there is to remove in the groups that the platform names."""
    groups: dict[str, Document] = {}
    resources: list[Document] = []
    for name in _group_names(ids):
        group = group_id(ids.subscription, name)
        found = await arm.get(group)
        if found is not None:
            groups[group.key] = {**found, "id": str(group)}
            resources += await arm.list(f"{group}/resources")
    of_type = {kind: _of_type(resources, kind) for kind in RANK}
    clusters = await _read(arm, of_type["microsoft.containerservice/managedclusters"])
    gateways = await _read(arm, of_type["microsoft.network/applicationgateways"])
    root = subscription_id(ids.subscription)
    return Found(
        resources=tuple(resources),
        groups=groups,
        gateways=gateways,
        clusters=clusters,
        assignments=await arm.list(f"{root}/{_ASSIGNMENTS}"),
        credentials=_foreign_credentials(ids, desired, existing, resources),
        ranges={
            key: text_at(document, "properties", "addressPrefix")
            for key, document in existing.documents.items()
            if "/subnets/" in key
        },
    )


async def remove_resources(effects: Effects, plan: UnmakingPlan) -> tuple[str, ...]:
    """Remove what the plan says, and return the names of what is gone."""
    gone = [removal for removal in plan.removals if removal.fate is Fate.REMOVE]
    await remove_all(effects, gone)
    return tuple(removal.name for removal in gone)


async def remove_all(effects: Effects, gone: Sequence[Removal]) -> None:
    """Remove resources, each after what uses it; what is gone already is passed over.

    Raises the first error of those that went wrong, once all that does not need it is done.
    """
    removals = {removal.id.key: removal for removal in gone}

    async def work(key: str) -> None:
        await _remove(effects, removals[key])

    failed = await run_in_order(list(removals), _needs(removals), work)
    if failed:
        raise join_errors(list(failed.values()))


def _needs(removals: Mapping[str, Removal]) -> dict[str, list[str]]:
    """Let each rank wait for the one before it."""
    ranks: dict[int, list[str]] = {}
    for key, removal in removals.items():
        ranks.setdefault(RANK[removal.id.type.lower()][0], []).append(key)
    ordered = [ranks[rank] for rank in sorted(ranks)]
    return {key: before for before, after in pairwise(ordered) for key in after}


async def _remove(effects: Effects, removal: Removal) -> None:
    """Look and act until the resource is gone."""
    arm, key = effects.arm, removal.id
    turns = Turns(effects=effects, resource=key, name=removal.name)
    await turns.resume()
    while turns.are_left:
        found = await arm.get(key)
        if found is None:
            turns.tell("gone")
            return
        turns.require_progress("there")
        if is_busy(found):
            await turns.wait_for(found)
        elif removal.kind is Kind.CLUSTER and not is_stopped(found):
            turns.tell("stopping")
            await turns.write("stopping", lambda: arm.post(key, "stop"))
        else:
            turns.tell("deleting")
            await turns.write("deleting", lambda: arm.delete(key))
    raise turns.give_up("gone")


def _group_names(ids: Ids) -> tuple[str, ...]:
    """Return the groups that the spec names, the platform's own first."""
    spec = ids.spec
    parts = (spec.network, spec.public_ip, spec.gateway, spec.controller)
    named = [part.resource_group for part in parts if part is not None]
    found = {name.lower(): name for name in (spec.resource_group, *(n for n in named if n))}
    return tuple(found.values())


def _of_type(resources: Sequence[Document], kind: str) -> tuple[ResourceId, ...]:
    ids = (ResourceId(text_at(each, "id")) for each in resources)
    return tuple(each for each in ids if each.type.lower() == kind)


async def _read(arm: Arm, resources: Sequence[ResourceId]) -> dict[str, Document]:
    found = {each.key: await arm.get(each) for each in resources}
    return {key: document for key, document in found.items() if document is not None}


def _foreign_credentials(
    ids: Ids, desired: Desired, existing: Existing, listed: Sequence[Document]
) -> tuple[Document, ...]:
    """Return the credentials of ours in identities that stay: those go with nothing else."""
    own = {
        ResourceId(text_at(each, "id")).key
        for each in listed
        if has_owner(object_at(each, "tags"), ids.spec.name)
    }
    found = []
    for resource in desired.resources:
        document = existing.documents.get(resource.id.key)
        parent = resource.id.parent
        is_ours = document is not None and ResourceId(text_at(document, "id")) == resource.id
        if resource.kind is Kind.CREDENTIAL and is_ours and parent and parent.key not in own:
            found.append({"id": str(resource.id)})
    return tuple(found)
