"""Microsoft.OperationalInsights: workspaces, made and changed at once; each has an id of its own.

https://learn.microsoft.com/rest/api/loganalytics/workspaces/create-or-update.
"""

from typing import Any, Final

from typing_extensions import override

from bascule.lab.arm.dispatch import resource_not_found
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld, Provider

TYPE: Final = "Microsoft.OperationalInsights/workspaces"
BY_RESOURCE: Final = "enableLogAccessUsingOnlyResourcePermissions"
RETENTION_DAYS: Final = 30


class WorkspacesProvider(Provider):
    """Answers below `Microsoft.OperationalInsights`."""

    namespace = "Microsoft.OperationalInsights"

    def __init__(self, world: ArmWorld) -> None:
        self._world = world

    @override
    async def handle(self, request: ArmRequest) -> ArmReply:
        path = request.path
        if path.kind != TYPE.lower():
            raise resource_not_found(path)
        resources = self._world.resources
        if path.is_collection:
            return ArmReply(body={"value": list(resources.of_type(TYPE, path.scope))})
        existing = resources.find(path.text)
        match request.method:
            case "PUT" | "PATCH":
                document = self._write(request, existing)
                resources.put(document)
                return ArmReply(status=200 if existing else 201, body=document)
            case "DELETE":
                resources.remove(path.text)
                return ArmReply(status=200 if existing else 204)
            case _ if existing is not None:
                return ArmReply(body=existing)
            case _:
                raise resource_not_found(path)

    def _write(self, request: ArmRequest, existing: Document | None) -> Document:
        body: dict[str, Any] = request.body or {}
        if existing is None and request.method == "PATCH":
            raise resource_not_found(request.path)
        if existing is None and not body.get("location"):
            raise ArmRefusal(400, "LocationRequired", "The location property is required.")
        said: dict[str, Any] = body.get("properties") or {}
        before: dict[str, Any] = existing["properties"] if existing is not None else {}
        path = request.path
        return {
            "id": f"{path.scope}/providers/{TYPE}/{path.name}",
            "name": path.name,
            "type": TYPE,
            "location": existing["location"] if existing is not None else body["location"],
            "tags": body.get("tags") or (existing or {}).get("tags") or {},
            "properties": {
                "customerId": before.get("customerId") or str(self._world.make_id()),
                "provisioningState": "Succeeded",
                "sku": said.get("sku") or before.get("sku") or {"name": "PerGB2018"},
                "retentionInDays": said.get("retentionInDays") or RETENTION_DAYS,
                "features": {
                    BY_RESOURCE: True,
                    **before.get("features", {}),
                    **(said.get("features") or {}),
                },
                "publicNetworkAccessForIngestion": "Enabled",
                "publicNetworkAccessForQuery": "Enabled",
            },
        }
