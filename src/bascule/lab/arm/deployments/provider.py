"""Deployments: a template's resources become PUTs to their providers, in the template's order."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from bascule.lab.arm.answers import answer_deployment
from bascule.lab.arm.deployments.template import ReferenceNeededError, Template, TemplateResource
from bascule.lab.arm.operations import Operation, OperationFailedError
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

DEPLOYMENT_TYPE = "Microsoft.Resources/deployments"
KIND = "deployment"
POLL_S = 0.05
RETRIES_MAX = 20
"""How often a resource is sent again that its provider refuses for now (429)."""

REFERENCES_MAX = 100
_RETRY_S = 1.0
_TOO_MANY = 429

Ask = Callable[[ArmRequest], Awaitable[ArmReply]]
"""Has a request answered as if it had come from outside; raises ArmRefusal."""


@dataclass(slots=True, kw_only=True)
class _Run:
    """What a deployment knows while it runs."""

    request: ArmRequest
    template: Template
    fetched: dict[str, Document] = field(default_factory=dict)
    failures: list[Document] = field(default_factory=list)
    ended: dict[str, asyncio.Event] = field(default_factory=dict)
    succeeded: set[str] = field(default_factory=set)


class DeploymentsProvider:
    """Answers every path below Microsoft.Resources/deployments of a resource group."""

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
        previous = self._world.resources.find(request.path.text)
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
                self._world.resources.remove(request.path.text)
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
            return ArmReply(body={"value": document.get("_operations", [])})
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
        run = _Run(request=request, template=template)

        async def work(operation: Operation) -> None:
            await self._carry_out(run, document["id"], operation)

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
        group = self._world.resources.find(request.path.scope) or {}
        kinds: dict[str, set[str]] = {}
        for each in template.resources:
            namespace, _, kind = each.kind.partition("/")
            kinds.setdefault(namespace, set()).add(kind)
        location = group.get("location", "")
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
                "providers": [
                    {
                        "namespace": namespace,
                        "resourceTypes": [
                            {"resourceType": kind, "locations": [location]}
                            for kind in sorted(names)
                        ],
                    }
                    for namespace, names in sorted(kinds.items())
                ],
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
        }

    async def _carry_out(self, run: _Run, deployment_id: str, operation: Operation) -> None:
        self._settle(deployment_id, operation, provisioningState="Running")
        run.ended = {each.id.lower(): asyncio.Event() for each in run.template.resources}
        async with asyncio.TaskGroup() as group:
            for resource in run.template.resources:
                group.create_task(self._deploy(run, resource))
        if run.failures:
            failure = OperationFailedError(
                "DeploymentFailed",
                "At least one resource deployment operation failed. Please list deployment "
                "operations for details. Please see https://aka.ms/arm-deployment-operations for "
                "usage details.",
                target=deployment_id,
                details=run.failures,
            )
            error = failure.render()
            self._settle(deployment_id, operation, provisioningState="Failed", error=error)
            raise failure
        outputs = await self._outputs(run)
        await self._world.clock.sleep_until(operation.begun_s + operation.duration_s)
        self._settle(
            deployment_id,
            operation,
            provisioningState="Succeeded",
            outputs=outputs,
            outputResources=[{"id": each.id} for each in run.template.resources],
        )

    async def _deploy(self, run: _Run, resource: TemplateResource) -> None:
        """Put one resource once those that it depends on are there, and wait for its operation."""
        for wanted in resource.depends_on:
            await run.ended[wanted].wait()
        try:
            if run.succeeded.issuperset(resource.depends_on):
                await self._put_resource(run, resource)
                run.succeeded.add(resource.id.lower())
        except ArmRefusal as refusal:
            failure = refusal.render().body
            run.failures.append({"details": [], **failure.get("error", failure)})
        except OperationFailedError as failure:
            run.failures.append(
                {
                    "code": "ResourceDeploymentFailure",
                    "target": resource.id,
                    "message": "The resource write operation failed to complete successfully, "
                    "because it reached terminal provisioning state 'Failed'.",
                    "details": [
                        {
                            "code": failure.code,
                            "message": failure.message,
                            "details": list(failure.details),
                        }
                    ],
                }
            )
        finally:
            run.ended[resource.id.lower()].set()

    async def _put_resource(self, run: _Run, resource: TemplateResource) -> None:
        body = await self._with_references(run, lambda: run.template.body_of(resource, run.fetched))
        asked = self._request(run, "PUT", (resource.id, resource.api_version), body)
        reply = await self._ask_patiently(asked)
        url = reply.headers.get("Azure-AsyncOperation") or reply.headers.get("Location", "")
        operation_id = url.partition("?")[0].rpartition("/")[2]
        operation = self._world.operations.find(operation_id)
        while operation is not None and not operation.is_ended:
            await self._world.clock.sleep_until(self._world.clock.monotonic_s() + POLL_S)
        if operation is not None and operation.status != "Succeeded":
            error = operation.error or {}
            raise OperationFailedError(
                str(error.get("code", operation.status)),
                str(error.get("message", "")),
                details=error.get("details", ()),
            )
        await self._fetch(run, resource.id, resource.api_version)

    async def _ask_patiently(self, asked: ArmRequest) -> ArmReply:
        for _ in range(RETRIES_MAX):
            try:
                return await self._ask(asked)
            except ArmRefusal as refusal:
                if refusal.status != _TOO_MANY:
                    raise
                wait_s = float(refusal.headers.get("Retry-After", _RETRY_S))
            await self._world.clock.sleep_until(self._world.clock.monotonic_s() + wait_s)
        return await self._ask(asked)

    async def _outputs(self, run: _Run) -> Document:
        return await self._with_references(run, lambda: run.template.outputs(run.fetched))

    async def _with_references(self, run: _Run, give: Callable[[], Document]) -> Document:
        for _ in range(REFERENCES_MAX):
            try:
                return give()
            except ReferenceNeededError as needed:
                wanted = needed
            await self._fetch(run, wanted.resource_id, wanted.api_version)
        return give()

    async def _fetch(self, run: _Run, resource_id: str, api_version: str) -> None:
        reply = await self._ask(self._request(run, "GET", (resource_id, api_version)))
        run.fetched[resource_id.lower()] = reply.body

    def _request(
        self, run: _Run, method: str, resource: tuple[str, str], body: Any = None
    ) -> ArmRequest:
        resource_id, api_version = resource
        return ArmRequest(
            method=method,
            path=parse_path(resource_id),
            caller=run.request.caller,
            query={"api-version": api_version},
            body=body,
            correlation_id=run.request.correlation_id,
        )

    def _settle(self, deployment_id: str, operation: Operation, **changes: Any) -> None:
        document = self._world.resources.find(deployment_id)
        if document is None:
            return
        passed_s = self._world.clock.monotonic_s() - operation.begun_s
        document["properties"] |= {
            "timestamp": _time(self._world.clock.now()),
            "duration": f"PT{passed_s:.7g}S",
            **changes,
        }
        self._world.resources.put(document)


def _shown(document: Document) -> Document:
    return {name: value for name, value in document.items() if not name.startswith("_")}


def _not_found(request: ArmRequest) -> ArmRefusal:
    return ArmRefusal(
        404, "DeploymentNotFound", f"Deployment '{request.path.name}' could not be found."
    )


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
