"""Microsoft.Authorization: answers below any scope of the lab's Azure."""

from collections.abc import Callable, Iterable
from typing import Any

from typing_extensions import override

from bascule.lab.arm.authorization.authorizer import ASSIGNMENTS, DEFINITIONS, LOCKS, Authorizer
from bascule.lab.arm.authorization.decision import scope_key
from bascule.lab.arm.authorization.pages import (
    lies_in,
    read_filter,
    render_built_in,
    render_permissions,
)
from bascule.lab.arm.authorization.principals import Principals
from bascule.lab.arm.authorization.roles import BUILT_IN
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld, Provider

POLICY_ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
_TYPE_BY_KIND = {
    name.lower(): name for name in (ASSIGNMENTS, DEFINITIONS, LOCKS, POLICY_ASSIGNMENTS)
}
_EMPTY = frozenset({"microsoft.authorization/denyassignments"})
_PREVIEW = "/providers/Microsoft.Authorization"


class AuthorizationProvider(Provider):
    """Keeps role assignments, custom roles, locks and policy assignments in the store."""

    namespace = "Microsoft.Authorization"

    def __init__(self, world: ArmWorld, principals: Principals) -> None:
        self._world = world
        self._principals = principals
        self._authorizer = Authorizer(world)
        self.on_change: Callable[[], None] = lambda: None
        """Called after each change of who has which role."""

    def grant(self, principal_id: str, role_name: str, scope: str) -> None:
        """Give somebody a built-in role, as the lab does for its own first administrator."""
        role = next(role for role in BUILT_IN if role.name == role_name)
        name = str(self._world.make_id())
        definition = render_built_in(role, self._world.settings.subscription_id)["id"]
        self._world.resources.put(
            self._assignment(scope, name, {"roleDefinitionId": definition}, principal_id)
        )

    @override
    async def handle(self, request: ArmRequest) -> ArmReply:
        kind = request.path.kind
        if kind == "microsoft.authorization/permissions":
            return self._permissions(request)
        if kind in _EMPTY:
            return ArmReply(body={"value": []})
        if kind not in _TYPE_BY_KIND:
            raise _not_found(request)
        if request.path.is_collection:
            return ArmReply(body={"value": list(self._list(request))})
        match request.method:
            case "GET" | "HEAD":
                return ArmReply(body=self._get(request))
            case "PUT":
                return self._put(request)
            case "DELETE":
                return self._delete(request)
            case _:
                raise _not_found(request)

    # Reading.

    def _permissions(self, request: ArmRequest) -> ArmReply:
        grants = self._authorizer.grants_of(request.caller.object_id)
        scope = request.path.scope
        value = [render_permissions(each.role) for each in grants if each.holds_at(scope)]
        return ArmReply(body={"value": value})

    def _get(self, request: ArmRequest) -> Document:
        found = self._world.resources.find(request.path.text)
        if found is None and request.path.kind == DEFINITIONS.lower():
            found = next(
                (each for each in self._definitions(request) if _has_name(each, request)), None
            )
        if found is None:
            raise _not_found(request)
        return found

    def _list(self, request: ArmRequest) -> Iterable[Document]:
        conditions = read_filter(request.query.get("$filter", ""))
        if request.path.kind == DEFINITIONS.lower():
            return self._chosen_definitions(request, conditions)
        at_scope_only = "atscope" in conditions
        found = (
            document
            for document in self._world.resources.of_type(_TYPE_BY_KIND[request.path.kind])
            if lies_in(_scope_of(document), request.path.scope, at_scope_only=at_scope_only)
        )
        principal = conditions.get("principalid") or conditions.get("assignedto")
        if principal is None:
            return found
        wanted = principal.lower()
        return (each for each in found if each["properties"]["principalId"].lower() == wanted)

    def _definitions(self, request: ArmRequest) -> list[Document]:
        subscription = request.path.subscription
        custom = [
            document
            for document in self._world.resources.of_type(DEFINITIONS)
            if any(
                lies_in(scope, request.path.scope, at_scope_only=False)
                for scope in document["properties"]["assignableScopes"]
            )
        ]
        return [*(render_built_in(role, subscription) for role in BUILT_IN), *custom]

    def _chosen_definitions(
        self, request: ArmRequest, conditions: dict[str, str]
    ) -> Iterable[Document]:
        for document in self._definitions(request):
            properties = document["properties"]
            name, kind = conditions.get("rolename"), conditions.get("type")
            if name is not None and properties["roleName"].lower() != name.lower():
                continue
            if kind is None or properties["type"].lower() == kind.lower():
                yield document

    # Writing.

    def _put(self, request: ArmRequest) -> ArmReply:
        body = request.body if isinstance(request.body, dict) else {}
        properties = body.get("properties") or body.get("Properties") or {}
        existing = self._world.resources.find(request.path.text)
        match _TYPE_BY_KIND[request.path.kind]:
            case "Microsoft.Authorization/roleAssignments":
                document = self._new_assignment(request, properties, existing)
            case "Microsoft.Authorization/roleDefinitions":
                document = self._new_definition(request, properties, existing)
            case kind:
                document = {
                    "properties": properties,
                    "id": request.path.text.rstrip("/"),
                    "type": kind,
                    "name": request.path.name,
                }
        self._world.resources.put(document)
        self.on_change()
        return ArmReply(status=201 if existing is None else 200, body=document)

    def _new_assignment(
        self, request: ArmRequest, properties: dict[str, Any], existing: Document | None
    ) -> Document:
        principal = str(properties.get("principalId", ""))
        definition = str(properties.get("roleDefinitionId", ""))
        role = self._authorizer.role(definition)
        if role is None:
            raise ArmRefusal(
                400,
                "RoleDefinitionDoesNotExist",
                f"The specified role definition with ID '{_last(definition)}' does not exist.",
            )
        if not properties.get("principalType") and not self._principals.is_replicated(principal):
            raise _unknown_principal(principal, self._world.settings.tenant_id)
        self._refuse_twin(request, principal, definition, existing)
        return self._assignment(request.path.scope, request.path.name, properties, principal)

    def _refuse_twin(
        self, request: ArmRequest, principal: str, definition: str, existing: Document | None
    ) -> None:
        wanted = (principal.lower(), _last(definition), scope_key(request.path.scope))
        for document in self._world.resources.of_type(ASSIGNMENTS):
            properties = document["properties"]
            same = (
                properties["principalId"].lower(),
                _last(properties["roleDefinitionId"]),
                scope_key(properties["scope"]),
            )
            if same == wanted:
                raise ArmRefusal(
                    409,
                    "RoleAssignmentExists",
                    "The role assignment already exists. The ID of the existing role assignment "
                    f"is {document['name'].replace('-', '')}.",
                )
        if existing is not None:
            raise ArmRefusal(
                400,
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            )

    def _assignment(
        self, scope: str, name: str, properties: dict[str, Any], principal: str
    ) -> Document:
        now = self._world.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        known = self._principals.find(principal)
        kind = properties.get("principalType") or (known.kind if known else "ServicePrincipal")
        below = scope if scope != "/" else ""
        return {
            "properties": {
                "roleDefinitionId": properties["roleDefinitionId"],
                "principalId": principal,
                "principalType": kind,
                "scope": scope or "/",
                "condition": properties.get("condition"),
                "conditionVersion": properties.get("conditionVersion"),
                "createdOn": now,
                "updatedOn": now,
                "createdBy": None,
                "updatedBy": None,
                "delegatedManagedIdentityResourceId": None,
                "description": properties.get("description"),
            },
            "id": f"{below}{_PREVIEW}/roleAssignments/{name}",
            "type": ASSIGNMENTS,
            "name": name,
        }

    def _new_definition(
        self, request: ArmRequest, properties: dict[str, Any], existing: Document | None
    ) -> Document:
        name = str(properties.get("roleName", ""))
        for document in self._definitions(request):
            if document["name"].lower() == request.path.name.lower():
                continue
            if document["properties"]["roleName"].lower() == name.lower():
                raise ArmRefusal(
                    409,
                    "RoleDefinitionWithSameNameExists",
                    f"A custom role with the same name already exists in this directory: {name}.",
                )
        now = self._world.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        created = existing["properties"]["createdOn"] if existing else now
        subscription = f"/subscriptions/{self._world.settings.subscription_id}"
        return {
            "properties": {
                "roleName": name,
                "type": "CustomRole",
                "description": properties.get("description", ""),
                "assignableScopes": properties.get("assignableScopes") or [request.path.scope],
                "permissions": [
                    {
                        key: list(each.get(key) or ())
                        for key in ("actions", "notActions", "dataActions", "notDataActions")
                    }
                    for each in properties.get("permissions") or [{}]
                ],
                "createdOn": created,
                "updatedOn": now,
                "createdBy": None,
                "updatedBy": None,
            },
            "id": f"{subscription}{_PREVIEW}/roleDefinitions/{request.path.name}",
            "type": DEFINITIONS,
            "name": request.path.name,
        }

    def _delete(self, request: ArmRequest) -> ArmReply:
        document = self._world.resources.find(request.path.text)
        if document is None and request.path.kind == DEFINITIONS.lower():
            named = (each for each in self._definitions(request) if _has_name(each, request))
            document = next(named, None)
        if document is None:
            return ArmReply(status=204)
        if request.path.kind == DEFINITIONS.lower():
            self._refuse_used(document)
        self._world.resources.remove(document["id"])
        self.on_change()
        return ArmReply(body=document)

    def _refuse_used(self, definition: Document) -> None:
        uses = [
            each
            for each in self._world.resources.of_type(ASSIGNMENTS)
            if _last(each["properties"]["roleDefinitionId"]) == definition["name"].lower()
        ]
        if uses:
            raise ArmRefusal(
                400,
                "RoleDefinitionHasAssignments",
                "There are existing role assignments referencing role "
                f"(code: RoleDefinitionHasAssignments): {definition['name']}.",
            )


def _scope_of(document: Document) -> str:
    place = str(document["id"]).lower().rindex("/providers/microsoft.authorization/")
    return str(document["id"])[:place] or "/"


def _has_name(document: Document, request: ArmRequest) -> bool:
    return bool(document["name"].lower() == request.path.name.lower())


def _last(definition_id: str) -> str:
    return definition_id.rstrip("/").rpartition("/")[2].lower()


def _not_found(request: ArmRequest) -> ArmRefusal:
    kind = request.path.parts[0] if request.path.parts else ""
    code = {
        "roleassignments": "RoleAssignmentNotFound",
        "roledefinitions": "RoleDefinitionDoesNotExist",
        "locks": "LockNotFound",
        "policyassignments": "PolicyAssignmentNotFound",
    }.get(kind.lower(), "ResourceNotFound")
    return ArmRefusal(404, code, f"The {kind} '{request.path.name}' was not found.")


def _unknown_principal(principal: str, tenant: str) -> ArmRefusal:
    return ArmRefusal(
        400,
        "PrincipalNotFound",
        f"Principal {principal.replace('-', '')} does not exist in the directory {tenant}. Check "
        "that you have the correct principal ID. If you are creating this principal and then "
        "immediately assigning a role, this error might be related to a replication delay. In "
        "this case, set the role assignment principalType property to a value, such as "
        "ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
    )
