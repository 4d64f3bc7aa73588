"""Answers to what takes long: where its status and its result are found, as each provider says it.

A provider begins an operation and answers with one of these; the server itself answers the polls
(`operation_pages`), since operations are shared by all of them.
"""

from collections.abc import Mapping
from typing import Any

from bascule.lab.arm.operations import Operation
from bascule.lab.arm.paths import ArmPath
from bascule.lab.arm.requests import ArmReply, ArmRequest
from bascule.lab.arm.world import ArmWorld

AKS = "microsoft.containerservice"
NETWORK = "microsoft.network"
_AKS_POLL_VERSION = "2016-03-30"


def answer_begun(
    world: ArmWorld,
    request: ArmRequest,
    operation: Operation,
    *,
    status: int,
    body: Any = None,
    has_location: bool = False,
) -> ArmReply:
    """Answer a PUT, POST or DELETE whose operation runs: Azure-AsyncOperation, maybe Location."""
    headers = {"Azure-AsyncOperation": _url(world, request, "operations", operation)}
    if has_location:
        headers["Location"] = _url(world, request, "operationResults", operation)
    if request.path.namespace.lower() == NETWORK:
        headers["Azure-AsyncNotification"] = "Enabled"
    headers |= retry_header(world, operation)
    return ArmReply(status=status, body=body, headers=headers)


def answer_location(world: ArmWorld, request: ArmRequest, operation: Operation) -> ArmReply:
    """Answer 202 with a Location alone, as a group's DELETE or a POST for backend health does."""
    location = _url(world, request, "operationResults", operation)
    return ArmReply(status=202, headers={"Location": location, **retry_header(world, operation)})


def answer_deployment(
    world: ArmWorld, request: ArmRequest, operation: Operation, *, status: int, body: Any
) -> ArmReply:
    """Answer a deployment's PUT: its operation statuses lie below the deployment itself."""
    url = (
        f"{world.settings.url}{request.path.text.rstrip('/')}/operationStatuses/{operation.id}"
        f"?api-version={_version(request)}"
    )
    headers = {"Azure-AsyncOperation": url, **retry_header(world, operation)}
    return ArmReply(status=status, body=body, headers=headers)


def retry_header(world: ArmWorld, operation: Operation) -> Mapping[str, str]:
    """Return when to poll next, if the durations name a time; never at once."""
    seconds = world.durations.retry_after_s(operation.kind or operation.name, operation.polls)
    return wait_header(seconds or 0.0)


def wait_header(seconds: float) -> Mapping[str, str]:
    """Return the header that says to wait, none for zero.

    `Retry-After` is an integer, and Azure's SDKs insist; what is shorter goes into the other one.
    """
    if seconds <= 0:
        return {}
    if seconds == round(seconds):
        return {"Retry-After": f"{seconds:.0f}"}
    return {"retry-after-ms": f"{max(seconds * 1_000, 1):.0f}"}


def _url(world: ArmWorld, request: ArmRequest, page: str, operation: Operation) -> str:
    path: ArmPath = request.path
    below = f"/subscriptions/{path.subscription or world.settings.subscription_id}"
    if path.namespace and path.namespace.lower() != "microsoft.resources":
        below += f"/providers/{path.namespace}/locations/{world.settings.location}"
    else:
        page = page.lower()
    version = _AKS_POLL_VERSION if path.namespace.lower() == AKS else _version(request)
    return f"{world.settings.url}{below}/{page}/{operation.id}?api-version={version}"


def _version(request: ArmRequest) -> str:
    return request.query.get("api-version", "")
