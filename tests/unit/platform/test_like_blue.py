from typing import Any

import pytest

from bascule.azure.document import text_at
from bascule.azure.resource_id import ResourceId
from bascule.platform.like_blue import build_like_blue
from tests.support.azure_facts import NODE_SUBNET, cluster_id

GREEN = ResourceId(cluster_id("green"))
BLUE: dict[str, Any] = {
    "id": cluster_id("old"),
    "name": "old",
    "location": "chinanorth2",
    "properties": {
        "kubernetesVersion": "1.33",
        "currentKubernetesVersion": "1.33.5",
        "nodeResourceGroup": "MC_old",
        "agentPoolProfiles": [{"name": "p", "count": 3, "vnetSubnetID": NODE_SUBNET}],
        "addonProfiles": {"ingressApplicationGateway": {"enabled": True}},
    },
}


@pytest.mark.parametrize(("wanted", "version"), [("", "1.33.5"), ("1.35", "1.35")])
def test_green_has_blues_pools_and_the_version_that_is_named(wanted: str, version: str) -> None:
    document = build_like_blue(BLUE, GREEN, version=wanted)

    assert (document["id"], document["name"]) == (GREEN.text, "green")
    assert text_at(document, "properties", "kubernetesVersion") == version
    properties = document["properties"]
    assert isinstance(properties, dict)
    assert properties["agentPoolProfiles"] == [
        {"name": "p", "count": 3, "vnetSubnetID": NODE_SUBNET}
    ]


def test_green_never_gets_blues_own_group_or_agic() -> None:
    text = str(build_like_blue(BLUE, GREEN))

    assert "MC_old" not in text
    assert "ingressApplicationGateway" not in text
