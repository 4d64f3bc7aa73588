"""Peerings of virtual networks: connected once both sides have one."""

from bascule.lab.arm.network.documents import (
    NAMESPACE,
    SUCCEEDED,
    new_etag,
    no_parent,
    not_allowed,
    not_found,
    parent_id,
    read_body,
    without_nulls,
)
from bascule.lab.arm.network.references import check_reference
from bascule.lab.arm.requests import ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

COLLECTION = "virtualNetworkPeerings"
_INITIATED, _CONNECTED, _DISCONNECTED = "Initiated", "Connected", "Disconnected"


class Peerings:
    """Answers every path below a network's peerings, which are made and removed at once."""

    def __init__(self, world: ArmWorld) -> None:
        self._world = world

    def handle(self, request: ArmRequest) -> ArmReply:
        """Answer. Raises ArmRefusal."""
        path = request.path
        network_id = path.text.rpartition("/")[0] if path.is_collection else parent_id(path)
        network = self._world.resources.find(network_id)
        if network is None:
            raise no_parent(path) if request.method == "PUT" else not_found(path)
        held: list[Document] = network["properties"].get(COLLECTION) or []
        if path.is_collection and request.method == "GET":
            return ArmReply(body={"value": held})
        found = next((each for each in held if each["name"].lower() == path.name.lower()), None)
        others = [each for each in held if each is not found]
        match request.method:
            case "PUT" if not path.is_collection:
                made = self._new_peering(request, network)
                self._keep(network, [*others, made])
                self._connect(network["id"], _remote_of(made))
                shown = self._shown(network["id"], made["name"])
                return ArmReply(status=200 if found is not None else 201, body=shown)
            case "GET" if found is not None:
                return ArmReply(body=found, headers={"ETag": found["etag"]})
            case "GET":
                raise not_found(path)
            case "DELETE" if found is None:
                return ArmReply(status=204)
            case "DELETE" if found is not None:
                self._keep(network, others)
                self._disconnect(network["id"], _remote_of(found))
                return ArmReply(status=200)
        raise not_allowed(request)

    def _new_peering(self, request: ArmRequest, network: Document) -> Document:
        body = without_nulls(read_body(request))
        peering_id = f"{network['id']}/{COLLECTION}/{request.path.name}"
        remote = check_reference(
            self._world.resources, body["properties"].get("remoteVirtualNetwork"), peering_id
        )
        return {
            "name": request.path.name,
            "id": peering_id,
            "etag": new_etag(self._world),
            "type": f"{NAMESPACE}/virtualNetworks/{COLLECTION}",
            "properties": {
                "allowVirtualNetworkAccess": True,
                "allowForwardedTraffic": False,
                "allowGatewayTransit": False,
                "useRemoteGateways": False,
                **body["properties"],
                "provisioningState": SUCCEEDED,
                "peeringState": _INITIATED,
                "remoteAddressSpace": remote["properties"]["addressSpace"],
            },
        }

    def _connect(self, network_id: str, remote_id: str) -> None:
        """Connect both sides if the other one has a peering with this network."""
        if self._mark(remote_id, network_id, _CONNECTED):
            self._mark(network_id, remote_id, _CONNECTED)

    def _disconnect(self, network_id: str, remote_id: str) -> None:
        self._mark(remote_id, network_id, _DISCONNECTED)

    def _mark(self, network_id: str, remote_id: str, state: str) -> bool:
        """Give a network's peering with another one a state; say whether it has one."""
        network = self._world.resources.find(network_id)
        held: list[Document] = network["properties"].get(COLLECTION) or [] if network else []
        fitting = [each for each in held if _remote_of(each).lower() == remote_id.lower()]
        for each in fitting:
            each["properties"]["peeringState"] = state
        if network is not None and fitting:
            self._world.resources.put(network)
        return bool(fitting)

    def _keep(self, network: Document, peerings: list[Document]) -> None:
        network["properties"][COLLECTION] = peerings
        network["etag"] = new_etag(self._world)
        for subnet in network["properties"].get("subnets") or ():
            subnet["etag"] = network["etag"]
        self._world.resources.put(network)

    def _shown(self, network_id: str, name: str) -> Document | None:
        network = self._world.resources.find(network_id)
        held: list[Document] = network["properties"][COLLECTION] if network else []
        return next((each for each in held if each["name"] == name), None)


def _remote_of(peering: Document) -> str:
    return str(peering["properties"].get("remoteVirtualNetwork", {}).get("id", ""))
