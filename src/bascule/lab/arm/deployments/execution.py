"""One deployment as it is carried out: each resource is put once what it depends on is there."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from bascule.clock import Clock
from bascule.lab.arm.deployments.template import ReferenceNeededError, Template, TemplateResource
from bascule.lab.arm.operations import OperationFailedError, Operations
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest, Caller
from bascule.lab.arm.resources import Document

POLL_S = 0.05
RETRIES_MAX = 20
"""How often a resource is sent again that its provider refuses for now (429)."""

REFERENCES_MAX = 100
_RETRY_S = 1.0
_TOO_MANY = 429
_CONFLICT = 409
_CREATED = 201

Ask = Callable[[ArmRequest], Awaitable[ArmReply]]
"""Has a request answered as if it had come from outside; raises ArmRefusal."""


class Execution:
    """Carries out a template on behalf of a caller, and remembers what became of each resource."""

    def __init__(
        self,
        template: Template,
        ask: Ask,
        operations: Operations,
        clock: Clock,
        *,
        caller: Caller,
        correlation_id: str,
    ) -> None:
        self._template = template
        self._ask = ask
        self._operations = operations
        self._clock = clock
        self._caller = caller
        self._correlation_id = correlation_id
        self._fetched: dict[str, Document] = {}
        self._ended = {each.id.lower(): asyncio.Event() for each in template.resources}
        self._succeeded: set[str] = set()
        self._refused: dict[str, tuple[int, Document]] = {}
        self.failures: list[Document] = []
        """Errors of resources and outputs, in ARM's words."""

    async def run(self) -> Document:
        """Put all resources and return the outputs; see `failures` for what went wrong."""
        async with asyncio.TaskGroup() as group:
            for resource in self._template.resources:
                group.create_task(self._deploy(resource))
        if self.failures:
            return {}
        try:
            return await self._with_references(lambda: self._template.outputs(self._fetched))
        except ArmRefusal as refusal:
            self.failures.append(_error_of(refusal))
            return {}

    def steps(self, deployment_id: str) -> list[Document]:
        """Return what was done for each resource, as a deployment's list of operations says it."""
        return [
            self._step(deployment_id, resource)
            for resource in self._template.resources
            if resource.id.lower() in self._succeeded | self._refused.keys()
        ]

    async def _deploy(self, resource: TemplateResource) -> None:
        for wanted in resource.depends_on:
            await self._ended[wanted].wait()
        if self._succeeded.issuperset(resource.depends_on):
            try:
                await self._put(resource)
                self._succeeded.add(resource.id.lower())
            except ArmRefusal as refusal:
                self._fail(resource, refusal.status, _error_of(refusal))
            except OperationFailedError as failure:
                self._fail(resource, _CONFLICT, _terminal(resource, failure))
        self._ended[resource.id.lower()].set()

    def _fail(self, resource: TemplateResource, status: int, error: Document) -> None:
        self.failures.append(error)
        self._refused[resource.id.lower()] = (status, error)

    async def _put(self, resource: TemplateResource) -> None:
        body = await self._with_references(lambda: self._template.body_of(resource, self._fetched))
        reply = await self._ask_patiently(
            self._request("PUT", resource.id, resource.api_version, body)
        )
        url = reply.headers.get("Azure-AsyncOperation") or reply.headers.get("Location", "")
        operation = self._operations.find(url.partition("?")[0].rpartition("/")[2])
        while operation is not None and not operation.is_ended:
            await self._clock.sleep_until(self._clock.monotonic_s() + POLL_S)
        if operation is not None and operation.status != "Succeeded":
            error = operation.error or {}
            raise OperationFailedError(
                str(error.get("code", operation.status)),
                str(error.get("message", "")),
                details=error.get("details", ()),
            )
        await self._fetch(resource.id, resource.api_version)

    async def _ask_patiently(self, asked: ArmRequest) -> ArmReply:
        for _ in range(RETRIES_MAX):
            try:
                return await self._ask(asked)
            except ArmRefusal as refusal:
                if refusal.status != _TOO_MANY:
                    raise
                wait_s = _wait_s(refusal)
            await self._clock.sleep_until(self._clock.monotonic_s() + wait_s)
        return await self._ask(asked)

    async def _with_references(self, give: Callable[[], Document]) -> Document:
        for _ in range(REFERENCES_MAX):
            try:
                return give()
            except ReferenceNeededError as needed:
                wanted = needed
            await self._fetch(wanted.resource_id, wanted.api_version)
        return give()

    async def _fetch(self, resource_id: str, api_version: str) -> None:
        reply = await self._ask(self._request("GET", resource_id, api_version))
        self._fetched[resource_id.lower()] = reply.body

    def _request(
        self, method: str, resource_id: str, api_version: str, body: Any = None
    ) -> ArmRequest:
        return ArmRequest(
            method=method,
            path=parse_path(resource_id),
            caller=self._caller,
            query={"api-version": api_version},
            body=body,
            correlation_id=self._correlation_id,
        )

    def _step(self, deployment_id: str, resource: TemplateResource) -> Document:
        key = resource.id.lower()
        status, error = self._refused.get(key, (_CREATED, None))
        step_id = sha256(key.encode()).hexdigest()[:16].upper()
        properties: Document = {
            "provisioningOperation": "Create",
            "provisioningState": "Failed" if error else "Succeeded",
            "statusCode": HTTPStatus(status).phrase.replace(" ", ""),
            "targetResource": {
                "id": resource.id,
                "resourceType": resource.kind,
                "resourceName": resource.name,
            },
        }
        if error:
            properties["statusMessage"] = {"status": "Failed", "error": error}
        return {
            "id": f"{deployment_id}/operations/{step_id}",
            "operationId": step_id,
            "properties": properties,
        }


def _wait_s(refusal: ArmRefusal) -> float:
    headers = {name.lower(): value for name, value in refusal.headers.items()}
    if "retry-after-ms" in headers:
        return float(headers["retry-after-ms"]) / 1_000
    return float(headers.get("retry-after", _RETRY_S))


def _error_of(refusal: ArmRefusal) -> Document:
    body = refusal.render().body
    return {"details": [], **body.get("error", body)}


def _terminal(resource: TemplateResource, failure: OperationFailedError) -> Document:
    return {
        "code": "ResourceDeploymentFailure",
        "target": resource.id,
        "message": "The resource write operation failed to complete successfully, because it "
        "reached terminal provisioning state 'Failed'.",
        "details": [{"details": [], **failure.render()}],
    }
