"""The query API of Log Analytics: of one resource, or of one workspace.

`/v1/RESOURCE/query` and `/v1/workspaces/ID/query`, as in
https://learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries: what the caller may
not read of a resource's workspaces is left out quietly.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final, Protocol

from bascule.lab.arm.logs.archive import Archive
from bascule.lab.arm.logs.diagnostics import GATEWAYS, Diagnostics
from bascule.lab.arm.logs.entries import TABLES
from bascule.lab.arm.logs.kusto.queries import Query, parse_query
from bascule.lab.arm.logs.kusto.words import KustoError
from bascule.lab.arm.logs.workspaces import BY_RESOURCE, TYPE
from bascule.lab.arm.requests import ArmRefusal, ArmReply, Caller
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

AUDIENCE: Final = "https://api.loganalytics.io"
_OF_WORKSPACE: Final = "Microsoft.OperationalInsights/workspaces/query"
_TYPES: Final = ((bool, "bool"), (int, "long"), (float, "real"), (datetime, "datetime"))


class Rights(Protocol):
    """Who may do what."""

    def allows(self, object_id: str, action: str, scope: str) -> bool:
        """Say whether a principal may do one thing."""
        ...


class LogPages:
    """Answers log queries of whoever has signed in."""

    def __init__(
        self, world: ArmWorld, archive: Archive, diagnostics: Diagnostics, rights: Rights
    ) -> None:
        self._world = world
        self.archive = archive
        self._diagnostics = diagnostics
        self._rights = rights

    async def answer(
        self, method: str, segments: Sequence[str], body: Any, caller: Caller
    ) -> ArmReply:
        """Answer what came behind the root. Raises ArmRefusal."""
        is_query = len(segments) > 2 and segments[0] == "v1" and segments[-1] == "query"
        if method != "POST" or not is_query:
            raise ArmRefusal(404, "PathNotFoundError", "The requested path does not exist")
        text = str((body or {}).get("query") or "")
        now = self._world.clock.now()
        try:
            query = parse_query(text, TABLES, now)
        except KustoError as error:
            raise _refuse_query(error) from error
        rows = self._find(segments[1:-1], query, caller)
        found = await asyncio.to_thread(query.run, rows)
        return ArmReply(body={"tables": [_render(query, found)]})

    def _find(self, place: Sequence[str], query: Query, caller: Caller) -> Iterable[Any]:
        if place[0].lower() == "workspaces" and len(place) == 2:
            return self._of_workspace(place[1], query, caller)
        return self._of_resource("/" + "/".join(place), query, caller)

    def _of_resource(self, resource_id: str, query: Query, caller: Caller) -> Iterable[Any]:
        resource = self._world.resources.find(resource_id)
        if resource is None:
            message = f"The resource {resource_id.lower()} was not found"
            raise ArmRefusal(404, "ResourceNotFoundError", message)
        action = f"Microsoft.Insights/logs/{query.table}/read"
        if not self._rights.allows(caller.object_id, action, resource["id"]):
            raise _forbid(caller)
        workspaces = [
            target.workspace_id
            for target in self._diagnostics.targets(resource["id"])
            if target.table == query.table and self._may_read(target.workspace_id, query, caller)
        ]
        return chain.from_iterable(self._rows(resource["id"], query) for _ in workspaces)

    def _may_read(self, workspace_id: str, query: Query, caller: Caller) -> bool:
        workspace = self._world.resources.find(workspace_id)
        if workspace is None:
            return False
        is_open = workspace["properties"]["features"].get(BY_RESOURCE) is True
        return is_open or self._may_query(workspace, query, caller)

    def _may_query(self, workspace: Document, query: Query, caller: Caller) -> bool:
        actions = (f"{_OF_WORKSPACE}/read", f"{_OF_WORKSPACE}/{query.table}/read")
        scope = workspace["id"]
        return all(self._rights.allows(caller.object_id, action, scope) for action in actions)

    def _of_workspace(self, customer_id: str, query: Query, caller: Caller) -> Iterable[Any]:
        known = {
            str(each["properties"]["customerId"]).lower(): each
            for each in self._world.resources.of_type(TYPE)
        }
        workspace = known.get(customer_id.lower())
        if workspace is None:
            raise ArmRefusal(
                404, "WorkspaceNotFoundError", f"The workspace {customer_id} could not be found"
            )
        if not self._may_query(workspace, query, caller):
            raise _forbid(caller)
        return chain.from_iterable(
            self._rows(gateway["id"], query)
            for gateway in self._world.resources.of_type(GATEWAYS)
            for target in self._diagnostics.targets(gateway["id"])
            if target.workspace_id == workspace["id"].lower() and target.table == query.table
        )

    def _rows(self, gateway_id: str, query: Query) -> Iterator[Mapping[str, Any]]:
        now_s = self._world.clock.now().timestamp()
        return self.archive.rows(gateway_id, query.table, now_s)


def _render(query: Query, rows: list[list[Any]]) -> dict[str, Any]:
    return {
        "name": "PrimaryResult",
        "columns": [
            {"name": name, "type": _type_of(row[number] for row in rows)}
            for number, name in enumerate(query.columns)
        ],
        "rows": [[_show(value) for value in row] for row in rows],
    }


def _type_of(values: Iterable[Any]) -> str:
    first = next((value for value in values if value is not None), "")
    return next((name for kind, name in _TYPES if isinstance(first, kind)), "string")


def _show(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value


def _refuse_query(error: KustoError) -> ArmRefusal:
    refusal = ArmRefusal(400, "BadArgumentError", "The request had some invalid properties")
    refusal.inner = {"code": error.code, "message": error.message}
    return refusal


def _forbid(caller: Caller) -> ArmRefusal:
    message = "The provided credentials have insufficient access to perform the requested operation"
    refusal = ArmRefusal(403, "InsufficientAccessError", message)
    refusal.inner = {
        "code": "AuthorizationFailedError",
        "message": f"User '{caller.object_id}' does not have access to read logs for this resource",
    }
    return refusal
