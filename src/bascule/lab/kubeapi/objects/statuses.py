"""The errors of a Kubernetes API server as values: each knows its HTTP code and its Status object.

Messages and reasons follow k8s.io/apimachinery/pkg/api/errors, because kubectl prints them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bascule.errors import BasculeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why an object is refused: `field` is a path such as `spec.ports[0].port`."""

    reason: str
    message: str
    field: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the StatusCause object."""
        cause: dict[str, Any] = {"reason": self.reason, "message": self.message}
        if self.field:
            cause["field"] = self.field
        return cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a Status is about; `resource` is the plural name, or the kind for an Invalid one."""

    group: str = ""
    resource: str = ""
    kind: str = ""
    name: str = ""

    @property
    def qualified_resource(self) -> str:
        """Return `deployments.apps`, or `pods` for the core group."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    @property
    def qualified_kind(self) -> str:
        """Return `Deployment.apps`, or `Pod` for the core group."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


class StatusError(BasculeError):
    """A request is answered with this code and a Status object instead of what was asked for."""

    def __init__(
        self,
        message: str,
        *,
        code: int,
        reason: str,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details

    def to_status(self) -> dict[str, Any]:
        """Return the `v1` Status object of kind Failure."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details:
            status["details"] = self.details
        status["code"] = self.code
        return status


def bad_request(message: str) -> StatusError:
    """Return a 400 BadRequest with this message."""
    return StatusError(message, code=400, reason="BadRequest")


def invalid(subject: Subject, causes: Sequence[Cause]) -> StatusError:
    """Return a 422 Invalid whose message lists the causes as the real server does."""
    texts = [
        f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in causes
    ]
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    message = f'{subject.qualified_kind} "{subject.name}" is invalid'
    details = {"name": subject.name, "group": subject.group, "kind": subject.kind}
    details = {key: value for key, value in details.items() if value}
    return StatusError(
        f"{message}: {listed}" if texts else message,
        code=422,
        reason="Invalid",
        details={**details, "causes": [cause.to_json() for cause in causes]},
    )


def invalid_patch(cause: str) -> StatusError:
    """Return the 422 Invalid of a patch that does not fit; like the real one, without a cause."""
    error = StatusError(
        "the server rejected our request due to an error in our request",
        code=422,
        reason="Invalid",
    )
    error.remedy = cause
    return error


def conflict(subject: Subject, message: str) -> StatusError:
    """Return a 409 Conflict: `message` says what was in the way."""
    what = f'{subject.qualified_resource} "{subject.name}"'
    return StatusError(
        f"Operation cannot be fulfilled on {what}: {message}",
        code=409,
        reason="Conflict",
        details={
            key: value
            for key, value in (
                ("name", subject.name),
                ("group", subject.group),
                ("kind", subject.resource),
            )
            if value
        },
    )
