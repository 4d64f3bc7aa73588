"""What the lab's Microsoft.Network and its deployments answer has the shape of recorded answers."""

from typing import Any

import pytest

from bascule.lab.arm.deployments.provider import DeploymentsProvider
from bascule.lab.arm.dispatch import Dispatcher
from bascule.lab.arm.network.attachments import attach
from bascule.lab.arm.requests import ArmRefusal, ArmReply
from tests.support.arm_network import (
    CLUSTER_SUBNET,
    GATEWAY,
    GATEWAY_SUBNET,
    NET,
    NETWORK,
    PUBLIC_IP,
    NetworkLab,
    gateway_body,
    network_body,
    network_lab,
    public_ip_body,
    rule,
    subnet_body,
)
from tests.support.arm_world import RG, ask
from tests.support.azure_shapes import differences, load_shape

DEPLOYMENT = f"{RG}/providers/Microsoft.Resources/deployments/made"
RECORDED_VERSION = {"api-version": "2023-09-01"}


def assert_like(file: str, name: str, reply: ArmReply) -> None:
    assert differences(load_shape(file, name), reply) == []


async def put(lab: NetworkLab, **changes: Any) -> ArmReply:
    return await lab.ask("PUT", GATEWAY, gateway_body(**changes), query=RECORDED_VERSION)


async def test_a_gateway_is_answered_as_azure_does() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        created = await put(lab)
        running = lab.poll(created.headers["Azure-AsyncOperation"])
        await lab.settle()
        first = await put(lab)
        second = await put(lab)
        await lab.settle()

        assert_like("gateways", "created", created)
        assert_like("gateways", "operationRunning", running)
        assert_like("gateways", "updated", first)
        superseded = lab.poll(first.headers["Azure-AsyncOperation"])
        assert_like("gateways", "operationSuperseded", superseded)
        succeeded = lab.poll(second.headers["Azure-AsyncOperation"])
        assert_like("gateways", "operationSucceeded", succeeded)
        assert_like("gateways", "shown", await lab.ask("GET", GATEWAY))


async def test_health_and_deletion_of_a_gateway_are_answered_as_azure_does() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put(lab)
        await lab.settle()
        asked = await lab.ask("POST", f"{GATEWAY}/backendhealth")
        assert_like("gateways", "healthAccepted", asked)
        assert_like("gateways", "healthRunning", lab.poll(asked.headers["Location"]))
        await lab.settle()
        assert_like("gateways", "health", lab.poll(asked.headers["Location"]))

        deleted = await lab.ask("DELETE", GATEWAY)
        await lab.settle()

        assert_like("gateways", "deleted", deleted)
        assert_like("gateways", "deletionResult", lab.poll(deleted.headers["Location"]))


async def test_networks_and_public_ips_are_answered_as_azure_does() -> None:
    async with network_lab() as lab:
        for path, body, what in (
            (NETWORK, network_body(), "network"),
            (CLUSTER_SUBNET, subnet_body("10.240.0.0/16"), "subnet"),
            (PUBLIC_IP, public_ip_body(), "publicIp"),
        ):
            assert_like("networks", f"{what}Created", await lab.ask("PUT", path, body))
            await lab.settle()
            assert_like("networks", f"{what}Shown", await lab.ask("GET", path))
        for path in (CLUSTER_SUBNET, PUBLIC_IP, NETWORK):
            assert_like("networks", "deleted", await lab.ask("DELETE", path))
            await lab.settle()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("priorityMissing", {"requestRoutingRules": [rule("rule1", None)]}),
        (
            "tooManyPools",
            {"backendAddressPools": [{"name": f"p{number}"} for number in range(101)]},
        ),
        ("reference", {"requestRoutingRules": [rule("rule1", 1, "nobody")]}),
    ],
)
async def test_documents_are_refused_as_azure_does(name: str, changes: dict[str, Any]) -> None:
    async with network_lab() as lab:
        await lab.make_article()

        assert_like("network_errors", name, await put(lab, **changes))


async def test_what_is_busy_or_changed_is_refused_as_azure_does() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        stale = await lab.ask("DELETE", PUBLIC_IP, headers={"if-match": 'W/"0"'})
        await lab.ask("PUT", GATEWAY_SUBNET, subnet_body("10.1.0.0/16"))

        assert_like("network_errors", "preconditionFailed", stale)
        assert_like("network_errors", "retryable", await put(lab))
        assert_like("network_errors", "anotherOperation", await lab.ask("DELETE", NETWORK))


async def test_what_is_in_use_or_missing_is_refused_as_azure_does() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put(lab)
        await lab.settle()
        held = [await lab.ask("DELETE", each) for each in (GATEWAY_SUBNET, PUBLIC_IP)]
        overlapping = subnet_body("10.240.0.0/24")
        overlaps = await lab.ask("PUT", f"{NETWORK}/subnets/new", overlapping)
        attach(lab.world.resources, GATEWAY_SUBNET, [f"{NET}/networkInterfaces/n"])

        assert_like("network_errors", "subnetInUse", held[0])
        assert_like("network_errors", "publicIpInUse", held[1])
        assert_like("network_errors", "subnetOverlaps", overlaps)
        assert_like("network_errors", "subnetShared", await put(lab))
        missing = await lab.ask("GET", f"{NETWORK}/subnets/none")
        assert_like("network_errors", "subnetMissing", missing)
        assert_like("network_errors", "gatewayMissing", await lab.ask("GET", f"{GATEWAY}2"))


def template(**more: Any) -> dict[str, Any]:
    resource = {
        **public_ip_body(),
        "type": "Microsoft.Network/publicIPAddresses",
        "name": "AppGatewayIp",
        "apiVersion": "2022-05-01",
        **more,
    }
    outputs = {"ip": {"type": "object", "value": "[reference('AppGatewayIp')]"}}
    return {"properties": {"template": {"resources": [resource], "outputs": outputs}}}


async def test_deployments_are_answered_as_azure_does() -> None:
    async with network_lab() as lab:
        provider = DeploymentsProvider(lab.world, Dispatcher(lab.world, [lab.provider]).handle)
        created = await ask(provider, "PUT", DEPLOYMENT, template())
        await lab.clock.advance(1)
        running = lab.poll(created.headers["Azure-AsyncOperation"])
        await lab.settle()
        await lab.settle()

        assert_like("deployments", "created", created)
        assert_like("deployments", "running", running)
        succeeded = lab.poll(created.headers["Azure-AsyncOperation"])
        assert_like("deployments", "succeeded", succeeded)
        assert_like("deployments", "shown", await ask(provider, "GET", DEPLOYMENT))
        again = await ask(provider, "PUT", DEPLOYMENT, template(sku={"name": "Basic"}))
        await lab.settle()
        failed = lab.poll(again.headers["Azure-AsyncOperation"])
        assert_like("deployments", "failed", failed)
        with pytest.raises(ArmRefusal) as caught:
            await ask(provider, "GET", f"{DEPLOYMENT}2")
        assert_like("deployments", "missing", caught.value.render())
