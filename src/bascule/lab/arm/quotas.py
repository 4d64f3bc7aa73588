"""How many cores a subscription may use in a region, and how many its clusters do use."""

from collections import Counter
from typing import Any, Final

from bascule.lab.arm.machine_sizes import SIZES, find_size
from bascule.lab.arm.requests import ArmRefusal
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

CLUSTERS: Final = "Microsoft.ContainerService/managedClusters"
REGIONAL: Final = "cores"
REGIONAL_LIMIT: Final = 200
FAMILY_LIMIT: Final = 100
NO_GPU: Final = frozenset({"standardNCSv3Family"})
"""Families that a subscription gets only when it asks."""


class Quotas:
    """Limits of cores by family; `limits` holds those that are not as usual."""

    def __init__(self, world: ArmWorld) -> None:
        self._world = world
        self.limits: dict[str, int] = {}

    def limit(self, family: str) -> int:
        """Return how many cores of a family (or `cores`, of all) may be used in a region."""
        default = REGIONAL_LIMIT if family == REGIONAL else FAMILY_LIMIT
        return self.limits.get(family, 0 if family in NO_GPU else default)

    def used(self, location: str, *, without: str = "") -> Counter[str]:
        """Return the cores that clusters use, by family and all together.

        A cluster that is stopped uses none. `without` is the id of one that does not count.
        """
        total: Counter[str] = Counter()
        for document in self._world.resources.of_type(CLUSTERS):
            is_here = document["location"] == location
            if is_here and document["id"].lower() != without.lower():
                total += _cores(document)
        return total

    def check(self, document: Document) -> None:
        """Raise ArmRefusal 400 if a cluster, as it is to be, needs more cores than there are."""
        used = self.used(document["location"], without=document["id"])
        for family, cores in _cores(document).items():
            left = self.limit(family) - used[family]
            if cores > left:
                scope = "regional" if family == REGIONAL else f"family {family}"
                raise ArmRefusal(
                    400,
                    "ErrCode_InsufficientVCPUQuota",
                    f"Insufficient vcpu quota requested {cores}, remaining {max(left, 0)} for "
                    f"{scope} for region {document['location']}. Follow steps "
                    "https://aka.ms/quota-increase to request a quota increase.",
                    is_bare=True,
                )

    def render(self, location: str) -> list[dict[str, Any]]:
        """Return the usages of a region, as `locations/L/usages` lists them."""
        used = self.used(location)
        families = dict.fromkeys(size.family for size in SIZES)
        names = {REGIONAL: "Total Regional vCPUs"} | {
            family: f"{family.removeprefix('standard').removesuffix('Family')} Family vCPUs"
            for family in families
        }
        return [
            {
                "limit": self.limit(family),
                "unit": "Count",
                "currentValue": used[family],
                "name": {"value": family, "localizedValue": shown},
            }
            for family, shown in names.items()
        ]


def _cores(document: Document) -> Counter[str]:
    total: Counter[str] = Counter()
    properties = document["properties"]
    if properties["powerState"]["code"] != "Running":
        return total
    for profile in properties["agentPoolProfiles"]:
        size = find_size(profile["vmSize"])
        if size is not None:
            cores = size.cores * int(profile["count"])
            total[size.family] += cores
            total[REGIONAL] += cores
    return total
