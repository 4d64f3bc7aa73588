"""Diagnostic settings of gateways: which logs go to which workspaces.

https://learn.microsoft.com/rest/api/monitor/diagnostic-settings/create-or-update. Other places than
workspaces are kept, and nothing is sent there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bascule.lab.arm.dispatch import resource_not_found
from bascule.lab.arm.logs.entries import CATEGORY, DEDICATED, SHARED
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document, ResourceStore

TYPE: Final = "Microsoft.Insights/diagnosticSettings"
GATEWAYS: Final = "microsoft.network/applicationgateways"
SETTINGS_MAX: Final = 5
CATEGORIES: Final = (CATEGORY, "ApplicationGatewayPerformanceLog", "ApplicationGatewayFirewallLog")
GROUPS: Final = ("allLogs",)
_PLACES: Final = (
    "eventHubAuthorizationRuleId",
    "marketplacePartnerId",
    "storageAccountId",
    "workspaceId",
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a gateway's access log goes."""

    workspace_id: str
    table: str


class Diagnostics:
    """Answers at `RESOURCE/providers/Microsoft.Insights/diagnosticSettings`."""

    def __init__(self, resources: ResourceStore) -> None:
        self._resources = resources

    def targets(self, gateway_id: str) -> Iterator[Target]:
        """Yield where the access log of a gateway goes."""
        for setting in self._resources.of_type(TYPE, gateway_id):
            properties = setting["properties"]
            wanted = any(
                each["enabled"] and (each["category"] == CATEGORY or each["categoryGroup"])
                for each in properties["logs"]
            )
            workspace = properties["workspaceId"]
            if wanted and workspace:
                is_dedicated = properties["logAnalyticsDestinationType"] == "Dedicated"
                yield Target(workspace.lower(), DEDICATED if is_dedicated else SHARED)

    def handle(self, request: ArmRequest) -> ArmReply:
        """Answer. Raises ArmRefusal."""
        path = request.path
        resource = self._resources.find(path.scope)
        if resource is None:
            raise resource_not_found(parse_path(path.scope))
        if str(resource["type"]).lower() != GATEWAYS:
            raise _bad(f"Resource type '{resource['type']}' does not support diagnostic settings.")
        if path.is_collection:
            found = self._resources.of_type(TYPE, path.scope)
            return ArmReply(body={"value": list(found)})
        existing = self._resources.find(path.text)
        match request.method:
            case "PUT":
                document = self._write(request)
                self._resources.put(document)
                return ArmReply(body=document)
            case "DELETE":
                self._resources.remove(path.text)
                return ArmReply(status=200 if existing else 204)
            case _ if existing is not None:
                return ArmReply(body=existing)
            case _:
                raise resource_not_found(path)

    def _write(self, request: ArmRequest) -> Document:
        path, body = request.path, request.body or {}
        said: Mapping[str, Any] = body.get("properties") or {}
        places = {name: said.get(name) for name in _PLACES}
        if not any(places.values()):
            raise _bad("At least one sink needs to be specified.")
        workspace = places["workspaceId"]
        if workspace and self._resources.find(workspace) is None:
            raise resource_not_found(parse_path(workspace))
        others = [
            each
            for each in self._resources.of_type(TYPE, path.scope)
            if each["name"].lower() != path.name.lower()
        ]
        if len(others) >= SETTINGS_MAX:
            raise _bad(f"A resource has {SETTINGS_MAX} diagnostic settings at most.")
        return {
            "id": f"{path.scope}/providers/{TYPE}/{path.name}",
            "type": TYPE,
            "name": path.name,
            "location": None,
            "kind": None,
            "tags": None,
            "properties": {
                **places,
                "logAnalyticsDestinationType": said.get("logAnalyticsDestinationType"),
                "logs": [_read_log(each) for each in said.get("logs") or ()],
                "metrics": [dict(each) for each in said.get("metrics") or ()],
            },
            "identity": None,
        }


def _read_log(said: Mapping[str, Any]) -> dict[str, Any]:
    category, group = said.get("category"), said.get("categoryGroup")
    if bool(category) is bool(group):
        raise _bad("A log names a category or a category group.")
    known = {each.lower(): each for each in (CATEGORIES if category else GROUPS)}
    named = str(category or group)
    if named.lower() not in known:
        raise _bad(f"Category '{named}' is not supported.")
    found = known[named.lower()]
    return {
        "category": found if category else None,
        "categoryGroup": found if group else None,
        "enabled": said.get("enabled") is True,
        "retentionPolicy": {"days": 0, "enabled": False},
    }


def _bad(message: str) -> ArmRefusal:
    return ArmRefusal(400, "BadRequest", message)
