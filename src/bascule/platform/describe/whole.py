"""A whole platform in the words of its file: network, public IP, gateway, cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bascule.azure.document import Document, list_at, number_at, object_at, text_at, texts_at
from bascule.azure.resource_id import ResourceId
from bascule.platform.describe.cluster import Written, describe_cluster, drop_empty
from bascule.platform.desired.model import Kind
from bascule.platform.plan.fields import normalise


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found in Azure."""

    group: Document
    network: Document
    public_ip: Document
    gateway: Document
    cluster: Document


def describe_platform(name: str, cloud: str, seen: Seen) -> Written:
    """Return the platform's file as a mapping, in the order in which people read it."""
    group = ResourceId(text_at(seen.group, "id"))
    return {
        "name": name,
        "cloud": cloud,
        "subscription": group.subscription,
        "location": text_at(seen.cluster, "location") or text_at(seen.group, "location"),
        "resourceGroup": group.name,
        "network": _network(seen, group.name),
        "publicIp": drop_empty(
            {
                "name": text_at(seen.public_ip, "name"),
                "resourceGroup": _other_group(seen.public_ip, group.name),
                "zones": list(texts_at(seen.public_ip, "zones")),
                "dnsLabel": text_at(seen.public_ip, "properties", "dnsSettings", "domainNameLabel"),
            }
        ),
        "gateway": _gateway(seen.gateway, group.name),
        "clusters": {"blue": describe_cluster(seen.cluster)},
    }


def find_subnets(gateway: Document, cluster: Document) -> tuple[ResourceId, ...]:
    """Return the subnets of the gateway and of the cluster's pools, each once."""
    found = [
        text_at(each, "properties", "subnet", "id")
        for each in list_at(gateway, "properties", "gatewayIPConfigurations")
    ]
    for pool in list_at(cluster, "properties", "agentPoolProfiles"):
        found += [text_at(pool, "vnetSubnetID"), text_at(pool, "podSubnetID")]
    return tuple(dict.fromkeys(ResourceId(text) for text in found if text))


def find_public_ip(gateway: Document) -> str:
    """Return the id of the gateway's public IP; empty where it has none."""
    frontends = list_at(gateway, "properties", "frontendIPConfigurations")
    found = (text_at(each, "properties", "publicIPAddress", "id") for each in frontends)
    return next((text for text in found if text), "")


def _network(seen: Seen, group: str) -> Written:
    wanted = {subnet.name.lower() for subnet in find_subnets(seen.gateway, seen.cluster)}
    subnets: Sequence[Document] = list_at(seen.network, "properties", "subnets")
    return drop_empty(
        {
            "name": text_at(seen.network, "name"),
            "resourceGroup": _other_group(seen.network, group),
            "addressSpace": list(
                texts_at(seen.network, "properties", "addressSpace", "addressPrefixes")
            ),
            "subnets": [
                {"name": text_at(subnet, "name"), "prefix": _prefix(subnet)}
                for subnet in subnets
                if text_at(subnet, "name").lower() in wanted
            ],
        }
    )


def _prefix(subnet: Document) -> str:
    return text_at(normalise(Kind.SUBNET, subnet), "properties", "addressPrefix")


def _gateway(gateway: Document, group: str) -> Written:
    sku = object_at(gateway, "properties", "sku")
    scale = object_at(gateway, "properties", "autoscaleConfiguration")
    limits: Mapping[str, object] = {
        "min": number_at(scale, "minCapacity") or 0,
        "max": number_at(scale, "maxCapacity") or 10,
    }
    subnets = [
        ResourceId(text_at(each, "properties", "subnet", "id"))
        for each in list_at(gateway, "properties", "gatewayIPConfigurations")
    ]
    return drop_empty(
        {
            "name": text_at(gateway, "name"),
            "resourceGroup": _other_group(gateway, group),
            "sku": text_at(sku, "name"),
            "subnet": subnets[0].name if subnets else "",
            "capacity": None if scale else number_at(sku, "capacity"),
            "autoscale": limits if scale else None,
            "zones": list(texts_at(gateway, "zones")),
            "identity": next(iter(object_at(gateway, "identity", "userAssignedIdentities")), None),
            "wafPolicy": text_at(gateway, "properties", "firewallPolicy", "id"),
        }
    )


def _other_group(document: Document, group: str) -> str | None:
    found = ResourceId(text_at(document, "id")).group
    return found if found.lower() != group.lower() else None
