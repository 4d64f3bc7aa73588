from typing import Any

from bascule.app.azure_preflight import Planned, Target, fetch_preflight
from bascule.azure.resource_id import ResourceId
from bascule.checks.azure.facts import AksFacts
from bascule.checks.findings import Finding, Severity
from tests.support.azure_documents import Documents
from tests.support.azure_facts import GATEWAY, NODE_SUBNET, cluster_id
from tests.support.virtual_clock import VirtualClock

BLUE: dict[str, Any] = {
    "id": cluster_id("old"),
    "name": "old",
    "location": "chinanorth2",
    "properties": {
        "currentKubernetesVersion": "1.33.5",
        "nodeResourceGroup": "MC_old",
        "agentPoolProfiles": [{"name": "p", "count": 3, "vnetSubnetID": NODE_SUBNET}],
    },
}
TARGET = Target(
    blue=ResourceId(cluster_id("old")),
    green=ResourceId(cluster_id("green")),
    gateway=ResourceId(GATEWAY),
    green_version="1.35",
)


async def test_green_is_made_like_blue_where_no_file_says_otherwise() -> None:
    found = await fetch_preflight(Documents(BLUE), TARGET, VirtualClock())

    green = found.facts.green
    assert isinstance(green, AksFacts)
    assert (green.name, green.version, green.exists) == ("green", "1.35", False)
    assert green.pools[0].nodes == 3


async def test_a_gateway_that_does_not_exist_is_a_finding() -> None:
    found = await fetch_preflight(Documents(BLUE), TARGET, VirtualClock())

    assert "PlatformUnreadable" in {each.code for each in found.findings}


async def test_a_green_that_is_written_down_is_taken_with_what_was_found_of_it() -> None:
    said = Finding(severity=Severity.BLOCKER, code="X", subject="green", message="no")
    document = {"location": "here", "properties": {"kubernetesVersion": "1.36"}}
    planned = Planned(document=document, findings=(said,))
    target = Target(blue=TARGET.blue, green=TARGET.green, gateway=TARGET.gateway, planned=planned)

    found = await fetch_preflight(Documents(BLUE), target, VirtualClock())

    green = found.facts.green
    assert isinstance(green, AksFacts)
    assert (green.version, green.location, green.id) == ("1.36", "here", cluster_id("green"))
    assert said in found.findings
