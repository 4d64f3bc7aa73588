"""From a managed cluster's document and record to what its lab cluster is to be. Pure."""

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from bascule.lab.arm.containers.access import build_sign_in
from bascule.lab.arm.containers.blocks import Block, first_and_last
from bascule.lab.arm.containers.clusters import is_overlay
from bascule.lab.arm.containers.machines import Record, machine_name, scale_set_name
from bascule.lab.arm.machine_sizes import find_size
from bascule.lab.arm.resources import Document
from bascule.lab.cluster_plan import AddressPlan, ClusterPlan, NodePlan, PoolPlan

REACHABLE: Final = "127"
HIDDEN: Final = ""
"""Nobody outside the cluster reaches such addresses: they are bound wherever there is room."""


def block_of(record: Record) -> Block:
    """Return the addresses that a cluster has in its subnet."""
    return Block(network=ipaddress.IPv4Network(record["block"]))


def build_plan(document: Document, record: Record, key: dict[str, str]) -> ClusterPlan:
    """Return what the cluster behind a document is to be; `key` is that of the lab's sign-in."""
    block = block_of(record)
    properties = document["properties"]
    profiles = properties["agentPoolProfiles"]
    is_joined = any(profile.get("vnetSubnetID") for profile in profiles)
    nearby = REACHABLE if is_joined else HIDDEN
    return ClusterPlan(
        version=properties["currentKubernetesVersion"],
        region=document["location"],
        pods=_pods(document, block, nearby),
        balancers=_range(block.balancers, nearby),
        services=properties["networkProfile"]["serviceCidr"],
        pools=tuple(_pool(document, record, profile) for profile in profiles),
        sign_in=build_sign_in(document, key),
        issuer=str(properties["oidcIssuerProfile"].get("issuerURL", "")),
        generation=record["generation"],
    )


def scale_set_id(document: Document, pool: str, cluster_hash: str) -> str:
    """Return the id of the machines of a pool."""
    subscription = document["id"].split("/")[2]
    group = document["properties"]["nodeResourceGroup"]
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/"
        f"virtualMachineScaleSets/{scale_set_name(pool, cluster_hash)}"
    )


def _pods(document: Document, block: Block, nearby: str) -> AddressPlan:
    if is_overlay(document):
        cidr = document["properties"]["networkProfile"]["podCidr"]
        return _range(first_and_last(cidr), HIDDEN)
    return _range(block.pods, nearby)


def _range(ends: tuple[str, str], bound_to: str) -> AddressPlan:
    return AddressPlan(first=ends[0], last=ends[1], bound_to=bound_to)


def _pool(document: Document, record: Record, profile: Mapping[str, Any]) -> PoolPlan:
    size = find_size(profile["vmSize"])
    machines = record["pools"][profile["name"]]
    spare = machines.get("spare")
    return PoolPlan(
        name=profile["name"],
        version=profile["currentOrchestratorVersion"],
        nodes=tuple(_node(document, record, profile, each) for each in machines["machines"]),
        spare=_node(document, record, profile, spare) if spare else None,
        labels=_labels(document, profile),
        taints=tuple(profile.get("nodeTaints") or ()),
        machine=profile["vmSize"],
        cpu=str(size.cores if size else 2),
        memory=f"{size.memory_gb if size else 8:g}Gi",
        pods=int(profile["maxPods"]),
    )


def _node(
    document: Document, record: Record, profile: Mapping[str, Any], machine: Mapping[str, int]
) -> NodePlan:
    pool, instance = profile["name"], machine["instance"]
    zones = profile.get("availabilityZones") or ()
    zone = f"{document['location']}-{zones[instance % len(zones)]}" if zones else "0"
    scale_set = scale_set_id(document, pool, record["hash"]).replace(
        document["properties"]["nodeResourceGroup"],
        document["properties"]["nodeResourceGroup"].lower(),
    )
    return NodePlan(
        name=machine_name(pool, record["hash"], instance),
        address=block_of(record).node(machine["offset"]),
        zone=zone,
        provider_id=f"azure://{scale_set}/virtualMachines/{instance}",
    )


def _labels(document: Document, profile: Mapping[str, Any]) -> dict[str, str]:
    mode = str(profile["mode"]).lower()
    return {
        "agentpool": profile["name"],
        "kubernetes.azure.com/agentpool": profile["name"],
        "kubernetes.azure.com/cluster": document["properties"]["nodeResourceGroup"],
        "kubernetes.azure.com/mode": mode,
        "kubernetes.azure.com/node-image-version": profile["nodeImageVersion"],
        "kubernetes.azure.com/os-sku": profile["osSKU"],
        "kubernetes.azure.com/role": "agent",
        "kubernetes.azure.com/storageprofile": "managed",
        **({"kubernetes.azure.com/podnetwork-type": "overlay"} if is_overlay(document) else {}),
        **(profile.get("nodeLabels") or {}),
    }
