"""A small client of Azure Resource Manager: resources as plain JSON, by their ids.

A write whose body was made from what was read is never sent twice: ReadAgainError says to read
again, LostAnswerError that nobody knows what became of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from bascule.azure.clouds import Cloud
from bascule.azure.credentials import Credential
from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId
from bascule.azure.trust import SYSTEM_TRUST, Trust
from bascule.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmLimits:
    """How long and how often one client waits and tries."""

    connect_s: float = 10.0
    answer_s: float = 60.0
    tries_max: int = 6
    wait_max_s: float = 60.0
    pages_max: int = 1_000
    body_bytes_max: int = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A write that ARM took. `operation_url` is empty when it is done already."""

    document: Document | None = None
    operation_url: str = ""


class ArmClient:
    """One cloud's ARM. An async context manager; verbs raise ApiError or TransportError."""

    def __init__(
        self,
        cloud: Cloud,
        credential: Credential,
        *,
        clock: Clock,
        trust: Trust = SYSTEM_TRUST,
        limits: ArmLimits | None = None,
    ) -> None:
        self.cloud = cloud
        self.clock = clock
        self._credential = credential
        self._trust = trust
        self._limits = limits or ArmLimits()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def get(self, resource: ResourceId | str) -> Document | None:
        """Return a resource, or None when it does not exist (nor its group or parent)."""
        raise NotImplementedError(resource)

    async def head(self, resource: ResourceId | str) -> bool:
        """Whether it exists; ARM knows this for groups and few others."""
        raise NotImplementedError(resource)

    async def list(
        self, path: ResourceId | str, query: Mapping[str, str] | None = None
    ) -> tuple[Document, ...]:
        """Return all of a collection, such as `GROUP/providers/Microsoft.Network/routeTables`.

        Raises NotFoundError when its scope does not exist.
        """
        raise NotImplementedError(path, query)

    async def put(
        self,
        resource: ResourceId | str,
        body: Document,
        *,
        if_match: str = "",
        is_repeatable: bool = False,
    ) -> Accepted:
        """Write a whole resource.

        `if_match` is the etag that it must still have. `is_repeatable` says that nothing in
        `body` was read before, so that the client itself may send it again.
        """
        raise NotImplementedError(resource, body, if_match, is_repeatable)

    async def patch(
        self, resource: ResourceId | str, body: Document, *, if_match: str = ""
    ) -> Accepted:
        """Change some fields of a resource; never sent twice."""
        raise NotImplementedError(resource, body, if_match)

    async def delete(
        self,
        resource: ResourceId | str,
        *,
        if_match: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Accepted | None:
        """Delete a resource; None when it was gone already."""
        raise NotImplementedError(resource, if_match, query)

    async def post(
        self,
        resource: ResourceId | str,
        action: str,
        body: Document | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> Accepted:
        """Carry out an action, such as `stop`; `document` is its answer when it is done already."""
        raise NotImplementedError(resource, action, body, query)
