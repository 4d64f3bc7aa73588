"""The other types of Microsoft.Network: documents that are kept, and held to who refers to them.

Security groups, route tables, NAT gateways, private endpoints, private DNS zones and firewall
policies, made and changed at once. Rules of a security group and routes of a route table live in
their parent.
"""

from bascule.lab.arm.network.attachments import PRIVATE_ENDPOINTS, attach, detach
from bascule.lab.arm.network.documents import (
    NAMESPACE,
    SUCCEEDED,
    check_conditions,
    id_of,
    list_documents,
    location_of,
    new_etag,
    no_parent,
    not_allowed,
    not_found,
    parent_id,
    read_body,
    spelled,
    type_of,
    without_nulls,
)
from bascule.lab.arm.network.references import check_reference, subnets_that_use
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

_INNER = {"securityrules", "routes"}
"""Children that their parent's document holds, in the property of the same name."""

_SUBNET_PROPERTY = {
    "networksecuritygroups": "networkSecurityGroup",
    "routetables": "routeTable",
    "natgateways": "natGateway",
}
_GLOBAL = {"privatednszones", "dnszones", "virtualnetworklinks"}


class PlainResources:
    """Answers every path of types that have no ways of their own."""

    def __init__(self, world: ArmWorld) -> None:
        self._world = world

    def handle(self, request: ArmRequest) -> ArmReply:
        """Answer. Raises ArmRefusal."""
        path = request.path
        if path.is_collection and request.method == "GET":
            return self._list(request)
        if path.is_collection:
            raise not_allowed(request)
        if path.parts[-2].lower() in _INNER:
            return self._inner(request)
        previous = self._world.resources.find(path.text)
        match request.method:
            case "PUT":
                return self._put(request, previous)
            case "DELETE" if previous is None:
                return ArmReply(status=204)
            case "GET" | "PATCH" | "DELETE" if previous is None:
                raise not_found(path)
            case "GET" if previous is not None:
                return ArmReply(body=self._shown(previous), headers={"ETag": previous["etag"]})
            case "PATCH" if previous is not None:
                return self._patch(request, previous)
            case "DELETE" if previous is not None:
                return self._delete(request, previous)
        raise not_allowed(request)

    def _list(self, request: ArmRequest) -> ArmReply:
        path = request.path
        if len(path.parts) == 1:
            return list_documents(self._world, path, self._shown)
        parent_text, _, kind = path.text.rstrip("/").rpartition("/")
        parent = self._world.resources.find(parent_text)
        if parent is None:
            raise not_found(path)
        if kind.lower() in _INNER:
            return ArmReply(body={"value": parent["properties"].get(spelled(kind)) or []})
        found = self._world.resources.of_type(type_of(path), parent_text)
        return ArmReply(body={"value": [self._shown(each) for each in found]})

    def _put(self, request: ArmRequest, previous: Document | None) -> ArmReply:
        check_conditions(request, previous, previous["etag"] if previous else "")
        path = request.path
        body = without_nulls(read_body(request))
        if len(path.names) > 1 and self._world.resources.find(parent_id(path)) is None:
            raise no_parent(path)
        if path.parts[-2].lower() in _GLOBAL:
            location = "global"
        elif len(path.names) > 1:
            location = str(body.get("location", ""))
        else:
            location = location_of(body, previous)
        document: Document = {
            "name": previous["name"] if previous is not None else path.name,
            "id": previous["id"] if previous is not None else id_of(path),
            "etag": new_etag(self._world),
            "type": type_of(path),
            **({"location": location} if location else {}),
            **{name: body[name] for name in ("tags", "zones", "sku", "identity") if name in body},
            "properties": {**body["properties"], "provisioningState": SUCCEEDED},
        }
        self._complete(document)
        subnet = document["properties"].get("subnet")
        if document["type"].endswith("/privateEndpoints") and subnet:
            check_reference(self._world.resources, subnet, document["id"])
            attach(self._world.resources, subnet["id"], [document["id"]], use=PRIVATE_ENDPOINTS)
        self._world.resources.put(document)
        status = 200 if previous is not None else 201
        return ArmReply(status=status, body=self._shown(document))

    def _complete(self, document: Document) -> None:
        properties = document["properties"]
        properties.pop("subnets", None)
        for collection in ("securityRules", "routes"):
            for child in properties.get(collection) or ():
                self._stamp_inner(document, collection, child)
        if document["type"] == f"{NAMESPACE}/networkSecurityGroups":
            properties.setdefault("securityRules", [])
            properties["defaultSecurityRules"] = [
                _default_rule(document, *rule) for rule in _DEFAULT_RULES
            ]
        elif document["type"] == f"{NAMESPACE}/routeTables":
            properties.setdefault("routes", [])
            properties.setdefault("disableBgpRoutePropagation", False)

    def _stamp_inner(self, parent: Document, collection: str, child: Document) -> None:
        child["id"] = f"{parent['id']}/{collection}/{child.get('name', '')}"
        child["etag"] = parent["etag"]
        child["type"] = f"{parent['type']}/{collection}"
        child.setdefault("properties", {})["provisioningState"] = SUCCEEDED

    def _patch(self, request: ArmRequest, document: Document) -> ArmReply:
        document["tags"] = dict((request.body or {}).get("tags") or {})
        document["etag"] = new_etag(self._world)
        self._world.resources.put(document)
        return ArmReply(body=self._shown(document))

    def _delete(self, request: ArmRequest, document: Document) -> ArmReply:
        check_conditions(request, document, document["etag"])
        users = self._subnets_of(document)
        if users:
            kind = document["type"].rpartition("/")[2]
            singular = kind[0].upper() + kind[1:].removesuffix("s")
            raise ArmRefusal(
                400,
                f"InUse{singular}CannotBeDeleted",
                f"{singular} {document['id']} cannot be deleted because it is in use by the "
                f"following resources: {', '.join(users)}. In order to delete it, remove the "
                "association with the resource(s).",
            )
        subnet = document["properties"].get("subnet")
        if document["type"].endswith("/privateEndpoints") and subnet:
            detach(self._world.resources, subnet["id"], document["id"])
        self._world.resources.remove(document["id"])
        return ArmReply(status=200)

    def _shown(self, document: Document) -> Document:
        users = self._subnets_of(document)
        if users:
            document["properties"]["subnets"] = [{"id": each} for each in users]
        return document

    def _subnets_of(self, document: Document) -> list[str]:
        name = _SUBNET_PROPERTY.get(document["type"].rpartition("/")[2].lower())
        if name is None:
            return []
        return list(subnets_that_use(self._world.resources, name, document["id"]))

    def _inner(self, request: ArmRequest) -> ArmReply:
        path = request.path
        parent = self._world.resources.find(parent_id(path))
        if parent is None:
            raise no_parent(path) if request.method == "PUT" else not_found(path)
        collection = spelled(path.parts[-2])
        held = parent["properties"].setdefault(collection, [])
        found = next((each for each in held if each["name"].lower() == path.name.lower()), None)
        kept = [each for each in held if each is not found]
        match request.method:
            case "PUT":
                body = without_nulls(read_body(request))
                name = found["name"] if found is not None else path.name
                child: Document = {"name": name, "properties": body["properties"]}
                self._keep_inner(parent, collection, [*kept, child])
                return ArmReply(status=200 if found is not None else 201, body=child)
            case "DELETE" if found is None:
                return ArmReply(status=204)
            case "DELETE":
                self._keep_inner(parent, collection, kept)
                return ArmReply(status=200)
            case "GET" if found is not None:
                return ArmReply(body=found)
            case "GET":
                raise not_found(path)
            case _:
                raise not_allowed(request)

    def _keep_inner(self, parent: Document, collection: str, members: list[Document]) -> None:
        parent["properties"][collection] = members
        parent["etag"] = new_etag(self._world)
        self._complete(parent)
        self._world.resources.put(parent)


_DEFAULT_RULES = (
    ("AllowVnetInBound", 65_000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65_001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65_500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65_000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65_001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65_500, "Outbound", "Deny", "*", "*"),
)


def _default_rule(  # noqa: PLR0917 - one row of the table above
    group: Document, name: str, priority: int, direction: str, access: str, source: str, to: str
) -> Document:
    return {
        "name": name,
        "id": f"{group['id']}/defaultSecurityRules/{name}",
        "etag": group["etag"],
        "type": f"{group['type']}/defaultSecurityRules",
        "properties": {
            "provisioningState": SUCCEEDED,
            "protocol": "*",
            "sourcePortRange": "*",
            "destinationPortRange": "*",
            "sourceAddressPrefix": source,
            "destinationAddressPrefix": to,
            "access": access,
            "priority": priority,
            "direction": direction,
        },
    }
