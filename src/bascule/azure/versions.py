"""The one table of api-versions: which one each type of resource is read and written in.

The longest entry that a type begins with counts. A document is read and written in one version.
Clouds that lag behind the public one are asked in the newest version that they offer.
"""

from collections.abc import Iterable, Mapping

from bascule.errors import InvariantError

API_VERSIONS: Mapping[str, str] = {
    "microsoft.authorization/denyassignments": "2022-04-01",
    "microsoft.authorization/locks": "2020-05-01",
    "microsoft.authorization/permissions": "2022-04-01",
    "microsoft.authorization/policyassignments": "2023-04-01",
    "microsoft.authorization/policydefinitions": "2023-04-01",
    "microsoft.authorization/policysetdefinitions": "2023-04-01",
    "microsoft.authorization/roleassignments": "2022-04-01",
    "microsoft.authorization/roledefinitions": "2022-04-01",
    "microsoft.compute": "2024-07-01",
    "microsoft.compute/disks": "2024-03-02",
    "microsoft.compute/skus": "2021-07-01",
    "microsoft.compute/snapshots": "2024-03-02",
    "microsoft.containerservice": "2026-04-01",
    "microsoft.insights/diagnosticsettings": "2021-05-01-preview",
    "microsoft.insights/eventtypes": "2015-04-01",
    "microsoft.insights/metrics": "2018-01-01",
    "microsoft.kubernetesconfiguration": "2023-05-01",
    "microsoft.managedidentity": "2024-11-30",
    "microsoft.network": "2025-07-01",
    "microsoft.network/privatednszones": "2024-06-01",
    "microsoft.policyinsights": "2024-10-01",
    "microsoft.resources": "2024-11-01",
    "microsoft.resources/subscriptions": "2022-12-01",
    "microsoft.resources/locations": "2022-12-01",
}
"""By the type in lower case."""


def api_version(resource_type: str) -> str:
    """Return the api-version of a type, such as `Microsoft.Network/virtualNetworks/subnets`."""
    parts = resource_type.lower().split("/")
    for length in range(len(parts), 0, -1):
        found = API_VERSIONS.get("/".join(parts[:length]))
        if found is not None:
            return found
    raise InvariantError(f"no api-version is known for {resource_type}; add it to the table")


def older_version(wanted: str, offered: Iterable[str]) -> str:
    """Return the newest released version that is offered and not newer than `wanted`, or none."""
    return max((each for each in offered if "-preview" not in each and each < wanted), default="")
