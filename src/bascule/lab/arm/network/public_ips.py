"""Public IP addresses: static ones of 127.255.0.0/16, which clients of the lab really dial."""

from typing import Any

from bascule.lab.arm.answers import answer_begun
from bascule.lab.arm.network.answering import Methods
from bascule.lab.arm.network.attachments import allocate_public_address
from bascule.lab.arm.network.documents import (
    DELETING,
    NAMESPACE,
    UPDATING,
    busy,
    check_conditions,
    id_of,
    list_documents,
    location_of,
    new_etag,
    not_found,
    read_body,
    without_nulls,
)
from bascule.lab.arm.network.finishing import finishing
from bascule.lab.arm.operations import Operation
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

PUBLIC_IP_TYPE = f"{NAMESPACE}/publicIPAddresses"
_DEFAULT_IDLE_MINUTES = 4


class PublicIps:
    """Answers every path below `publicIPAddresses`."""

    def __init__(self, world: ArmWorld) -> None:
        self._world = world

    def handle(self, request: ArmRequest) -> ArmReply:
        """Answer. Raises ArmRefusal."""
        if len(request.path.parts) == 1:
            return list_documents(self._world, request.path, lambda document: document)
        if len(request.path.parts) > 2:
            raise not_found(request.path)
        previous = self._world.resources.find(request.path.text)
        methods = Methods(
            put=self._put,
            patch=self._patch,
            delete=self._delete,
        )
        return methods.answer(request, previous)

    def _put(self, request: ArmRequest, previous: Document | None) -> ArmReply:
        check_conditions(request, previous, previous["etag"] if previous else "")
        self._check_idle(request.path.text)
        body = without_nulls(read_body(request))
        document = self._new_document(request, body, previous)
        self._world.resources.put(document)

        async def work(operation: Operation) -> None:
            async with finishing(
                self._world, operation, lambda state: self._settle(document, state)
            ):
                pass

        operation = self._begin(document["id"], "PutPublicIpAddressOperation", "publicip.put", work)
        status = 200 if previous is not None else 201
        return answer_begun(self._world, request, operation, status=status, body=document)

    def _new_document(
        self, request: ArmRequest, body: Document, previous: Document | None
    ) -> Document:
        old = previous["properties"] if previous is not None else {}
        sku = {"name": "Basic", "tier": "Regional", **body.get("sku", {})}
        shown_id = previous["id"] if previous is not None else id_of(request.path)
        properties: dict[str, Any] = {
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Dynamic",
            "idleTimeoutInMinutes": _DEFAULT_IDLE_MINUTES,
            "ipTags": [],
            "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
            **body["properties"],
            "provisioningState": UPDATING,
            "resourceGuid": old.get("resourceGuid", str(self._world.make_id())),
        }
        _check_sku(shown_id, sku, properties, previous)
        properties.pop("ipConfiguration", None)
        properties["ipAddress"] = old.get("ipAddress") or allocate_public_address(
            self._world.resources
        )
        if "ipConfiguration" in old:
            properties["ipConfiguration"] = old["ipConfiguration"]
        location = location_of(body, previous)
        if label := properties.get("dnsSettings", {}).get("domainNameLabel"):
            properties["dnsSettings"]["fqdn"] = f"{label}.{location}.cloudapp.localhost"
        return {
            "name": previous["name"] if previous is not None else request.path.name,
            "id": shown_id,
            "etag": new_etag(self._world),
            "type": PUBLIC_IP_TYPE,
            "location": location,
            **{name: body[name] for name in ("tags", "zones") if name in body},
            "sku": sku,
            "properties": properties,
        }

    def _patch(self, request: ArmRequest, document: Document) -> ArmReply:
        document["tags"] = dict((request.body or {}).get("tags") or {})
        document["etag"] = new_etag(self._world)
        self._world.resources.put(document)
        return ArmReply(body=document)

    def _delete(self, request: ArmRequest, document: Document) -> ArmReply:
        check_conditions(request, document, document["etag"])
        self._check_idle(document["id"])
        user = document["properties"].get("ipConfiguration")
        if user:
            raise ArmRefusal(
                400,
                "PublicIPAddressCannotBeDeleted",
                f"Public IP address {document['id']} can not be deleted since it is still "
                f"allocated to resource {user['id']}. In order to delete the public IP, "
                "disassociate/detach the Public IP address from the resource. To learn how to do "
                "this, see aka.ms/deletepublicip.",
            )
        document["properties"]["provisioningState"] = DELETING
        document["etag"] = new_etag(self._world)
        self._world.resources.put(document)

        async def work(operation: Operation) -> None:
            async with finishing(
                self._world, operation, lambda _state: self._world.resources.remove(document["id"])
            ):
                pass

        name = "DeletePublicIpAddressOperation"
        operation = self._begin(document["id"], name, "network.delete", work)
        return answer_begun(self._world, request, operation, status=202, has_location=True)

    def _settle(self, document: Document, state: str) -> None:
        current = self._world.resources.find(document["id"])
        if current is not None:
            current["properties"]["provisioningState"] = state
            current["etag"] = new_etag(self._world)
            self._world.resources.put(current)

    def _check_idle(self, resource_id: str) -> None:
        operation = self._world.operations.running_on(resource_id)
        if operation is not None:
            raise busy(self._world, operation)

    def _begin(self, resource_id: str, name: str, kind: str, work: Any) -> Operation:
        duration_s = self._world.durations.draw_s(kind)
        return self._world.operations.begin(
            name, resource_id, duration_s=duration_s, work=work, kind=kind
        )


def _check_sku(
    shown_id: str, sku: Document, properties: Document, previous: Document | None
) -> None:
    if sku["name"] == "Basic":
        raise ArmRefusal(
            400,
            "IPv4BasicSkuPublicIpCountLimitReached",
            "Cannot create more than 0 IPv4 Basic SKU public IP addresses for this subscription in "
            "this region.",
        )
    if properties["publicIPAllocationMethod"] != "Static":
        raise ArmRefusal(
            400,
            "StandardSkuPublicIPAddressMustBeStatic",
            f"Standard sku publicIp {shown_id} must have AllocationMethod set to Static.",
        )
    if previous is not None and previous["sku"]["name"] != sku["name"]:
        raise ArmRefusal(
            400,
            "PublicIPAddressSkuCannotBeChanged",
            f"The sku of public IP address {shown_id} cannot be changed from "
            f"{previous['sku']['name']} to {sku['name']}.",
        )
