"""A request to Azure Resource Manager, its answer, and a refusal in one of Azure's two shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bascule.lab.arm.paths import ArmPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, as the token says."""

    tenant_id: str
    object_id: str
    app_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRequest:
    """One request, authenticated and authorised; `body` is parsed JSON, None without one."""

    method: str
    path: ArmPath
    caller: Caller
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: Any = None
    correlation_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmReply:
    """What is answered; common headers (request ids, rate limits) are added by the server."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class ArmRefusal(Exception):  # noqa: N818 - an answer, not a fault of ours
    """A 4xx or 5xx answer.

    `is_bare` leaves out the `error` envelope, as the AKS resource provider does.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[Mapping[str, Any]] = (),
        target: str | None = None,
        is_bare: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(dict(detail) for detail in details)
        self.target = target
        self.is_bare = is_bare
        self.headers = dict(headers or {})
        self.inner: Mapping[str, Any] | None = None
        """The error behind the error, as Log Analytics tells it."""
        self.shows_details = False
        """Whether an empty list of details is shown too, as Microsoft.Network does."""

    def render(self) -> ArmReply:
        """Return the answer on the wire."""
        if self.is_bare:
            body: dict[str, Any] = {
                "code": self.code,
                "details": list(self.details) or None,
                "message": self.message,
                "subcode": "",
            }
            if self.target is not None:
                body["target"] = self.target
            return ArmReply(status=self.status, body=body, headers=self.headers)
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        if self.details or self.shows_details:
            error["details"] = list(self.details)
        if self.inner is not None:
            error["innererror"] = dict(self.inner)
        return ArmReply(status=self.status, body={"error": error}, headers=self.headers)
