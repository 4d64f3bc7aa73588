"""A small client of Azure Resource Manager: resources as plain JSON, by their ids.

A write whose body was made from what was read is never sent twice: ReadAgainError says to read
again, LostAnswerError that nobody knows what became of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast
from uuid import UUID, uuid4

import msgspec
import structlog

from bascule.azure.clouds import Cloud
from bascule.azure.credentials import Credential
from bascule.azure.decisions import Effect
from bascule.azure.document import Document, list_at, text_at
from bascule.azure.errors import VersionNotOfferedError
from bascule.azure.polls import Poll, read_poll
from bascule.azure.refusals import parse_retry_after
from bascule.azure.resource_id import ResourceId, type_of_path
from bascule.azure.session import ArmLimits, Call, Session
from bascule.azure.trust import SYSTEM_TRUST, Trust
from bascule.azure.versions import api_version, older_version
from bascule.clock import Clock
from bascule.errors import ApiError, NotFoundError, TransportError

if TYPE_CHECKING:
    from bascule.azure.pipeline import Answer

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.azure")

ABSENT_NOT = frozenset(
    {
        "InvalidResourceNamespace",
        "InvalidResourceType",
        "InvalidSubscriptionId",
        "MissingSubscription",
        "SubscriptionNotFound",
        "TenantNotFound",
    }
)
"""Codes of a 404 that tell of a wrong question, not of a resource that does not exist."""

READING_ACTIONS = ("list", "get", "backendhealth", "check")
"""How the names of actions begin that change nothing, so that they may be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A write that ARM took. `operation_url` is empty when it is done already."""

    document: Document | None = None
    operation_url: str = ""
    retry_after_s: float | None = None
    """After how long ARM asks to look at the operation, where it says so."""


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
        make_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self.cloud = cloud
        self.clock = clock
        self._limits = limits or ArmLimits()
        self._version_by_type: dict[str, str] = {}
        self._session = Session(
            cloud, credential, clock=clock, trust=trust, limits=self._limits, make_id=make_id
        )

    async def __aenter__(self) -> Self:
        await self._session.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.__aexit__(kind, error, trace)

    async def get(self, resource: ResourceId | str) -> Document | None:
        """Return a resource, or None when it does not exist (nor its group or parent)."""
        try:
            answer = await self._send("GET", str(resource))
        except NotFoundError as error:
            if _is_absence(error):
                return None
            raise
        return _parse(answer, str(resource))

    async def head(self, resource: ResourceId | str) -> bool:
        """Whether it exists; ARM knows this for groups and few others."""
        try:
            await self._send("HEAD", str(resource))
        except NotFoundError:
            return False
        return True

    async def list(
        self, path: ResourceId | str, query: Mapping[str, str] | None = None
    ) -> tuple[Document, ...]:
        """Return all of a collection, such as `GROUP/providers/Microsoft.Network/routeTables`.

        A page may be empty and have another one behind it. Raises NotFoundError when the scope
        does not exist.
        """
        found: list[Document] = []
        following = ""
        for _ in range(self._limits.pages_max):
            if following:
                answer = await self._session.send(Call(method="GET", place=following))
            else:
                answer = await self._send("GET", str(path), query)
            page = _parse(answer, str(path)) or {}
            found += list_at(page, "value") or list_at(page, "values")
            following = text_at(page, "nextLink")
            if not following:
                return tuple(found)
        raise ApiError(
            f"the list {path} has more than {self._limits.pages_max} pages",
            remedy="the server repeats itself; check what answers at this address",
        )

    async def put(
        self,
        resource: ResourceId | str,
        body: Document,
        *,
        if_match: str = "",
        is_repeatable: bool = False,
        correlation_id: str = "",
    ) -> Accepted:
        """Write a whole resource.

        `if_match` is the etag that it must still have. `is_repeatable` says that nothing in
        `body` was read before, so that the client itself may send it again. By `correlation_id`
        the activity log names this write, by the client's own one if none is given.
        """
        call = self._call(
            "PUT",
            str(resource),
            body=body,
            if_match=if_match,
            effect=Effect.SAME if is_repeatable else Effect.STALE,
        )
        answer = await self._send_call(replace(call, correlation_id=correlation_id))
        return _accepted(answer, str(resource))

    async def patch(
        self, resource: ResourceId | str, body: Document, *, if_match: str = ""
    ) -> Accepted:
        """Change some fields of a resource; never sent twice."""
        answer = await self._send(
            "PATCH", str(resource), body=body, if_match=if_match, effect=Effect.STALE
        )
        return _accepted(answer, str(resource))

    async def delete(
        self,
        resource: ResourceId | str,
        *,
        if_match: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Accepted | None:
        """Delete a resource; None when it was gone already."""
        try:
            answer = await self._send(
                "DELETE", str(resource), query, if_match=if_match, effect=Effect.SAME
            )
        except NotFoundError as error:
            if _is_absence(error):
                return None
            raise
        return None if answer.status == 204 else _accepted(answer, str(resource))

    async def post(
        self,
        resource: ResourceId | str,
        action: str,
        body: Document | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> Accepted:
        """Carry out an action, such as `stop`; `document` is its answer when it is done already.

        Actions that only read are sent again where others would not be.
        """
        place = f"{resource}/{action}"
        answer = await self._send(
            "POST",
            place,
            query,
            body=body,
            effect=Effect.NONE if action.startswith(READING_ACTIONS) else Effect.STALE,
        )
        return _accepted(answer, place)

    async def poll(self, operation_url: str) -> tuple[Poll, Mapping[str, str]]:
        """Return what an operation's URL shows now, and the headers (names in lower case)."""
        answer = await self._session.send(Call(method="GET", place=operation_url))
        try:
            return read_poll(answer.status, answer.body), answer.headers
        except ValueError as error:
            raise _unreadable(operation_url, error) from error

    async def _send(
        self,
        method: str,
        place: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Document | None = None,
        if_match: str = "",
        effect: Effect = Effect.NONE,
    ) -> "Answer":
        return await self._send_call(
            self._call(method, place, query, body=body, if_match=if_match, effect=effect)
        )

    def _call(
        self,
        method: str,
        place: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Document | None = None,
        if_match: str = "",
        effect: Effect = Effect.NONE,
    ) -> Call:
        kind = type_of_path(place)
        version = self._version_by_type.get(kind) or api_version(kind)
        return Call(
            method=method,
            place=place,
            query={"api-version": version, **(query or {})},
            body=None if body is None else msgspec.json.encode(body),
            if_match=if_match,
            effect=effect,
        )

    async def _send_call(self, call: Call) -> "Answer":
        """Send in the version of the table, or in the newest that this cloud offers."""
        version, kind = call.query["api-version"], type_of_path(call.place)
        try:
            return await self._session.send(call)
        except VersionNotOfferedError as error:
            older = older_version(version, error.offered)
            if not older:
                raise
        _LOG.warning("this cloud lags behind", type=kind, version=older, wanted=version)
        self._version_by_type[kind] = older
        return await self._session.send(replace(call, query={**call.query, "api-version": older}))


def _accepted(answer: "Answer", place: str) -> Accepted:
    url = answer.headers.get("azure-asyncoperation", "")
    if not url and answer.status == 202:
        url = answer.headers.get("location", "")
    return Accepted(
        document=_parse(answer, place),
        operation_url=url,
        retry_after_s=parse_retry_after(answer.headers),
    )


def _parse(answer: "Answer", place: str) -> Document | None:
    if not answer.body.strip():
        return None
    try:
        return cast("Document", msgspec.json.decode(answer.body, type=dict[str, object]))
    except msgspec.MsgspecError as error:
        raise _unreadable(place, error) from error


def _unreadable(place: str, error: Exception) -> TransportError:
    return TransportError(
        f"{place.partition('?')[0]}: the answer cannot be read: {error}",
        remedy="check that this is the address of a Resource Manager, and no proxy answers for it",
    )


def _is_absence(error: NotFoundError) -> bool:
    """Whether a 404 comes from ARM and means that the resource does not exist."""
    return bool(error.reason) and error.reason not in ABSENT_NOT
