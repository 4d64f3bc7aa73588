"""Virtual networks and their subnets: one document, one etag, one operation at a time."""

from ipaddress import IPv4Address
from typing import Any

from bascule.lab.arm.answers import answer_begun
from bascule.lab.arm.network.address_space import (
    check_space,
    free_addresses,
    is_reserved,
    prefixes_of,
    usable_addresses,
)
from bascule.lab.arm.network.answering import Methods
from bascule.lab.arm.network.attachments import USES, subnet_in, users_of
from bascule.lab.arm.network.documents import (
    DELETING,
    FAILED,
    NAMESPACE,
    SUCCEEDED,
    UPDATING,
    busy,
    check_conditions,
    find_document,
    id_of,
    list_documents,
    location_of,
    new_etag,
    no_parent,
    not_allowed,
    not_found,
    parent_id,
    read_body,
    without_nulls,
)
from bascule.lab.arm.network.finishing import finishing
from bascule.lab.arm.network.peerings import COLLECTION, Peerings
from bascule.lab.arm.network.references import check_reference, managed_clusters_in
from bascule.lab.arm.operations import Operation
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

NETWORK_TYPE = f"{NAMESPACE}/virtualNetworks"
SUBNET_TYPE = f"{NETWORK_TYPE}/subnets"
_REFERRED = ("networkSecurityGroup", "routeTable", "natGateway")
_SUGGESTED = 5


class VirtualNetworks:
    """Answers every path below `virtualNetworks`."""

    def __init__(self, world: ArmWorld) -> None:
        self._world = world
        self._peerings = Peerings(world)

    def recover(self) -> None:
        """Let what was under way before the lab's restart have failed."""
        for network in self._world.resources.of_type(NETWORK_TYPE):
            parts = (network, *_subnets_of(network))
            states = {each["properties"].get("provisioningState", SUCCEEDED) for each in parts}
            if states != {SUCCEEDED}:
                _stamp(network, new_etag(self._world), FAILED)
                self._world.resources.put(network)

    def handle(self, request: ArmRequest) -> ArmReply:
        """Answer. Raises ArmRefusal."""
        parts = request.path.parts
        if len(parts) == 1:
            return list_documents(self._world, request.path, lambda network: network)
        if len(parts) == 2:
            return self._network(request)
        below = parts[2].lower()
        if below == "subnets":
            return self._subnets(request) if len(parts) == 3 else self._subnet(request)
        if below == COLLECTION.lower():
            return self._peerings.handle(request)
        if below == "usages" and request.method == "GET":
            return self._usages(request)
        if below == "checkipaddressavailability" and request.method == "GET":
            return self._availability(request)
        raise not_found(request.path)

    def _network(self, request: ArmRequest) -> ArmReply:
        previous = self._world.resources.find(request.path.text)
        methods = Methods(
            put=self._put_network,
            patch=self._patch,
            delete=self._delete_network,
        )
        return methods.answer(request, previous)

    def _put_network(self, request: ArmRequest, previous: Document | None) -> ArmReply:
        check_conditions(request, previous, previous["etag"] if previous else "")
        self._check_idle(previous)
        body = without_nulls(read_body(request))
        network = self._new_network(request, body, previous)
        before = {each["name"].lower(): each for each in _subnets_of(previous)}
        for subnet in _subnets_of(network):
            self._adopt(network, subnet, before.pop(subnet["name"].lower(), None))
        for subnet in before.values():
            self._check_unused(subnet)
        check_space(network)
        return self._begin(request, network, "PutVirtualNetworkOperation", is_new=previous is None)

    def _new_network(
        self, request: ArmRequest, body: Document, previous: Document | None
    ) -> Document:
        old = previous["properties"] if previous is not None else {}
        subnets = [dict(each) for each in body["properties"].get("subnets") or ()]
        if not all(each.get("name") for each in subnets):
            raise ArmRefusal(400, "InvalidRequestFormat", "A subnet has no name.")
        properties = {
            "enableDdosProtection": False,
            "virtualNetworkPeerings": [],
            **body["properties"],
            "resourceGuid": old.get("resourceGuid", str(self._world.make_id())),
            "subnets": subnets,
        }
        return {
            "name": previous["name"] if previous is not None else request.path.name,
            "id": previous["id"] if previous is not None else id_of(request.path),
            "type": NETWORK_TYPE,
            "location": location_of(body, previous),
            **({"tags": body["tags"]} if "tags" in body else {}),
            "properties": properties,
        }

    def _adopt(self, network: Document, subnet: Document, previous: Document | None) -> None:
        """Make a subnet one of a network; what its earlier self was used by stays."""
        given = {
            name: value
            for name, value in (subnet.get("properties") or {}).items()
            if name not in USES
        }
        properties: dict[str, Any] = {
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
            **given,
        }
        subnet_id = f"{network['id']}/subnets/{subnet['name']}"
        for name in _REFERRED:
            if name in properties:
                check_reference(self._world.resources, properties[name], subnet_id)
        subnet.update({"id": subnet_id, "type": SUBNET_TYPE, "properties": properties})
        if previous is not None:
            old = previous["properties"]
            properties.update({use: old[use] for use in USES if use in old})
            if prefixes_of(subnet) != prefixes_of(previous):
                self._check_unused(previous, "InUseSubnetCannotBeUpdated", "updated")

    def _check_unused(
        self,
        subnet: Document,
        code: str = "InUseSubnetCannotBeDeleted",
        done: str = "deleted",
    ) -> None:
        users = [*users_of(subnet), *managed_clusters_in(self._world.resources, subnet["id"])]
        if users:
            raise ArmRefusal(
                400,
                code,
                f"Subnet {subnet['name']} is in use by {users[0]} and cannot be {done}. In order "
                "to delete the subnet, delete all the resources within the subnet. See "
                "aka.ms/deletesubnet.",
            )

    def _check_idle(self, network: Document | None) -> None:
        if network is None:
            return
        for each in (network, *_subnets_of(network)):
            operation = self._world.operations.running_on(each["id"])
            if operation is not None:
                raise busy(self._world, operation)

    def _delete_network(self, request: ArmRequest, network: Document) -> ArmReply:
        check_conditions(request, network, network["etag"])
        self._check_idle(network)
        for subnet in _subnets_of(network):
            self._check_unused(subnet)
        _stamp(network, new_etag(self._world), DELETING)
        self._world.resources.put(network)

        async def work(operation: Operation) -> None:
            async with finishing(
                self._world, operation, lambda _state: self._world.resources.remove(network["id"])
            ):
                pass

        operation = self._operation(network["id"], "DeleteVirtualNetworkOperation", work)
        return answer_begun(self._world, request, operation, status=202, has_location=True)

    def _patch(self, request: ArmRequest, network: Document) -> ArmReply:
        network["tags"] = dict((request.body or {}).get("tags") or {})
        _stamp(network, new_etag(self._world), network["properties"]["provisioningState"])
        self._world.resources.put(network)
        return ArmReply(body=network)

    def _subnets(self, request: ArmRequest) -> ArmReply:
        if request.method != "GET":
            raise not_allowed(request)
        network = find_document(self._world, parse_path(request.path.text.rpartition("/")[0]))
        return ArmReply(body={"value": _subnets_of(network)})

    def _subnet(self, request: ArmRequest) -> ArmReply:
        network = self._world.resources.find(parent_id(request.path))
        previous = subnet_in(network, request.path.text) if network is not None else None
        match request.method:
            case "PUT" if network is None:
                raise no_parent(request.path)
            case "PUT" if network is not None:
                return self._put_subnet(request, network, previous)
            case "DELETE" if previous is None:
                return ArmReply(status=204)
            case "GET" if previous is None:
                raise not_found(request.path)
            case "GET" if previous is not None:
                return ArmReply(body=previous, headers={"ETag": previous["etag"]})
            case "DELETE" if network is not None and previous is not None:
                return self._delete_subnet(request, network, previous)
        raise not_allowed(request)

    def _put_subnet(
        self, request: ArmRequest, network: Document, previous: Document | None
    ) -> ArmReply:
        check_conditions(request, previous, previous["etag"] if previous else "")
        self._check_idle(network)
        body = without_nulls(read_body(request))
        subnet: Document = {
            "name": previous["name"] if previous is not None else request.path.name,
            "properties": body["properties"],
        }
        self._adopt(network, subnet, previous)
        others = [each for each in _subnets_of(network) if each is not previous]
        network["properties"]["subnets"] = [*others, subnet]
        check_space(network)
        return self._begin(
            request, network, "PutSubnetOperation", is_new=previous is None, subnet_id=subnet["id"]
        )

    def _delete_subnet(self, request: ArmRequest, network: Document, subnet: Document) -> ArmReply:
        check_conditions(request, subnet, subnet["etag"])
        self._check_idle(network)
        self._check_unused(subnet)
        _stamp(network, new_etag(self._world), UPDATING)
        subnet["properties"]["provisioningState"] = DELETING
        self._world.resources.put(network)

        def finish(state: str) -> None:
            current = self._world.resources.find(network["id"])
            if current is None:
                return
            if state == SUCCEEDED:
                current["properties"]["subnets"] = [
                    each for each in _subnets_of(current) if each["id"] != subnet["id"]
                ]
            _stamp(current, new_etag(self._world), state)
            self._world.resources.put(current)

        async def work(operation: Operation) -> None:
            async with finishing(self._world, operation, finish):
                pass

        operation = self._operation(subnet["id"], "DeleteSubnetOperation", work)
        return answer_begun(self._world, request, operation, status=202, has_location=True)

    def _begin(
        self,
        request: ArmRequest,
        network: Document,
        name: str,
        *,
        is_new: bool,
        subnet_id: str = "",
    ) -> ArmReply:
        _stamp(network, new_etag(self._world), UPDATING)
        self._world.resources.put(network)

        def finish(state: str) -> None:
            current = self._world.resources.find(network["id"])
            if current is not None:
                _stamp(current, new_etag(self._world), state)
                self._world.resources.put(current)

        async def work(operation: Operation) -> None:
            async with finishing(self._world, operation, finish):
                pass

        operation = self._operation(subnet_id or network["id"], name, work)
        body = subnet_in(network, subnet_id) if subnet_id else network
        return answer_begun(
            self._world, request, operation, status=201 if is_new else 200, body=body
        )

    def _operation(self, resource_id: str, name: str, work: Any) -> Operation:
        kind = "network.delete"
        if name.startswith("Put"):
            kind = "subnet.put" if "Subnet" in name else "vnet.put"
        duration_s = self._world.durations.draw_s(kind)
        return self._world.operations.begin(
            name, resource_id, duration_s=duration_s, work=work, kind=kind
        )

    def _usages(self, request: ArmRequest) -> ArmReply:
        network = find_document(self._world, parse_path(request.path.text.rpartition("/")[0]))
        values = [
            {
                "id": subnet["id"],
                "currentValue": len(list(users_of(subnet))),
                "limit": usable_addresses(subnet),
                "name": {"value": "SubnetSpace", "localizedValue": "Subnet size and usage"},
                "unit": "Count",
            }
            for subnet in _subnets_of(network)
        ]
        return ArmReply(body={"value": values})

    def _availability(self, request: ArmRequest) -> ArmReply:
        network = find_document(self._world, parse_path(request.path.text.rpartition("/")[0]))
        text = {name.lower(): each for name, each in request.query.items()}.get("ipaddress", "")
        try:
            address = IPv4Address(text)
        except ValueError:
            raise ArmRefusal(
                400, "InvalidIPAddressFormat", f"The IP address '{text}' is invalid."
            ) from None
        subnets = [
            each for each in _subnets_of(network) if any(address in p for p in prefixes_of(each))
        ]
        if not subnets:
            raise ArmRefusal(
                400,
                "PrivateIPAddressNotInAnySubnet",
                f"IP address {text} does not belong to the range of any subnet of virtual network "
                f"{network['id']}.",
            )
        used = self._used_addresses()
        reserved = is_reserved(subnets[0], address)
        available = not reserved and text not in used
        return ArmReply(
            body={
                "available": available,
                "availableIPAddresses": (
                    [] if available else free_addresses(subnets[0], used, _SUGGESTED)
                ),
                "isPlatformReserved": reserved,
            }
        )

    def _used_addresses(self) -> set[str]:
        found: set[str] = set()
        for document in self._world.resources.below("/subscriptions"):
            _collect_addresses(document, found)
        return found


def _collect_addresses(value: Any, found: set[str]) -> None:
    if isinstance(value, dict):
        address = value.get("privateIPAddress")
        if isinstance(address, str):
            found.add(address)
        for each in value.values():
            _collect_addresses(each, found)
    elif isinstance(value, list):
        for each in value:
            _collect_addresses(each, found)


def _subnets_of(network: Document | None) -> list[Document]:
    return list(network["properties"].get("subnets") or ()) if network is not None else []


def _stamp(network: Document, etag: str, state: str) -> None:
    network["etag"] = etag
    network["properties"]["provisioningState"] = state
    for subnet in _subnets_of(network):
        subnet["etag"] = etag
        subnet["properties"]["provisioningState"] = state
        for delegation in subnet["properties"].get("delegations") or ():
            delegation["etag"] = etag
            delegation["id"] = f"{subnet['id']}/delegations/{delegation.get('name', '')}"
            delegation["type"] = f"{SUBNET_TYPE}/delegations"
            delegation.setdefault("properties", {})["provisioningState"] = SUCCEEDED
