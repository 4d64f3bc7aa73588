"""Asks Azure Monitor's logs about one resource, by the query API of Log Analytics.

`POST {endpoint}/v1/{resource}/query`: https://learn.microsoft.com/rest/api/logsquery/query/
execute-with-resource-id. Tables that the caller may not read are left out of its answer quietly.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast
from uuid import uuid4

import msgspec

from bascule.azure.clouds import Cloud
from bascule.azure.credentials import Credential
from bascule.azure.document import Document, list_at, object_at, text_at, value_at
from bascule.azure.session import ArmLimits, Call, Session
from bascule.azure.trust import SYSTEM_TRUST, Trust
from bascule.clock import Clock
from bascule.errors import ApiError, TransportError

if TYPE_CHECKING:
    from bascule.azure.pipeline import Answer

VERSION = "v1"
FIRST_TABLE = "PrimaryResult"


class LogsClient:
    """One cloud's log queries, with tokens of their own. An async context manager."""

    def __init__(
        self,
        cloud: Cloud,
        credential: Credential,
        *,
        clock: Clock,
        trust: Trust = SYSTEM_TRUST,
        limits: ArmLimits | None = None,
    ) -> None:
        self._session = Session(
            cloud.for_logs(),
            credential,
            clock=clock,
            trust=trust,
            limits=limits or ArmLimits(),
            make_id=uuid4,
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

    async def query(self, resource: str, text: str) -> tuple[Document, ...]:
        """Return the rows of an answer, each by the names of its columns.

        Raises ApiError or TransportError; an answer that has but a part is an error too.
        """
        body = msgspec.json.encode({"query": text})
        call = Call(method="POST", place=f"/{VERSION}{resource}/query", body=body)
        return read_rows(await self._session.send(call))


def read_rows(answer: "Answer") -> tuple[Document, ...]:
    """Return the rows of the first table. Raises ApiError for a part of an answer."""
    try:
        found = cast("Document", msgspec.json.decode(answer.body, type=dict[str, object]))
    except msgspec.MsgspecError as error:
        raise TransportError(
            f"the answer to a log query cannot be read: {error}",
            remedy="check that no proxy answers for it",
        ) from error
    if object_at(found, "error"):
        raise ApiError(
            f"a log query was answered in part: {text_at(found, 'error', 'message')}",
            status=answer.status,
            reason=text_at(found, "error", "code"),
        )
    tables = list_at(found, "tables")
    first = [table for table in tables if text_at(table, "name") == FIRST_TABLE] or tables
    return tuple(_rows(first[0])) if first else ()


def _rows(table: Document) -> Iterator[Document]:
    names = [text_at(column, "name") for column in list_at(table, "columns")]
    rows = value_at(table, "rows")
    for row in cast("list[object]", rows) if isinstance(rows, list) else []:
        if isinstance(row, list):
            yield dict(zip(names, cast("list[object]", row), strict=False))
