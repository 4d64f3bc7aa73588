"""Deployments: a template's resources become PUTs to their providers, in the template's order."""

import asyncio
import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from bascule.lab.arm.answers import answer_deployment
from bascule.lab.arm.deployments.execution import Ask, Execution
from bascule.lab.arm.deployments.template import Template
from bascule.lab.arm.operations import Operation, OperationFailedError
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

DEPLOYMENT_TYPE = "Microsoft.Resources/deployments"
KIND = "deployment"


class DeploymentsProvider:
    """Answers every path below Microsoft.Resources/deployments of a resource group.

    `ask` has the requests of a template answered, as the caller of the deployment.
    """

    namespace = "Microsoft.Resources"

    def __init__(self, world: ArmWorld, ask: Ask) -> None:
        self._world = world
        self._ask = ask

    async def handle(self, request: ArmRequest) -> ArmReply:
        """Answer. Raises ArmRefusal."""
        parts = [part.lower() for part in request.path.parts]
        if not parts or parts[0] != "deployments" or not request.path.group:
            raise ArmRefusal(404, "NotFound", f"There is nothing at {request.path.text}.")
        if len(parts) == 1:
            found = self._world.resources.of_type(DEPLOYMENT_TYPE, request.path.scope)
            return ArmReply(body={"value": [_shown(each) for each in found]})
        if len(parts) == 2:
            return self._deployment(request)
        return self._page(request, parts[2])

    def _deployment(self, request: ArmRequest) -> ArmReply:
        previous = self._world.resources.find(self._id_of(request))
        match request.method:
            case "PUT":
                return self._put(request, previous)
            case "HEAD":
                return ArmReply(status=204 if previous is not None else 404)
            case "GET" if previous is not None:
                return ArmReply(body=_shown(previous))
            case "GET":
                raise _not_found(request)
            case "DELETE":
                self._world.resources.remove(self._id_of(request))
                return ArmReply(status=204)
            case _:
                raise ArmRefusal(405, "MethodNotAllowed", f"{request.method} is not allowed here.")

    def _page(self, request: ArmRequest, page: str) -> ArmReply:
        if page == "validate" and request.method == "POST":
            return self._validate(request)
        document = self._world.resources.find(self._id_of(request))
        if document is None:
            raise _not_found(request)
        if page == "exporttemplate" and request.method == "POST":
            return ArmReply(body={"template": document["_template"]})
        if page == "operations" and request.method == "GET":
            return ArmReply(body={"value": document["_operations"]})
        raise ArmRefusal(404, "NotFound", f"There is nothing at {request.path.text}.")

    def _validate(self, request: ArmRequest) -> ArmReply:
        template = self._read(request)
        document = self._new_document(request, template)
        document["properties"] |= {
            "provisioningState": "Succeeded",
            "validatedResources": [{"id": each.id} for each in template.resources],
        }
        return ArmReply(body=_shown(document))

    def _put(self, request: ArmRequest, previous: Document | None) -> ArmReply:
        deployment_id = self._id_of(request)
        if self._world.operations.running_on(deployment_id) is not None:
            raise ArmRefusal(
                409,
                "DeploymentActive",
                f"The deployment with resource id '{deployment_id}' cannot be saved, because this "
                "would overwrite an existing deployment which is still active.",
            )
        template = self._read(request)
        document = self._new_document(request, template)
        self._world.resources.put(document)
        execution = Execution(
            template,
            self._ask,
            self._world.operations,
            self._world.clock,
            caller=request.caller,
            correlation_id=document["properties"]["correlationId"],
        )

        async def work(operation: Operation) -> None:
            await self._carry_out(execution, template, operation)

        operation = self._world.operations.begin(
            "CreateDeployment",
            deployment_id,
            duration_s=self._world.durations.draw_s(KIND),
            work=work,
            kind=KIND,
        )
        status = 200 if previous is not None else 201
        return answer_deployment(
            self._world, request, operation, status=status, body=_shown(document)
        )

    async def _carry_out(
        self, execution: Execution, template: Template, operation: Operation
    ) -> None:
        self._settle(operation, execution, provisioningState="Running")
        try:
            outputs = await execution.run()
            await self._world.clock.sleep_until(operation.begun_s + operation.duration_s)
        except asyncio.CancelledError:
            self._settle(operation, execution, provisioningState="Failed")
            raise
        if execution.failures:
            failure = OperationFailedError(
                "DeploymentFailed",
                "At least one resource deployment operation failed. Please list deployment "
                "operations for details. Please see https://aka.ms/arm-deployment-operations for "
                "usage details.",
                target=operation.resource_id,
                details=execution.failures,
            )
            error = failure.render()
            self._settle(operation, execution, provisioningState="Failed", error=error)
            raise failure
        self._settle(
            operation,
            execution,
            provisioningState="Succeeded",
            outputs=outputs,
            outputResources=[{"id": each.id} for each in template.resources],
        )

    def _settle(self, operation: Operation, execution: Execution, **changes: Any) -> None:
        document = self._world.resources.find(operation.resource_id)
        if document is None:
            return
        passed_s = self._world.clock.monotonic_s() - operation.begun_s
        document["properties"] |= {
            "timestamp": _time(self._world.clock.now()),
            "duration": f"PT{passed_s:.7g}S",
            **changes,
        }
        document["_operations"] = execution.steps(operation.resource_id)
        self._world.resources.put(document)

    def _id_of(self, request: ArmRequest) -> str:
        group = self._world.resources.find(request.path.scope) or {"id": request.path.scope}
        return f"{group['id']}/providers/{DEPLOYMENT_TYPE}/{request.path.names[0]}"

    def _read(self, request: ArmRequest) -> Template:
        body = request.body if isinstance(request.body, dict) else {}
        properties = body.get("properties") or {}
        if str(properties.get("mode", "Incremental")).lower() != "incremental":
            raise ArmRefusal(
                400, "InvalidDeploymentMode", "The lab knows the mode Incremental only."
            )
        settings = self._world.settings
        group = self._world.resources.find(request.path.scope)
        if group is None:
            raise ArmRefusal(
                404,
                "ResourceGroupNotFound",
                f"Resource group '{request.path.group}' could not be found.",
            )
        subscription = {
            "id": f"/subscriptions/{settings.subscription_id}",
            "subscriptionId": settings.subscription_id,
            "tenantId": settings.tenant_id,
        }
        return Template(
            properties.get("template"),
            properties.get("parameters"),
            group=group,
            subscription=subscription,
            deployment=request.path.names[0],
        )

    def _new_document(self, request: ArmRequest, template: Template) -> Document:
        raw = request.body["properties"]["template"]
        digest = sha256(json.dumps(raw, sort_keys=True).encode()).digest()
        return {
            "id": self._id_of(request),
            "name": request.path.names[0],
            "type": DEPLOYMENT_TYPE,
            "properties": {
                "templateHash": str(int.from_bytes(digest[:8], "big")),
                "parameters": template.shown_parameters(),
                "mode": "Incremental",
                "provisioningState": "Accepted",
                "timestamp": _time(self._world.clock.now()),
                "duration": "PT0S",
                "correlationId": request.correlation_id or str(self._world.make_id()),
                "providers": template.shown_providers(),
                "dependencies": [
                    {
                        "id": each.id,
                        "resourceType": each.kind,
                        "resourceName": each.name,
                        "dependsOn": [{"id": other} for other in each.depends_on],
                    }
                    for each in template.resources
                    if each.depends_on
                ],
            },
            "_template": raw,
            "_operations": [],
        }


def _shown(document: Document) -> Document:
    return {name: value for name, value in document.items() if not name.startswith("_")}


def _not_found(request: ArmRequest) -> ArmRefusal:
    return ArmRefusal(
        404, "DeploymentNotFound", f"Deployment '{request.path.names[0]}' could not be found."
    )


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
