"""The pages that clients poll: status and result of an operation, in the words of its provider."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bascule.lab.arm.answers import AKS, NETWORK, retry_header
from bascule.lab.arm.operations import Operation
from bascule.lab.arm.paths import ArmPath
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.world import ArmWorld

_STATUS_PAGES = {"operations", "operationstatuses"}
_RESULT_PAGES = {"operationresults"}
_DEPLOYMENTS = "microsoft.resources"


def is_operation_page(path: ArmPath) -> bool:
    """Say whether a path is that of an operation's status or result."""
    segments = path.key.split("/")
    return len(segments) > 2 and segments[-2] in _STATUS_PAGES | _RESULT_PAGES


def answer_poll(world: ArmWorld, request: ArmRequest) -> ArmReply:
    """Answer a poll. Raises ArmRefusal if there is no such operation."""
    segments = request.path.text.rstrip("/").split("/")
    operation = world.operations.find(segments[-1].lower())
    if operation is None:
        raise ArmRefusal(
            404, "OperationNotFound", f"The operation '{segments[-1]}' could not be found."
        )
    operation.polls += 1
    if segments[-2].lower() in _RESULT_PAGES:
        return _result(world, request, operation)
    waits = {} if operation.is_ended else retry_header(world, operation)
    return ArmReply(body=_status(request.path.namespace.lower(), operation), headers=waits)


def _status(namespace: str, operation: Operation) -> Mapping[str, Any]:
    if namespace == AKS:
        return _aks_status(operation)
    status = operation.status
    if namespace == _DEPLOYMENTS and status == "InProgress":
        status = "Running"
    body: dict[str, Any] = {"status": status, **operation.properties}
    if operation.error is not None:
        body["error"] = operation.error
    elif namespace not in {NETWORK, _DEPLOYMENTS}:
        body["name"] = operation.id
    return body


def _aks_status(operation: Operation) -> Mapping[str, Any]:
    body: dict[str, Any] = {
        "name": operation.id,
        "status": operation.status,
        **operation.properties,
        "startTime": _time(operation.begun_at),
    }
    if operation.ended_at is not None:
        body["endTime"] = _time(operation.ended_at)
    if operation.error is not None:
        body["error"] = operation.error
    return body


def _result(world: ArmWorld, request: ArmRequest, operation: Operation) -> ArmReply:
    if not operation.is_ended:
        here = f"{world.settings.url}{request.path.text}"
        version = request.query.get("api-version", "")
        headers = {"Location": f"{here}?api-version={version}", **retry_header(world, operation)}
        return ArmReply(status=202, headers=headers)
    if operation.status != "Succeeded":
        error = operation.error or {}
        raise ArmRefusal(
            409,
            str(error.get("code", operation.status)),
            str(error.get("message", "")),
            details=error.get("details", ()),
        )
    if operation.result is not None:
        return ArmReply(body=operation.result)
    return ArmReply(status=204 if request.path.namespace else 200)


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment is not None else ""
