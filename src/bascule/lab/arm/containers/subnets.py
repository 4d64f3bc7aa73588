"""Finds the subnet that a pool names, and room for a cluster in it."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bascule.lab.arm.containers.blocks import RESERVED, Block, Network, choose_block
from bascule.lab.arm.containers.ranges import OWN_SUBNET, addresses_of
from bascule.lab.arm.network.attachments import find_subnet
from bascule.lab.arm.requests import ArmRefusal
from bascule.lab.arm.resources import Document, ResourceStore

CLUSTERS: Final = "Microsoft.ContainerService/managedClusters"


def find_range(resources: ResourceStore, subnet_id: str) -> Network:
    """Return a subnet's range. Raises ArmRefusal 400 if there is no such subnet."""
    document = find_subnet(resources, subnet_id)
    properties: Mapping[str, Any] = (document or {}).get("properties") or {}
    prefix = properties.get("addressPrefix") or next(
        iter(properties.get("addressPrefixes") or ()), None
    )
    if prefix is None:
        raise ArmRefusal(
            400,
            "InvalidResourceReference",
            f"Resource {subnet_id} referenced by the agent pool was not found. Please make sure "
            "that the referenced resource exists, and that both resources are in the same region.",
            is_bare=True,
        )
    return ipaddress.IPv4Network(prefix)


def take_block(resources: ResourceStore, document: Document) -> Block:
    """Return addresses for a new cluster. Raises ArmRefusal 400 if its subnet is full."""
    subnet_id = _subnet_of(document)
    subnet = find_range(resources, subnet_id) if subnet_id else ipaddress.IPv4Network(OWN_SUBNET)
    taken = _taken(resources) if subnet_id else ()
    block = choose_block(subnet, taken)
    if block is None:
        raise _insufficient(document, subnet, 0)
    return block


def check_room(resources: ResourceStore, document: Document) -> None:
    """Raise ArmRefusal 400 if the pools of all clusters need more addresses than a subnet has."""
    for subnet_id in {_subnet(profile) for profile in _profiles(document)} - {""}:
        subnet = find_range(resources, subnet_id)
        _check_services(document, subnet)
        others = (
            _needed(other, subnet_id)
            for other in resources.of_type(CLUSTERS)
            if other["id"].lower() != document["id"].lower()
        )
        free = subnet.num_addresses - RESERVED - sum(others)
        if _needed(document, subnet_id) > free:
            raise _insufficient(document, subnet, free)


def _check_services(document: Document, subnet: Network) -> None:
    services = document["properties"]["networkProfile"]["serviceCidr"]
    if ipaddress.IPv4Network(services).overlaps(subnet):
        raise ArmRefusal(
            400,
            "ServiceCidrOverlapExistingSubnetsCidr",
            f"The specified service CIDR {services} is conflicted with an existing subnet CIDR "
            f"{subnet}. Please see https://aka.ms/aks/servicecidroverlap for how to fix the error.",
            target="networkProfile.serviceCIDR",
            is_bare=True,
        )


def _needed(document: Document, subnet_id: str) -> int:
    return sum(
        _machines(profile) * addresses_of(document, profile)
        for profile in _profiles(document)
        if _subnet(profile).lower() == subnet_id.lower()
    )


def _machines(profile: Mapping[str, Any]) -> int:
    """Return how many there may be: of a pool that scales itself its maximum counts."""
    return int(profile.get("maxCount") or profile["count"])


def _insufficient(document: Document, subnet: Network, free: int) -> ArmRefusal:
    needed = sum(
        _needed(document, subnet_id)
        for subnet_id in {_subnet(profile) for profile in _profiles(document)}
    )
    return ArmRefusal(
        400,
        "InsufficientSubnetSize",
        f"Pre-allocated IPs {needed} exceeds IPs available {max(free, 0)} in Subnet Cidr {subnet}. "
        "If Autoscaler is enabled, the max-count from each nodepool is counted towards this total "
        "(which means that pre-allocated IPs count represents a theoretical max value, not the "
        "actual number of IPs requested). http://aka.ms/aks/insufficientsubnetsize",
        target="networkProfile",
        is_bare=True,
    )


def _taken(resources: ResourceStore) -> Iterable[Network]:
    for record in resources.of_type("Lab/clusters"):
        yield ipaddress.IPv4Network(record["block"])


def _subnet_of(document: Document) -> str:
    return next((subnet for profile in _profiles(document) if (subnet := _subnet(profile))), "")


def _subnet(profile: Mapping[str, Any]) -> str:
    return str(profile.get("vnetSubnetID") or "")


def _profiles(document: Document) -> list[dict[str, Any]]:
    profiles: list[dict[str, Any]] = document["properties"]["agentPoolProfiles"]
    return profiles
