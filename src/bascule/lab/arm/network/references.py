"""References between resources: whether they exist, are ready, and who refers to what."""

from collections.abc import Iterator, Mapping

from bascule.lab.arm.answers import wait_header
from bascule.lab.arm.network.attachments import find_subnet
from bascule.lab.arm.network.documents import SUCCEEDED, UPDATING
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal
from bascule.lab.arm.resources import Document, ResourceStore
from bascule.lab.arm.world import ArmWorld

CLUSTER_TYPE = "Microsoft.ContainerService/managedClusters"


def invalid_reference(target: str, source: str) -> ArmRefusal:
    """Return the refusal of a reference to what is not there."""
    return ArmRefusal(
        400,
        "InvalidResourceReference",
        f"Resource {target} referenced by resource {source} was not found. Please make sure that "
        "the referenced resource exists, and that both resources are in the same region.",
    )


def check_reference(resources: ResourceStore, reference: object, source: str) -> Document:
    """Return what `{"id": ...}` refers to. Raises ArmRefusal when there is nothing."""
    target = str(reference.get("id", "")) if isinstance(reference, Mapping) else ""
    path = parse_path(target)
    is_subnet = path.kind == "microsoft.network/virtualnetworks/subnets"
    found = find_subnet(resources, target) if is_subnet else resources.find(target)
    if not target or found is None:
        raise invalid_reference(target, source)
    return found


def check_ready(world: ArmWorld, target: Document, source: str) -> None:
    """Raise ArmRefusal 429 while what is referred to is being changed."""
    state = target["properties"].get("provisioningState", SUCCEEDED)
    if state != UPDATING:
        return
    network_id = target["id"].rsplit("/", 2)[0]
    operation = world.operations.running_on(target["id"]) or world.operations.running_on(network_id)
    name = operation.name if operation is not None else "unknown"
    wait_s = world.durations.retry_after_s("network", 0)
    raise ArmRefusal(
        429,
        "RetryableError",
        "A retryable error occurred.",
        details=[
            {
                "code": "ReferencedResourceNotProvisioned",
                "message": f"Cannot proceed with operation because resource {target['id']} used by "
                f"resource {source} is not in Succeeded state. Resource is in {state} state and "
                f"the last operation that updated/is updating the resource is {name}.",
            }
        ],
        headers=wait_header(wait_s or 0.0),
    )


def managed_clusters_in(resources: ResourceStore, subnet_id: str) -> Iterator[str]:
    """Yield the ids of clusters that have nodes or pods in a subnet."""
    wanted = subnet_id.lower()
    for cluster in resources.of_type(CLUSTER_TYPE):
        for pool in cluster.get("properties", {}).get("agentPoolProfiles") or ():
            used = (pool.get("vnetSubnetID"), pool.get("podSubnetID"))
            if wanted in {str(each).lower() for each in used if each}:
                yield cluster["id"]
                break


def subnets_that_use(resources: ResourceStore, name: str, target_id: str) -> Iterator[str]:
    """Yield ids of the subnets whose property (`networkSecurityGroup`, ...) is a resource."""
    for network in resources.of_type("Microsoft.Network/virtualNetworks"):
        for subnet in network["properties"].get("subnets") or ():
            reference = subnet["properties"].get(name) or {}
            if str(reference.get("id", "")).lower() == target_id.lower():
                yield subnet["id"]
