"""Microsoft.Compute: quotas and sizes of machines, and the documents of those that AKS makes."""

from collections.abc import Mapping
from typing import Any, Final

from typing_extensions import override

from bascule.lab.arm.dispatch import resource_not_found
from bascule.lab.arm.machine_sizes import SIZES, Size
from bascule.lab.arm.odata import parse_filter
from bascule.lab.arm.quotas import Quotas
from bascule.lab.arm.requests import ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld, Provider

SCALE_SETS: Final = "Microsoft.Compute/virtualMachineScaleSets"
MACHINES: Final = "Microsoft.Compute/virtualMachines"
_KEPT: Final[Mapping[str, str]] = {
    name.lower(): name
    for name in (SCALE_SETS, MACHINES, "Microsoft.Compute/disks", "Microsoft.Compute/snapshots")
}


class ComputeProvider(Provider):
    """Answers what is asked about machines; `withheld` sizes are not sold in some zones.

    Disks and snapshots can be made and deleted here, so that something may be lost with a group.
    """

    namespace = "Microsoft.Compute"

    def __init__(self, world: ArmWorld, quotas: Quotas) -> None:
        self._world = world
        self._quotas = quotas
        self.withheld: dict[str, tuple[str, ...]] = {}
        """Zones by the size's name that this subscription cannot have; none: the whole region."""

    def restrict(self, limits: Mapping[str, int], withheld: Mapping[str, tuple[str, ...]]) -> None:
        """Change what may be had from now on; machines that there are stay."""
        self._quotas.limits = dict(limits)
        self.withheld = dict(withheld)

    @override
    async def handle(self, request: ArmRequest) -> ArmReply:
        kind = request.path.kind
        if kind == "microsoft.compute/locations/usages":
            return ArmReply(body={"value": self._quotas.render(request.path.parts[1].lower())})
        if kind == "microsoft.compute/locations/vmsizes":
            return ArmReply(body={"value": [_render_size(size) for size in SIZES]})
        if kind == "microsoft.compute/skus":
            return ArmReply(body={"value": self._skus(request)})
        if kind == f"{SCALE_SETS.lower()}/virtualmachines":
            return self._instances(request)
        if kind in _KEPT:
            return self._kept(request, _KEPT[kind])
        raise resource_not_found(request.path)

    def _skus(self, request: ArmRequest) -> list[dict[str, Any]]:
        conditions = parse_filter(request.query.get("$filter", ""))
        place = next(
            (each.value for each in conditions if each.field.lower() == "location"),
            self._world.settings.location,
        )
        location = place.lower().replace(" ", "")
        return [_render_sku(size, location, self.withheld.get(size.name)) for size in SIZES]

    def _instances(self, request: ArmRequest) -> ArmReply:
        parent = request.path.text.rstrip("/").lower().rpartition("/virtualmachines")[0]
        scale_set = self._world.resources.find(parent)
        if scale_set is None:
            raise resource_not_found(request.path)
        machines = [
            {
                "id": f"{scale_set['id']}/virtualMachines/{each['instanceId']}",
                "instanceId": each["instanceId"],
                "name": each["name"],
                "type": f"{SCALE_SETS}/virtualMachines",
                "location": scale_set["location"],
                "sku": {"name": scale_set["sku"]["name"], "tier": "Standard"},
                "properties": {
                    "provisioningState": "Succeeded",
                    "osProfile": {"computerName": each["computerName"]},
                },
            }
            for each in scale_set.get("instances", ())
        ]
        return ArmReply(body={"value": machines})

    def _kept(self, request: ArmRequest, kind: str) -> ArmReply:
        resources = self._world.resources
        if request.path.is_collection:
            found = resources.of_type(kind, request.path.scope)
            return ArmReply(body={"value": [_shown(each) for each in found]})
        existing = resources.find(request.path.text)
        match request.method:
            case "PUT" if kind not in {SCALE_SETS, MACHINES}:
                document = self._new(request, kind)
                resources.put(document)
                return ArmReply(status=200 if existing else 201, body=document)
            case "DELETE":
                resources.remove(request.path.text)
                return ArmReply(status=200 if existing else 204)
            case "GET" | "HEAD" if existing is not None:
                return ArmReply(body=_shown(existing))
            case _:
                raise resource_not_found(request.path)

    def _new(self, request: ArmRequest, kind: str) -> Document:
        body: dict[str, Any] = request.body or {}
        return {
            **body,
            "id": request.path.text.rstrip("/"),
            "name": request.path.name,
            "type": kind,
            "location": body.get("location") or self._world.settings.location,
            "properties": {
                "diskState": "Unattached",
                **(body.get("properties") or {}),
                "provisioningState": "Succeeded",
            },
        }


def _shown(document: Document) -> Document:
    """Return a scale set without the list of machines that is kept with it."""
    return {key: value for key, value in document.items() if key != "instances"}


def _render_size(size: Size) -> dict[str, Any]:
    return {
        "name": size.name,
        "numberOfCores": size.cores,
        "memoryInMB": int(size.memory_gb * 1_024),
        "maxDataDiskCount": size.disks,
        "osDiskSizeInMB": 1_047_552,
        "resourceDiskSizeInMB": 0,
    }


def _render_sku(size: Size, location: str, withheld: tuple[str, ...] | None) -> dict[str, Any]:
    capabilities = {
        "vCPUs": str(size.cores),
        "vCPUsAvailable": str(size.cores),
        "MemoryGB": f"{size.memory_gb:g}",
        "MaxDataDiskCount": str(size.disks),
        "PremiumIO": "True",
        "EphemeralOSDiskSupported": "True",
        "CpuArchitectureType": "x64",
    }
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.family,
        "locations": [location],
        "locationInfo": [{"location": location, "zones": list(size.zones), "zoneDetails": []}],
        "capabilities": [{"name": name, "value": value} for name, value in capabilities.items()],
        "restrictions": [] if withheld is None else [_restriction(location, withheld)],
    }


def _restriction(location: str, zones: tuple[str, ...]) -> dict[str, Any]:
    info: dict[str, Any] = {"locations": [location]}
    if zones:
        info["zones"] = list(zones)
    return {
        "type": "Zone" if zones else "Location",
        "values": [location],
        "restrictionInfo": info,
        "reasonCode": "NotAvailableForSubscription",
    }
