"""Microsoft.ManagedIdentity: identities that users make, and who may act as them from outside."""

from typing import Any, Final

from typing_extensions import override

from bascule.lab.arm.authorization.principals import Principal, Principals
from bascule.lab.arm.dispatch import resource_not_found
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld, Provider

IDENTITIES: Final = "Microsoft.ManagedIdentity/userAssignedIdentities"
CREDENTIALS: Final = f"{IDENTITIES}/federatedIdentityCredentials"
CREDENTIALS_MAX: Final = 20


class IdentityProvider(Provider):
    """User assigned identities, and their federated credentials; all of it is done at once."""

    namespace = "Microsoft.ManagedIdentity"

    def __init__(self, world: ArmWorld, principals: Principals) -> None:
        self._world = world
        self._principals = principals

    @override
    async def handle(self, request: ArmRequest) -> ArmReply:
        match request.path.kind:
            case "microsoft.managedidentity/userassignedidentities":
                return self._identity(request)
            case "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials":
                return self._credential(request)
            case _:
                raise resource_not_found(request.path)

    # Identities.

    def _identity(self, request: ArmRequest) -> ArmReply:
        resources = self._world.resources
        if request.path.is_collection:
            found = resources.of_type(IDENTITIES, request.path.scope)
            return ArmReply(body={"value": list(found)})
        existing = resources.find(request.path.text)
        match request.method:
            case "PUT" | "PATCH":
                document = self._written(request, existing)
                resources.put(document)
                return ArmReply(status=200 if existing else 201, body=document)
            case "DELETE":
                return self._delete(request, existing)
            case _ if existing is not None:
                return ArmReply(body=existing)
            case _:
                raise resource_not_found(request.path)

    def _written(self, request: ArmRequest, existing: Document | None) -> Document:
        body: dict[str, Any] = request.body or {}
        if existing is not None:
            return {**existing, "tags": body.get("tags") or existing["tags"]}
        if request.method == "PATCH":
            raise resource_not_found(request.path)
        name = request.path.name
        principal, client = str(self._world.make_id()), str(self._world.make_id())
        self._principals.add(Principal(id=principal, name=name, app_id=client))
        return {
            "id": f"{request.path.scope.replace('resourceGroups', 'resourcegroups')}/providers/"
            f"{IDENTITIES}/{name}",
            "name": name,
            "type": IDENTITIES,
            "location": body.get("location") or self._world.settings.location,
            "tags": body.get("tags") or {},
            "properties": {
                "isolationScope": "None",
                "tenantId": self._world.settings.tenant_id,
                "principalId": principal,
                "clientId": client,
            },
        }

    def _delete(self, request: ArmRequest, existing: Document | None) -> ArmReply:
        if existing is None:
            return ArmReply(status=204)
        self._principals.remove(existing["properties"]["principalId"])
        self._world.resources.remove(request.path.text)
        return ArmReply(status=200)

    # Federated credentials.

    def _credential(self, request: ArmRequest) -> ArmReply:
        resources = self._world.resources
        parent = request.path.text.rstrip("/").lower().rpartition("/federatedidentitycredentials")
        identity = resources.find(parent[0])
        if identity is None:
            raise resource_not_found(request.path)
        if request.path.is_collection:
            return ArmReply(body={"value": list(resources.of_type(CREDENTIALS, identity["id"]))})
        existing = resources.find(request.path.text)
        match request.method:
            case "PUT":
                document = self._new_credential(request, identity, existing)
                resources.put(document)
                return ArmReply(status=200 if existing else 201, body=document)
            case "DELETE":
                resources.remove(request.path.text)
                return ArmReply(status=200 if existing else 204)
            case _ if existing is not None:
                return ArmReply(body=existing)
            case _:
                raise resource_not_found(request.path)

    def _new_credential(
        self, request: ArmRequest, identity: Document, existing: Document | None
    ) -> Document:
        said: dict[str, Any] = (request.body or {}).get("properties") or {}
        properties = {key: said.get(key) for key in ("issuer", "subject", "audiences")}
        missing = [key for key, value in properties.items() if not value]
        if missing:
            raise ArmRefusal(
                400,
                "BadRequest",
                f"The federated identity credential needs a value for {', '.join(missing)}.",
            )
        others = [
            each
            for each in self._world.resources.of_type(CREDENTIALS, identity["id"])
            if each["name"].lower() != request.path.name.lower()
        ]
        if existing is None and len(others) >= CREDENTIALS_MAX:
            raise ArmRefusal(
                400,
                "BadRequest",
                "Too many Federated Identity Credentials have been created for the identity: "
                f"the limit is {CREDENTIALS_MAX}.",
            )
        self._refuse_twin(properties, others)
        return {
            "id": f"{identity['id']}/federatedIdentityCredentials/{request.path.name}",
            "name": request.path.name,
            "type": CREDENTIALS,
            "properties": properties,
        }

    def _refuse_twin(self, properties: dict[str, Any], others: list[Document]) -> None:
        for other in others:
            same = all(other["properties"][key] == properties[key] for key in ("issuer", "subject"))
            if same:
                raise ArmRefusal(
                    409,
                    "Conflict",
                    "Issuer and subject combination already exists for this Managed Identity: "
                    f"federated identity credential {other['name']}.",
                )
