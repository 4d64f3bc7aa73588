"""All that a platform should consist of, in the order in which it is made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bascule.azure.document import (
    Document,
    list_at,
    object_at,
    text_at,
    with_value,
    without,
)
from bascule.azure.resource_id import ResourceId
from bascule.platform.desired.access import build_controller, build_subnet_grants
from bascule.platform.desired.cluster import build_blue
from bascule.platform.desired.ids import Ids
from bascule.platform.desired.model import Kind, Resource
from bascule.platform.desired.network import build_network_part
from bascule.platform.green.derive import derive_green
from bascule.platform.green.grants import build_green_grants
from bascule.platform.green.model import BlueFacts, Derived
from bascule.platform.green.upgrades import PROFILE, RETIRE_TAG, find_noted
from bascule.platform.plan.diff import overlay
from bascule.spec.azure.cluster import GreenCluster, PoolChange

WINDOWS = "maintenanceConfigurations"
_SAID_OF_POOLS = {
    "mode": "mode",
    "vm_size": "vmSize",
    "count": "count",
    "autoscale": "enableAutoScaling",
    "zones": "availabilityZones",
    "max_pods": "maxPods",
    "os_sku": "osSKU",
    "labels": "nodeLabels",
    "taints": "nodeTaints",
    "subnet": "vnetSubnetID",
    "pod_subnet": "podSubnetID",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What should exist; `derived` says how green came from blue, if there is a green."""

    resources: tuple[Resource, ...]
    derived: Derived | None = None
    retired: tuple[Resource, ...] = ()
    """Blue and what was made for it, once it is gone and green is there: not made again."""


def build_desired(
    ids: Ids,
    facts: BlueFacts | None,
    *,
    ssh_public_key: str = "",
    survivor: Document | None = None,
) -> Desired:
    """Return what the platform of `ids` should consist of.

    `facts` is what is known of blue as it is; without them green is made like blue's spec.
    `survivor` is green as it is, once blue is gone.
    """
    spec = ids.spec
    blue = tuple(build_blue(ids, ssh_public_key=ssh_public_key))
    resources = [*build_network_part(ids), *blue]
    derived = None
    if spec.clusters.blue.identity is None:
        resources += build_subnet_grants(
            ids, spec.clusters.blue.name, _subnets_of(ids, blue[0].document)
        )
    if spec.clusters.green is not None:
        known = _as_wanted(blue[0], facts)
        derived = _derive(ids, spec.clusters.green, known)
        if survivor is not None:
            derived = _alone(derived, survivor)
        resources += _green(ids, spec.clusters.green, derived)
        resources += derived.grants
        resources += _windows(ids.cluster(spec.clusters.green.name), known)
    if spec.controller is not None:
        names = [spec.clusters.blue.name]
        names += [spec.clusters.green.name] if spec.clusters.green is not None else []
        resources += build_controller(ids, spec.controller, names)
    found = _without_doubles(resources)
    retired = () if survivor is None else _made_for(ids.cluster(spec.clusters.blue.name), found)
    left = [each for each in found if each not in retired]
    ordered = tuple(_one_after_another(left))
    return Desired(resources=ordered, derived=derived, retired=retired)


def _derive(ids: Ids, green: GreenCluster, facts: BlueFacts) -> Derived:
    controller = ids.spec.controller
    own = None
    if controller is not None:
        own = ids.identity(controller.identity, controller.resource_group)
    derived = derive_green(ids, green, facts)
    grants, left_out = build_green_grants(ids, facts, controller=own)
    return replace(derived, grants=grants, findings=(*derived.findings, *left_out))


def _alone(derived: Derived, green: Document) -> Derived:
    """Return what is kept of a green without a blue: what was switched off for it is on again."""
    said = without(derived.said, PROFILE)
    noted = find_noted(green)
    if noted:
        said = with_value(with_value(said, PROFILE, noted), ("tags", RETIRE_TAG), None)
    return replace(derived, said=said)


def _made_for(cluster: ResourceId, resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """Return a cluster, what lies in it, and what cannot be without it."""
    return tuple(each for each in resources if cluster.contains(each.id) or cluster in each.needs)


def _green(ids: Ids, green: GreenCluster, derived: Derived) -> Iterator[Resource]:
    cluster = ids.cluster(green.name)
    pools = list_at(derived.document, "properties", "agentPoolProfiles")
    subnets = _subnets_of(ids, derived.document)
    yield Resource(
        kind=Kind.CLUSTER,
        id=cluster,
        document=derived.document,
        kept={
            **derived.said,
            "tags": {**ids.spec.tags, **green.tags, **object_at(derived.said, "tags")},
        },
        needs=(ids.group, *subnets),
        reason=f"the new cluster, in the likeness of {ids.spec.clusters.blue.name}",
    )
    said = {change.name: change for change in green.pools if not change.remove}
    for pool in pools:
        change = said.get(text_at(pool, "name"))
        if change is not None:
            yield _green_pool(cluster, pool, change)
    if text_at(derived.document, "identity", "type").lower().startswith("system"):
        yield from build_subnet_grants(ids, green.name, subnets)


def _windows(green: ResourceId, facts: BlueFacts) -> Iterator[Resource]:
    """Yield blue's maintenance windows for green: nothing happens in them before retire."""
    for window in facts.windows:
        yield Resource(
            kind=Kind.WINDOW,
            id=green.child(WINDOWS, text_at(window, "name")),
            document={"properties": object_at(window, "properties")},
            needs=(green,),
            title=f"{text_at(window, 'name')} of {green.name}",
            reason=f"{facts.cluster.get('name')} has it; upgrades by Azure stay off until retire",
        )


def _green_pool(cluster: ResourceId, pool: Document, change: PoolChange) -> Resource:
    """Return a pool of which the spec says something: that much of it is kept."""
    fields = {_SAID_OF_POOLS[name] for name in change.model_fields_set & {*_SAID_OF_POOLS}}
    if change.autoscale is not None:
        fields |= {"minCount", "maxCount"}
    properties = {key: value for key, value in pool.items() if key != "name"}
    return Resource(
        kind=Kind.POOL,
        id=cluster.child("agentPools", change.name),
        document={"properties": properties},
        kept={"properties": {key: properties[key] for key in sorted(fields & {*properties})}},
        needs=(cluster,),
        parent=cluster,
        title=f"{change.name} of {cluster.name}",
        reason="the spec says something of it",
    )


def _subnets_of(ids: Ids, cluster: Document) -> tuple[ResourceId, ...]:
    """Return the subnets of the platform's network that a cluster's pools are in."""
    found = {
        text_at(pool, key)
        for pool in list_at(cluster, "properties", "agentPoolProfiles")
        for key in ("vnetSubnetID", "podSubnetID")
    }
    wanted = {ResourceId(text) for text in found if text}
    known = (ids.subnet(subnet.name) for subnet in ids.spec.network.subnets)
    return tuple(subnet for subnet in known if subnet in wanted)


def _as_wanted(blue: Resource, facts: BlueFacts | None) -> BlueFacts:
    """Return what will be known of blue once it is as the spec says; its upgrades as they are."""
    if facts is None:
        return BlueFacts(cluster={**blue.document, "name": blue.id.name})
    wanted = without(blue.kept, ("properties", "autoUpgradeProfile"))
    return replace(facts, cluster=overlay(facts.cluster, wanted))


def _without_doubles(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """Leave out what an earlier one makes already: two reasons may lead to one role assignment."""
    found: dict[str, Resource] = {}
    for resource in resources:
        found.setdefault(resource.id.key, resource)
    return tuple(found.values())


def _one_after_another(resources: Sequence[Resource]) -> Iterator[Resource]:
    """Let each federated credential of an identity wait for the one before it, as Azure wants."""
    before: dict[str, ResourceId] = {}
    for resource in resources:
        parent = resource.id.parent
        if resource.kind is not Kind.CREDENTIAL or parent is None:
            yield resource
            continue
        earlier = before.get(parent.key)
        before[parent.key] = resource.id
        more = () if earlier is None else (earlier,)
        yield replace(resource, needs=(*resource.needs, *more))
