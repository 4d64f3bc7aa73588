from typing import Any

import pytest

from bascule.lab.arm.network.attachments import attach
from tests.support.arm_network import (
    CLUSTER_SUBNET,
    GATEWAY,
    GATEWAY_SUBNET,
    NET,
    PUBLIC_IP,
    error_codes,
    gateway_body,
    network_lab,
    public_ip_body,
    subnet_body,
)
from tests.support.arm_world import LOCATION, RG

GROUP = f"{NET}/networkSecurityGroups/group"


def security_group(*rules: dict[str, Any]) -> dict[str, Any]:
    return {
        "location": LOCATION,
        "properties": {
            "securityRules": [
                {"name": f"r{number}", "properties": {"priority": 100 + number, **each}}
                for number, each in enumerate(rules)
            ]
        },
    }


def inbound(access: str, ports: str, source: str = "GatewayManager") -> dict[str, Any]:
    return {
        "direction": "Inbound",
        "access": access,
        "protocol": "Tcp",
        "sourceAddressPrefix": source,
        "destinationPortRange": ports,
    }


def with_subnet(subnet_id: str) -> dict[str, Any]:
    part = {"name": "subnet", "properties": {"subnet": {"id": subnet_id}}}
    return gateway_body(gatewayIPConfigurations=[part])


async def test_the_subnet_and_the_public_ip_must_exist_in_the_same_region() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        elsewhere = f"{NET}/publicIPAddresses/elsewhere"
        await lab.done("PUT", elsewhere, public_ip_body() | {"location": "chinaeast2"})
        frontends = [
            {"name": "public", "properties": {"publicIPAddress": {"id": each}}}
            for each in (f"{PUBLIC_IP}2", elsewhere)
        ]

        replies = [
            await lab.ask("PUT", GATEWAY, with_subnet(f"{GATEWAY_SUBNET}2")),
            await lab.ask("PUT", GATEWAY, gateway_body() | {"location": "chinaeast2"}),
            *[
                await lab.ask("PUT", GATEWAY, gateway_body(frontendIPConfigurations=[each]))
                for each in frontends
            ],
        ]

        assert [error_codes(each) for each in replies] == [("InvalidResourceReference",)] * 4


async def test_a_subnet_that_anything_else_uses_is_refused() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        nic = f"{RG}/providers/Microsoft.Network/networkInterfaces/n/ipConfigurations/i"
        attach(lab.world.resources, GATEWAY_SUBNET, [nic])

        reply = await lab.ask("PUT", GATEWAY, gateway_body())

        assert error_codes(reply) == ("ApplicationGatewaySubnetCannotHaveOtherResources",)


async def test_a_subnet_of_a_cluster_is_refused_and_cannot_be_deleted() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        lab.world.resources.put(
            {
                "id": f"{RG}/providers/Microsoft.ContainerService/managedClusters/old",
                "type": "Microsoft.ContainerService/ManagedClusters",
                "properties": {"agentPoolProfiles": [{"vnetSubnetID": CLUSTER_SUBNET.upper()}]},
            }
        )

        gateway = await lab.ask("PUT", GATEWAY, with_subnet(CLUSTER_SUBNET))
        deletion = await lab.ask("DELETE", CLUSTER_SUBNET)

        assert error_codes(gateway) == ("ApplicationGatewaySubnetCannotHaveOtherResources",)
        assert error_codes(deletion) == ("InUseSubnetCannotBeDeleted",)


async def test_two_gateways_share_a_subnet_but_no_public_ip() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await lab.done("PUT", GATEWAY, gateway_body())
        body = gateway_body()
        text = {"properties": body["properties"], "location": LOCATION}
        other = _renamed(text, "AppGateway", "Second")

        reply = await lab.ask("PUT", f"{NET}/applicationGateways/Second", other)
        assert error_codes(reply) == ("PublicIPAddressInUse",)

        await lab.done("PUT", f"{NET}/publicIPAddresses/SecondIp", public_ip_body())
        other["properties"]["frontendIPConfigurations"][0]["properties"]["publicIPAddress"] = {
            "id": f"{NET}/publicIPAddresses/SecondIp"
        }
        reply = await lab.ask("PUT", f"{NET}/applicationGateways/Second", other)
        assert reply.status == 201


@pytest.mark.parametrize(
    ("service", "status"),
    [
        ("Microsoft.Network/applicationGateways", 201),
        ("Microsoft.ContainerInstance/containerGroups", 400),
    ],
)
async def test_a_subnet_is_delegated_to_gateways_or_to_nobody(service: str, status: int) -> None:
    async with network_lab() as lab:
        await lab.make_article()
        body = subnet_body("10.1.0.0/16")
        body["properties"]["delegations"] = [{"name": "d", "properties": {"serviceName": service}}]
        await lab.done("PUT", GATEWAY_SUBNET, body)

        reply = await lab.ask("PUT", GATEWAY, gateway_body())

        assert reply.status == status


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([], 400),
        ([inbound("Allow", "80")], 400),
        ([inbound("Allow", "65200-65535")], 201),
        ([inbound("Allow", "*", "*")], 201),
        ([inbound("Deny", "*", "Internet"), inbound("Allow", "65200-65535")], 400),
        ([inbound("Allow", "65200-65535", "10.0.0.0/8")], 400),
    ],
)
async def test_a_security_group_lets_azures_own_traffic_in(
    rules: list[dict[str, Any]], status: int
) -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await lab.done("PUT", GROUP, security_group(*rules))
        body = subnet_body("10.1.0.0/16")
        body["properties"]["networkSecurityGroup"] = {"id": GROUP}
        await lab.done("PUT", GATEWAY_SUBNET, body)

        reply = await lab.ask("PUT", GATEWAY, gateway_body())

        assert reply.status == status, reply.body


async def test_a_private_frontend_takes_an_address_of_its_subnet() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        private = {
            "name": "private",
            "properties": {
                "subnet": {"id": GATEWAY_SUBNET},
                "privateIPAddress": "10.1.0.10",
                "privateIPAllocationMethod": "Static",
            },
        }
        public = gateway_body()["properties"]["frontendIPConfigurations"][0]

        await lab.done("PUT", GATEWAY, gateway_body(frontendIPConfigurations=[public, private]))

        assert lab.plane.applied[0][3] == {"public": "127.255.0.1", "private": "10.1.0.10"}
        subnet = await lab.get(GATEWAY_SUBNET)
        noted = f"{GATEWAY}/frontendIPConfigurations/private"
        assert subnet["properties"]["ipConfigurations"] == [{"id": noted}]
        assert (await lab.ask("PUT", GATEWAY, gateway_body())).status == 200


async def test_a_firewall_policy_must_exist() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        policy = f"{NET}/applicationGatewayWebApplicationFirewallPolicies/waf"
        body = gateway_body(
            firewallPolicy={"id": policy}, sku={"name": "WAF_v2", "tier": "WAF_v2", "capacity": 1}
        )

        assert error_codes(await lab.ask("PUT", GATEWAY, body)) == ("InvalidResourceReference",)
        await lab.done("PUT", policy, {"location": LOCATION, "properties": {}})
        assert (await lab.ask("PUT", GATEWAY, body)).status == 201


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(item, old, new) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(each, old, new) for each in value]
    is_inner = isinstance(value, str) and f"applicationGateways/{old}/" in value
    return value.replace(f"/{old}/", f"/{new}/") if is_inner else value
