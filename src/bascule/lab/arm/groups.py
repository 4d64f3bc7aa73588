"""Resource groups, and the lists of what is in them; deleting one deletes all that it holds."""

import re
from collections.abc import Callable
from typing import Any, Final

from bascule.lab.arm.answers import answer_location
from bascule.lab.arm.dispatch import Dispatcher, group_not_found
from bascule.lab.arm.odata import matches, parse_filter
from bascule.lab.arm.operations import Operation, OperationFailedError
from bascule.lab.arm.paths import ArmPath, parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest, Caller
from bascule.lab.arm.subscriptions import REGIONS, SubscriptionPages, region_of
from bascule.lab.arm.world import ArmWorld

GROUP: Final = "Microsoft.Resources/resourceGroups"
DELETE: Final = "group.delete"
DELETE_LIMIT_S: Final = 3_600.0
"""What is not gone by then makes the deletion fail."""
WAIT_S: Final = 0.05
_NAME: Final = re.compile(r"^[-\w._()]{1,90}(?<!\.)$")
_SHOWN: Final = ("id", "name", "type", "kind", "location", "sku", "identity", "zones", "tags")
_FIRST: Final = (
    "microsoft.containerservice/managedclusters",
    "microsoft.network/applicationgateways",
)
"""What is deleted first, since it uses the rest."""


class CorePages:
    """Answers what belongs to no resource provider; who has no role sees no subscription."""

    def __init__(
        self,
        world: ArmWorld,
        dispatcher: Dispatcher,
        *,
        has_role: Callable[[Caller], bool] = lambda _caller: True,
    ) -> None:
        self._world = world
        self._dispatcher = dispatcher
        self._has_role = has_role
        self._subscriptions = SubscriptionPages(world)

    async def handle(self, request: ArmRequest) -> ArmReply:
        """Answer a request. Raises ArmRefusal."""
        path = request.path
        parts = tuple(part.lower() for part in path.parts)
        if path.group and not path.namespace and not parts:
            return self._group(request)
        if path.subscription and parts == ("resourcegroups",):
            return ArmReply(body={"value": self._list_groups(request)})
        if path.subscription and parts == ("resources",):
            return ArmReply(body={"value": self._list_resources(request)})
        if parts == ("subscriptions",) and not self._has_role(request.caller):
            return ArmReply(body={"value": []})
        reply = self._subscriptions.answer(request)
        if reply is None:
            raise ArmRefusal(404, "NotFound", f"There is nothing at {path.text}.")
        return reply

    # Groups.

    def _group(self, request: ArmRequest) -> ArmReply:
        match request.method:
            case "PUT":
                return self._put(request)
            case "PATCH":
                return self._patch(request)
            case "DELETE":
                return self._delete(request)
            case "GET" | "HEAD":
                return ArmReply(body=self._find(request.path))
            case _:
                raise ArmRefusal(405, "MethodNotAllowed", f"{request.method} is not allowed here.")

    def _find(self, path: ArmPath) -> dict[str, Any]:
        found = self._world.resources.find(path.scope)
        if found is None:
            raise group_not_found(path.group)
        return found

    def _put(self, request: ArmRequest) -> ArmReply:
        path, body = request.path, request.body or {}
        location = region_of(str(body.get("location", "")))
        if not _NAME.match(path.group):
            raise ArmRefusal(
                400, "InvalidResourceGroup", f"The resource group name '{path.group}' is invalid."
            )
        self._check_location(location)
        existing = self._world.resources.find(path.scope)
        if existing is not None:
            _check_change(existing, location)
        document = {
            "id": f"/subscriptions/{path.subscription}/resourceGroups/{path.group}",
            "name": path.group,
            "type": GROUP,
            "location": location,
            "properties": {"provisioningState": "Succeeded"},
        }
        if existing is not None:
            document |= {"id": existing["id"], "name": existing["name"]}
        document |= {key: body[key] for key in ("tags", "managedBy") if body.get(key) is not None}
        self._world.resources.put(document)
        return ArmReply(status=200 if existing else 201, body=document)

    def _check_location(self, location: str) -> None:
        if not location:
            raise ArmRefusal(
                400, "LocationRequired", "The location property is required for this definition."
            )
        if location not in REGIONS:
            raise ArmRefusal(
                400,
                "LocationNotAvailableForResourceGroup",
                f"The provided location '{location}' is not available for resource group. "
                f"List of available regions is '{','.join(REGIONS)}'.",
            )

    def _patch(self, request: ArmRequest) -> ArmReply:
        document = self._find(request.path)
        body = request.body or {}
        document |= {key: body[key] for key in ("tags", "managedBy") if body.get(key) is not None}
        self._world.resources.put(document)
        return ArmReply(body=document)

    # Lists.

    def _list_groups(self, request: ArmRequest) -> list[dict[str, Any]]:
        found = self._world.resources.of_type(GROUP, request.path.scope)
        return [each for each in found if _fits(request, each)]

    def _list_resources(self, request: ArmRequest) -> list[dict[str, Any]]:
        return [
            {key: each[key] for key in _SHOWN if key in each}
            for each in self._world.resources.below(request.path.scope)
            if is_top_level(each) and _fits(request, each)
        ]

    # Deletion.

    def _delete(self, request: ArmRequest) -> ArmReply:
        document = self._find(request.path)
        running = self._world.operations.running_on(document["id"])
        if running is None:
            document["properties"]["provisioningState"] = "Deleting"
            self._world.resources.put(document)
            running = self._world.operations.begin(
                "DeleteResourceGroup",
                document["id"],
                duration_s=self._world.durations.draw_s(DELETE),
                work=lambda operation: self._empty(request, operation),
                kind=DELETE,
            )
        return answer_location(self._world, request, running)

    async def _empty(self, request: ArmRequest, operation: Operation) -> None:
        """Delete what the group holds, users before what they use, then the group."""
        clock, resources = self._world.clock, self._world.resources
        deadline_s = clock.monotonic_s() + DELETE_LIMIT_S
        refusals: dict[str, str] = {}
        while left := self._left(operation.resource_id):
            refusals = {}
            for resource_id in left:
                await self._delete_one(request, resource_id, refusals)
            if clock.monotonic_s() > deadline_s or len(refusals) == len(left) == len(
                self._left(operation.resource_id)
            ):
                self._give_up(operation.resource_id, refusals)
            await clock.sleep_until(clock.monotonic_s() + WAIT_S)
        await clock.sleep_until(operation.begun_s + operation.duration_s)
        resources.remove(operation.resource_id)

    def _left(self, group_id: str) -> list[str]:
        """Return the ids of what is left, gateways and clusters first."""
        found = [each for each in self._world.resources.below(group_id) if is_top_level(each)]
        first = [each["id"] for each in found if each["type"].lower() in _FIRST]
        return first or [each["id"] for each in found]

    async def _delete_one(
        self, request: ArmRequest, resource_id: str, refusals: dict[str, str]
    ) -> None:
        if self._world.operations.running_on(resource_id) is not None:
            return
        asked = ArmRequest(
            method="DELETE",
            path=parse_path(resource_id),
            caller=request.caller,
            query={"api-version": request.query.get("api-version", "")},
            correlation_id=request.correlation_id,
        )
        try:
            await self._dispatcher.handle(asked)
        except ArmRefusal as refusal:
            if refusal.status != 404:
                refusals[resource_id] = f"{refusal.code}: {refusal.message}"
            else:
                self._world.resources.remove(resource_id)

    def _give_up(self, group_id: str, refusals: dict[str, str]) -> None:
        document = self._world.resources.find(group_id)
        if document is not None:
            document["properties"]["provisioningState"] = "Succeeded"
            self._world.resources.put(document)
        told = "; ".join(f"{each} ({why})" for each, why in sorted(refusals.items()))
        raise OperationFailedError(
            "ResourceGroupDeletionBlocked",
            f"Deletion of the resource group failed as resources could not be deleted: {told}.",
        )


def is_top_level(document: dict[str, Any]) -> bool:
    """Say whether a document is a resource of its own, not a part of one nor a setting on one."""
    path = parse_path(document["id"])
    is_setting = path.namespace.lower() in {"microsoft.authorization", "microsoft.resources"}
    return bool(path.namespace and path.group) and len(path.parts) == 2 and not is_setting


def _fits(request: ArmRequest, document: dict[str, Any]) -> bool:
    seen = {
        **document,
        "resourceType": document.get("type", ""),
        "resourceGroup": parse_path(document["id"]).group,
    }
    conditions = parse_filter(request.query.get("$filter", ""))
    named = {each.value for each in conditions if each.field.lower() == "tagname"}
    values = {each.value for each in conditions if each.field.lower() == "tagvalue"}
    tags = document.get("tags") or {}
    if any(name not in tags or (values and tags[name] not in values) for name in named):
        return False
    others = tuple(each for each in conditions if not each.field.lower().startswith("tag"))
    return matches(others, seen)


def _check_change(existing: dict[str, Any], location: str) -> None:
    if existing["properties"]["provisioningState"] == "Deleting":
        raise ArmRefusal(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{existing['name']}' is in deprovisioning state and cannot "
            "perform this operation.",
        )
    if existing["location"] != location:
        raise ArmRefusal(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in "
            f"location '{existing['location']}'.",
        )
