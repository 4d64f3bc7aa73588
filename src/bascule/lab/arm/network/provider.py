"""Microsoft.Network: which of its parts answers which path."""

from bascule.lab.arm.network.documents import NAMESPACE, not_allowed, not_found
from bascule.lab.arm.network.gateways.gateways import Gateways
from bascule.lab.arm.network.plain import PlainResources
from bascule.lab.arm.network.plane_port import GatewayPlane
from bascule.lab.arm.network.public_ips import PUBLIC_IP_TYPE, PublicIps
from bascule.lab.arm.network.virtual_networks import NETWORK_TYPE, VirtualNetworks
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.world import ArmWorld

_QUOTAS = {
    "VirtualNetworks": ("Virtual Networks", NETWORK_TYPE, 1_000),
    "PublicIPAddresses": ("Public IP Addresses", PUBLIC_IP_TYPE, 1_000),
    "StandardSkuPublicIpAddresses": ("Public IPv4 Addresses - Standard", PUBLIC_IP_TYPE, 1_000),
    "ApplicationGateways": ("Application Gateways", f"{NAMESPACE}/applicationGateways", 1_000),
    "NetworkSecurityGroups": (
        "Network Security Groups",
        f"{NAMESPACE}/networkSecurityGroups",
        5_000,
    ),
    "RouteTables": ("Route Tables", f"{NAMESPACE}/routeTables", 200),
    "LoadBalancers": ("Load Balancers", f"{NAMESPACE}/loadBalancers", 1_000),
}


class NetworkProvider:
    """A resource provider: answers every path below Microsoft.Network."""

    namespace = NAMESPACE

    def __init__(self, world: ArmWorld, plane: GatewayPlane) -> None:
        self._world = world
        self._networks = VirtualNetworks(world)
        self._public_ips = PublicIps(world)
        self._gateways = Gateways(world, plane)
        self._plain = PlainResources(world)

    async def start(self) -> None:
        """Serve again what was served before a restart."""
        self._networks.recover()
        await self._gateways.revive()

    async def stop(self) -> None:
        """Leave all as it is: the data plane ends its own processes."""

    async def handle(self, request: ArmRequest) -> ArmReply:
        """Answer. Raises ArmRefusal."""
        try:
            return self._answer(request)
        except ArmRefusal as refusal:
            refusal.shows_details = "x-ms-failure-cause" not in refusal.headers
            raise

    def _answer(self, request: ArmRequest) -> ArmReply:
        parts = request.path.parts
        match parts[0].lower() if parts else "":
            case "virtualnetworks":
                return self._networks.handle(request)
            case "publicipaddresses":
                return self._public_ips.handle(request)
            case "applicationgateways":
                return self._gateways.handle(request)
            case "locations":
                return self._location(request)
            case "":
                raise not_found(request.path)
            case _:
                return self._plain.handle(request)

    def _location(self, request: ArmRequest) -> ArmReply:
        """Answer what belongs to a location; its operations are answered by the server."""
        if request.method != "GET":
            raise not_allowed(request)
        if len(request.path.parts) != 3 or request.path.parts[2].lower() != "usages":
            raise not_found(request.path)
        location = request.path.parts[1].lower()
        below = f"/subscriptions/{request.path.subscription}"
        values = [
            {
                "id": f"{below}/providers/{NAMESPACE}/locations/{location}/usages/{name}",
                "currentValue": sum(
                    document.get("location") == location
                    for document in self._world.resources.of_type(kind, below)
                ),
                "limit": limit,
                "name": {"value": name, "localizedValue": shown},
                "unit": "Count",
            }
            for name, (shown, kind, limit) in _QUOTAS.items()
        ]
        return ArmReply(body={"value": values})
