from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bascule.lab.arm.deployments.provider import DeploymentsProvider
from bascule.lab.arm.dispatch import Dispatcher
from bascule.lab.arm.operations import Fate, OperationFailedError
from bascule.lab.arm.requests import ArmRefusal, ArmReply
from tests.support.arm_network import (
    CLUSTER_SUBNET,
    GATEWAY,
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
from tests.support.arm_world import OPERATION_S, RG, ask, request

DEPLOYMENTS = f"{RG}/providers/Microsoft.Resources/deployments"
DEPLOYMENT = f"{DEPLOYMENTS}/ag_deploy"
DEPLOYED = {"api-version": "2024-11-01"}


def resource(path: str, body: dict[str, Any], *depends_on: str) -> dict[str, Any]:
    kind, name = path.removeprefix(f"{RG}/providers/Microsoft.Network/").split("/", 1)
    if "/subnets/" in name:
        kind, name = f"{kind}/subnets", name.replace("/subnets/", "/")
    return {
        **body,
        "type": f"Microsoft.Network/{kind}",
        "name": name,
        "apiVersion": "2022-05-01",
        "dependsOn": list(depends_on),
    }


def article(priority: int | None = 100) -> list[dict[str, Any]]:
    gateway = gateway_body(requestRoutingRules=[rule("rule1", priority)])
    return [
        resource(GATEWAY, gateway, "Microsoft.Network/virtualNetworks/AksVnet", "AppGatewayIp"),
        resource(PUBLIC_IP, public_ip_body()),
        resource(NETWORK, network_body()),
    ]


def deployment(*resources: dict[str, Any], **parts: Any) -> dict[str, Any]:
    template = {"resources": list(resources), **parts}
    return {"properties": {"mode": "Incremental", "parameters": {}, "template": template}}


class Deployments:
    """Deployments beside the network provider."""

    def __init__(self, lab: NetworkLab) -> None:
        self.lab = lab
        dispatcher = Dispatcher(lab.world, [lab.provider])
        self.provider = DeploymentsProvider(lab.world, dispatcher.handle)
        dispatcher.add(self.provider)
        self.dispatcher = dispatcher

    async def ask(self, method: str, path: str, body: Any = None) -> ArmReply:
        try:
            return await ask(self.provider, method, path, body)
        except ArmRefusal as refusal:
            return refusal.render()

    async def deploy(self, *resources: dict[str, Any], **parts: Any) -> Any:
        """Deploy, and return the last status."""
        reply = await self.ask("PUT", DEPLOYMENT, deployment(*resources, **parts))
        assert reply.status in {200, 201}, reply.body
        for _ in range(5):
            await self.lab.settle()
        return self.lab.status(reply)

    async def state(self) -> Any:
        return (await self.ask("GET", DEPLOYMENT)).body["properties"]


@asynccontextmanager
async def deployments() -> AsyncIterator[Deployments]:
    async with network_lab() as lab:
        yield Deployments(lab)


async def test_a_deployment_goes_from_accepted_over_running_to_succeeded() -> None:
    async with deployments() as made:
        reply = await made.ask("PUT", DEPLOYMENT.replace("resourceG", "resourceg"), deployment())

        assert (reply.status, reply.body["id"]) == (201, DEPLOYMENT)
        assert reply.body["properties"]["provisioningState"] == "Accepted"
        url = reply.headers["Azure-AsyncOperation"]
        assert "/deployments/ag_deploy/operationStatuses/" in url
        await made.lab.clock.advance(OPERATION_S - 1)
        assert made.lab.status(reply) == {"status": "Running"}
        assert (await made.state())["provisioningState"] == "Running"
        await made.lab.clock.advance(2)
        assert made.lab.status(reply) == {"status": "Succeeded"}
        assert (await made.state())["provisioningState"] == "Succeeded"
        assert (await made.ask("PUT", DEPLOYMENT, deployment())).status == 200


async def test_resources_are_put_once_what_they_depend_on_is_there() -> None:
    async with deployments() as made:
        outputs = {"applicationGateway": {"type": "object", "value": "[reference('AppGateway')]"}}

        status = await made.deploy(*article(), outputs=outputs)

        state = await made.state()
        assert status == {"status": "Succeeded"}
        gateway = await made.lab.get(GATEWAY)
        assert state["outputs"]["applicationGateway"] == {
            "type": "Object",
            "value": gateway["properties"],
        }
        assert {each["id"] for each in state["outputResources"]} == {GATEWAY, PUBLIC_IP, NETWORK}
        assert [each["id"] for each in state["dependencies"]] == [GATEWAY]
        steps = (await made.ask("GET", f"{DEPLOYMENT}/operations")).body["value"]
        assert {each["properties"]["statusCode"] for each in steps} == {"Created"}
        exported = await made.ask("POST", f"{DEPLOYMENT}/exportTemplate")
        assert len(exported.body["template"]["resources"]) == 3


async def test_operations_are_found_where_az_looks_for_them() -> None:
    async with deployments() as made:
        await made.deploy(resource(PUBLIC_IP, public_ip_body()))

        reply = await made.dispatcher.handle(
            request("GET", f"{RG}/deployments/ag_deploy/operations")
        )

        (step,) = reply.body["value"]
        assert step["properties"]["targetResource"]["id"] == PUBLIC_IP


async def test_a_refused_resource_fails_the_deployment_with_its_error_inside() -> None:
    async with deployments() as made:
        status = await made.deploy(*article(priority=None))

        assert (status["status"], status["error"]["code"]) == ("Failed", "DeploymentFailed")
        assert status["error"]["target"] == DEPLOYMENT
        (detail,) = status["error"]["details"]
        assert detail["code"] == "ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty"
        state = await made.state()
        assert (state["provisioningState"], state["error"]) == ("Failed", status["error"])
        steps = (await made.ask("GET", f"{DEPLOYMENT}/operations")).body["value"]
        failed = [each["properties"] for each in steps if each["properties"].get("statusMessage")]
        assert [each["statusCode"] for each in failed] == ["BadRequest"]


async def test_what_depends_on_a_failed_resource_is_not_tried() -> None:
    async with deployments() as made:
        broken = resource(PUBLIC_IP, public_ip_body() | {"sku": {"name": "Basic"}})

        status = await made.deploy(article()[0], broken, article()[2])

        assert [each["code"] for each in status["error"]["details"]] == [
            "IPv4BasicSkuPublicIpCountLimitReached"
        ]
        assert (await made.lab.ask("GET", GATEWAY)).status == 404


async def test_an_operation_that_fails_later_fails_the_deployment_too() -> None:
    async with deployments() as made:
        made.lab.plane.refusal = OperationFailedError("PortNotUsable", "Port 80 is taken.")

        status = await made.deploy(*article())

        (detail,) = status["error"]["details"]
        assert (detail["code"], detail["target"]) == ("ResourceDeploymentFailure", GATEWAY)
        assert [each["code"] for each in detail["details"]] == ["PortNotUsable"]


async def test_resources_that_do_not_depend_on_each_other_are_put_at_once_and_may_collide() -> None:
    async with deployments() as made:
        await made.lab.make_article()
        subnets = [
            resource(CLUSTER_SUBNET, subnet_body("10.240.0.0/16")),
            resource(f"{NETWORK}/subnets/more", subnet_body("10.3.0.0/16")),
        ]

        status = await made.deploy(*subnets)

        assert [each["code"] for each in status["error"]["details"]] == [
            "AnotherOperationInProgress"
        ]


async def test_what_is_only_refused_for_now_is_sent_again() -> None:
    async with deployments() as made:
        await made.lab.make_article()
        await made.lab.ask("PUT", PUBLIC_IP, public_ip_body())
        await made.lab.clock.advance(OPERATION_S - 5)

        status = await made.deploy(resource(GATEWAY, gateway_body()))

        assert status == {"status": "Succeeded"}


async def test_what_stays_refused_for_now_fails_in_the_end() -> None:
    async with deployments() as made:
        await made.lab.make_article()
        await made.lab.ask("PUT", PUBLIC_IP, public_ip_body())

        status = await made.deploy(resource(GATEWAY, gateway_body()))

        assert status["error"]["details"][0]["code"] == "RetryableError"


async def test_an_output_that_cannot_be_read_fails_the_deployment() -> None:
    async with deployments() as made:
        outputs = {"one": {"type": "object", "value": f"[reference('{PUBLIC_IP}', '1')]"}}

        status = await made.deploy(outputs=outputs)

        assert status["error"]["details"][0]["code"] == "ResourceNotFound"


async def test_a_deployment_that_a_fault_ends_has_failed() -> None:
    async with deployments() as made:
        error = {"code": "InternalServerError", "message": "made up"}
        made.lab.world.operations.choose_fate = lambda _operation: Fate(error=error)

        status = await made.deploy()

        assert status["error"]["code"] == "InternalServerError"
        assert (await made.state())["provisioningState"] == "Failed"


async def test_a_name_in_use_is_refused_while_it_runs_and_forgotten_when_deleted() -> None:
    async with deployments() as made:
        await made.ask("PUT", DEPLOYMENT, deployment())
        again = await made.ask("PUT", DEPLOYMENT, deployment())
        await made.lab.settle()

        assert (again.status, again.body["error"]["code"]) == (409, "DeploymentActive")
        assert (await made.ask("HEAD", DEPLOYMENT)).status == 204
        listed = (await made.ask("GET", DEPLOYMENTS)).body["value"]
        assert [each["name"] for each in listed] == ["ag_deploy"]
        assert (await made.ask("DELETE", DEPLOYMENT)).status == 204
        assert (await made.ask("HEAD", DEPLOYMENT)).status == 404
        assert (await made.ask("GET", DEPLOYMENT)).body["error"]["code"] == "DeploymentNotFound"


async def test_validation_says_what_would_be_made_and_makes_nothing() -> None:
    async with deployments() as made:
        reply = await made.ask("POST", f"{DEPLOYMENT}/validate", deployment(*article()))

        assert (reply.status, reply.body["properties"]["provisioningState"]) == (200, "Succeeded")
        assert len(reply.body["properties"]["validatedResources"]) == 3
        assert (await made.ask("GET", DEPLOYMENT)).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("PUT", DEPLOYMENT, None, "InvalidTemplate"),
        ("PUT", DEPLOYMENT, {"properties": {"mode": "Complete"}}, "InvalidDeploymentMode"),
        ("PUT", DEPLOYMENT.replace("AKS", "NO"), deployment(), "ResourceGroupNotFound"),
        ("PATCH", DEPLOYMENT, None, "MethodNotAllowed"),
        ("GET", f"{DEPLOYMENT}/operations", None, "DeploymentNotFound"),
        ("GET", f"{RG}/providers/Microsoft.Resources/tags/default", None, "NotFound"),
    ],
)
async def test_other_requests_are_refused(method: str, path: str, body: Any, code: str) -> None:
    async with deployments() as made:
        reply = await made.ask(method, path, body)

        assert reply.body["error"]["code"] == code


async def test_a_deployment_has_no_other_pages() -> None:
    async with deployments() as made:
        await made.deploy()

        assert (await made.ask("GET", f"{DEPLOYMENT}/more")).status == 404
