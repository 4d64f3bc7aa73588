"""What a gateway needs around it: its subnet, its public IPs, the security group on its subnet."""

from collections.abc import Iterator, Mapping
from typing import Any

from bascule.lab.arm.network.attachments import GATEWAY_CONFIGURATIONS, IP_CONFIGURATIONS, USES
from bascule.lab.arm.network.attachments import attach as attach_to_subnet
from bascule.lab.arm.network.attachments import detach as detach_from_subnet
from bascule.lab.arm.network.gateways.children import GATEWAY_TYPE, Child, children
from bascule.lab.arm.network.references import (
    check_ready,
    check_reference,
    invalid_reference,
    managed_clusters_in,
)
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

MANAGEMENT_PORTS = (65_200, 65_535)
"""Azure's own health traffic to a gateway's instances."""

_MANAGEMENT_SOURCES = {"*", "any", "internet", "gatewaymanager", "0.0.0.0/0"}


def check_surroundings(world: ArmWorld, document: Document) -> None:
    """Raise ArmRefusal unless what the gateway stands on exists, is ready, and is free for it."""
    for part in children(document):
        if part.collection == "gatewayIPConfigurations":
            _check_subnet(world, document, part)
        elif part.collection == "frontendIPConfigurations":
            _check_frontend(world, document, part)
    policy = document["properties"].get("firewallPolicy")
    if policy is not None:
        check_reference(world.resources, policy, document["id"])


def frontend_addresses(world: ArmWorld, document: Document) -> Mapping[str, str]:
    """Return the literal address of each frontend, by its name; those without one are left out."""
    found: dict[str, str] = {}
    for part in _frontends(document):
        public = _public_ip(world, part)
        address = (
            public["properties"].get("ipAddress")
            if public is not None
            else part.properties.get("privateIPAddress")
        )
        if address:
            found[part.body["name"]] = str(address)
    return found


def attach(world: ArmWorld, document: Document, previous: Document | None) -> None:
    """Write the back references of a gateway into its subnets and public IPs."""
    detach(world, previous or document)
    for part in children(document):
        if part.collection == "gatewayIPConfigurations":
            subnet_id = part.properties["subnet"]["id"]
            attach_to_subnet(world.resources, subnet_id, [part.id], use=GATEWAY_CONFIGURATIONS)
    for part in _frontends(document):
        public = _public_ip(world, part)
        if public is not None:
            public["properties"]["ipConfiguration"] = {"id": part.id}
            world.resources.put(public)
        subnet = part.properties.get("subnet")
        if subnet is not None:
            attach_to_subnet(world.resources, subnet["id"], [part.id], use=IP_CONFIGURATIONS)


def detach(world: ArmWorld, document: Document) -> None:
    """Take the back references of a gateway out of its subnets and public IPs."""
    for part in children(document):
        subnet = part.properties.get("subnet")
        if subnet is not None:
            detach_from_subnet(world.resources, subnet["id"], document["id"])
    for part in _frontends(document):
        public = _public_ip(world, part)
        if public is not None and _owner(public).lower() == document["id"].lower():
            del public["properties"]["ipConfiguration"]
            world.resources.put(public)


def _frontends(document: Document) -> Iterator[Child]:
    return (part for part in children(document) if part.collection == "frontendIPConfigurations")


def _public_ip(world: ArmWorld, part: Child) -> Document | None:
    reference = part.properties.get("publicIPAddress")
    return world.resources.find(str(reference.get("id", ""))) if reference else None


def _owner(public: Document) -> str:
    user = str(public["properties"].get("ipConfiguration", {}).get("id", ""))
    return user.rsplit("/", 2)[0]


def _check_subnet(world: ArmWorld, document: Document, part: Child) -> None:
    subnet = check_reference(world.resources, part.properties.get("subnet"), part.id)
    network = world.resources.find(subnet["id"].rsplit("/", 2)[0])
    if network is None or network["location"] != document["location"]:
        raise invalid_reference(subnet["id"], part.id)
    check_ready(world, subnet, document["id"])
    others = [
        each["id"]
        for use in USES
        for each in subnet["properties"].get(use) or ()
        if f"/{GATEWAY_TYPE}/".lower() not in each["id"].lower()
    ]
    if others or any(managed_clusters_in(world.resources, subnet["id"])):
        raise ArmRefusal(
            400,
            "ApplicationGatewaySubnetCannotHaveOtherResources",
            f"Subnet {subnet['id']} cannot be used for application gateway {document['id']} since "
            "it has other resources deployed. Subnet used for application gateway can only have "
            "other application gateways.",
        )
    for delegation in subnet["properties"].get("delegations") or ():
        service = str(delegation.get("properties", {}).get("serviceName", ""))
        if service.lower() != GATEWAY_TYPE.lower():
            raise ArmRefusal(
                400,
                "ApplicationGatewaySubnetDelegatedToAnotherService",
                f"Subnet {subnet['id']} cannot be used for application gateway {document['id']} "
                f"since it is delegated to {service}.",
            )
    _check_security_group(world, subnet)


def _check_security_group(world: ArmWorld, subnet: Document) -> None:
    reference = subnet["properties"].get("networkSecurityGroup")
    group = world.resources.find(reference["id"]) if reference else None
    if group is None:
        return
    rules = sorted(
        (each["properties"] for each in group["properties"].get("securityRules") or ()),
        key=lambda rule: int(rule.get("priority", 0)),
    )
    for rule in rules:
        if rule.get("direction") == "Inbound" and _concerns_management(rule):
            if rule.get("access") == "Allow":
                return
            break
    first, last = MANAGEMENT_PORTS
    raise ArmRefusal(
        400,
        "ApplicationGatewaySubnetInboundTrafficBlockedByNetworkSecurityGroup",
        f"Network security group {group['id']} blocks incoming internet traffic on ports {first} "
        f"- {last} to subnet {subnet['id']}, associated with Application Gateway. This is not "
        "permitted for Application Gateways that have V2 Sku.",
    )


def _concerns_management(rule: Mapping[str, Any]) -> bool:
    protocol = str(rule.get("protocol", "*")).lower()
    sources = {str(rule.get("sourceAddressPrefix", "")).lower()}
    sources |= {str(each).lower() for each in rule.get("sourceAddressPrefixes") or ()}
    ranges = [rule.get("destinationPortRange"), *(rule.get("destinationPortRanges") or ())]
    covers = any(_covers(str(each)) for each in ranges if each)
    return protocol in {"*", "tcp"} and bool(sources & _MANAGEMENT_SOURCES) and covers


def _covers(ports: str) -> bool:
    if ports == "*":
        return True
    first, _, last = ports.partition("-")
    if not first.isdigit() or not last.isdigit():
        return False
    return int(first) <= MANAGEMENT_PORTS[0] and int(last) >= MANAGEMENT_PORTS[1]


def _check_frontend(world: ArmWorld, document: Document, part: Child) -> None:
    reference = part.properties.get("publicIPAddress")
    if reference is None:
        check_reference(world.resources, part.properties.get("subnet"), part.id)
        return
    public = check_reference(world.resources, reference, part.id)
    if public["location"] != document["location"]:
        raise invalid_reference(public["id"], part.id)
    check_ready(world, public, document["id"])
    owner = _owner(public)
    if owner and owner.lower() != document["id"].lower():
        raise ArmRefusal(
            400,
            "PublicIPAddressInUse",
            f"Resource {part.id} is referencing public IP address {public['id']} that is already "
            f"allocated to resource {public['properties']['ipConfiguration']['id']}.",
        )
    if parse_path(public["id"]).kind != "microsoft.network/publicipaddresses":
        raise invalid_reference(public["id"], part.id)
