"""The documents of the network part: group, virtual network, subnets, public IP, gateway."""

from collections.abc import Iterator
from typing import cast

from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId
from bascule.platform.desired.ids import Ids
from bascule.platform.desired.model import Kind, Resource, drop_absent
from bascule.spec.azure.network import ApplicationGateway

DEFAULT_CAPACITY = 2
PRIORITY = 20_000
"""The last there is: its listener is for every host, and any rule for one host goes before it."""
POOL, SETTINGS, LISTENER = (
    "appGatewayBackendPool",
    "appGatewayBackendHttpSettings",
    "appGatewayHttpListener",
)
"""The names that Azure's own tools give to what a new gateway is made with."""
_FRONTEND, _PORT, _RULE = "appGatewayFrontendIP", "appGatewayFrontendPort", "rule1"


def build_network_part(ids: Ids) -> Iterator[Resource]:
    """Yield them in the order in which they are made."""
    yield Resource(
        kind=Kind.GROUP,
        id=ids.group,
        document={"location": ids.spec.location, "tags": ids.tags({})},
        kept={"location": ids.spec.location, "tags": dict(ids.spec.tags)},
        reason="holds everything else",
    )
    yield _network(ids)
    for subnet in ids.spec.network.subnets:
        properties: Document = {"properties": {"addressPrefix": subnet.prefix}}
        yield Resource(
            kind=Kind.SUBNET,
            id=ids.subnet(subnet.name),
            document=properties,
            kept=properties,
            needs=(ids.network,),
            parent=ids.network,
            reason="the gateway has it for itself"
            if subnet.name == ids.spec.gateway.subnet
            else "nodes of both clusters get their addresses here",
        )
    yield _public_ip(ids)
    yield _gateway(ids)


def needs_group(ids: Ids, group: str | None) -> tuple[ResourceId, ...]:
    """Return the group that has to be made before; one that is not the platform's exists."""
    own = ids.group_of(group)
    return (own,) if own == ids.group else ()


def _network(ids: Ids) -> Resource:
    spec = ids.spec.network
    space: Document = {"addressPrefixes": list(spec.address_space)}
    subnets = [
        {"name": each.name, "properties": {"addressPrefix": each.prefix}} for each in spec.subnets
    ]
    return Resource(
        kind=Kind.NETWORK,
        id=ids.network,
        document={
            "location": ids.spec.location,
            "tags": ids.tags(spec.tags),
            "properties": {"addressSpace": space, "subnets": subnets},
        },
        kept={
            "location": ids.spec.location,
            "tags": {**ids.spec.tags, **spec.tags},
            "properties": {"addressSpace": space},
        },
        needs=needs_group(ids, spec.resource_group),
        reason="gateway and clusters reach each other in it",
    )


def _public_ip(ids: Ids) -> Resource:
    spec = ids.spec.public_ip
    sku: Document = {"name": "Standard"}
    properties: dict[str, object] = {"publicIPAllocationMethod": "Static"}
    if spec.dns_label is not None:
        properties["dnsSettings"] = {"domainNameLabel": spec.dns_label}
    own: Document = {
        "location": ids.spec.location,
        "sku": sku,
        "properties": properties,
        **_zones(spec.zones),
    }
    return Resource(
        kind=Kind.PUBLIC_IP,
        id=ids.public_ip,
        document={**own, "tags": ids.tags(spec.tags)},
        kept={**own, "tags": {**ids.spec.tags, **spec.tags}},
        needs=needs_group(ids, spec.resource_group),
        reason="the address that users know: it stays through every switch",
    )


def _gateway(ids: Ids) -> Resource:
    spec = ids.spec.gateway
    made = {**_size(spec), **_firewall(spec.waf_policy)}
    own: Document = {
        "location": ids.spec.location,
        **_zones(spec.zones),
        **_identity(spec.identity),
    }
    return Resource(
        kind=Kind.GATEWAY,
        id=ids.gateway,
        document={
            **own,
            "tags": ids.tags(spec.tags),
            "properties": {**drop_absent(made), **_first_rule(ids)},
        },
        kept={
            **own,
            "tags": {**ids.spec.tags, **spec.tags},
            "properties": {**_said_size(spec), **_firewall(spec.waf_policy)},
        },
        needs=(
            *needs_group(ids, spec.resource_group),
            ids.subnet(spec.subnet),
            ids.public_ip,
        ),
        reason="takes the traffic for both clusters",
    )


def _size(spec: ApplicationGateway) -> dict[str, object]:
    sku: dict[str, object] = {"name": spec.sku, "tier": spec.sku}
    if spec.autoscale is not None:
        limits = {"minCapacity": spec.autoscale.min, "maxCapacity": spec.autoscale.max}
        return {"sku": {**sku, "capacity": None}, "autoscaleConfiguration": limits}
    capacity = spec.capacity or DEFAULT_CAPACITY
    return {"sku": {**sku, "capacity": capacity}, "autoscaleConfiguration": None}


def _said_size(spec: ApplicationGateway) -> dict[str, object]:
    """Return the size as far as the file speaks of it: nobody's instances are taken away."""
    size = _size(spec)
    is_scale_said = spec.capacity is not None or spec.autoscale is not None
    sku = cast("Document", size["sku"])
    names = {"name", "tier"} if "sku" in spec.model_fields_set else set()
    names |= {"capacity"} if is_scale_said else set()
    said: dict[str, object] = {"sku": {key: sku[key] for key in sku if key in names}}
    if is_scale_said:
        said["autoscaleConfiguration"] = size["autoscaleConfiguration"]
    return said


def _firewall(policy: str | None) -> Document:
    return {} if policy is None else {"firewallPolicy": {"id": policy}}


def _identity(identity: str | None) -> Document:
    if identity is None:
        return {}
    return {"identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}}


def _zones(zones: tuple[str, ...]) -> Document:
    return {"zones": list(zones)} if zones else {}


def _first_rule(ids: Ids) -> Document:
    """Return the least that Azure makes a gateway with: one listener, an empty pool behind it."""

    def own(kind: str, name: str) -> Document:
        return {"id": str(ids.gateway.child(kind, name))}

    address: Document = {"publicIPAddress": {"id": str(ids.public_ip)}}
    subnet: Document = {"subnet": {"id": str(ids.subnet(ids.spec.gateway.subnet))}}
    listener: Document = {
        "frontendIPConfiguration": own("frontendIPConfigurations", _FRONTEND),
        "frontendPort": own("frontendPorts", _PORT),
        "protocol": "Http",
    }
    rule: Document = {
        "ruleType": "Basic",
        "priority": PRIORITY,
        "httpListener": own("httpListeners", LISTENER),
        "backendAddressPool": own("backendAddressPools", POOL),
        "backendHttpSettings": own("backendHttpSettingsCollection", SETTINGS),
    }
    settings: Document = {
        "port": 80,
        "protocol": "Http",
        "cookieBasedAffinity": "Disabled",
        "requestTimeout": 30,
    }
    return {
        "gatewayIPConfigurations": [_part(_FRONTEND, subnet)],
        "frontendIPConfigurations": [_part(_FRONTEND, address)],
        "frontendPorts": [_part(_PORT, {"port": ids.spec.gateway.port})],
        "backendAddressPools": [_part(POOL, {"backendAddresses": []})],
        "backendHttpSettingsCollection": [_part(SETTINGS, settings)],
        "httpListeners": [_part(LISTENER, listener)],
        "requestRoutingRules": [_part(_RULE, rule)],
    }


def _part(name: str, properties: Document) -> Document:
    return {"name": name, "properties": properties}
