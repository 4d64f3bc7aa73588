import copy
from typing import Any

from bascule.lab.story.azure.pool import find_unhealthy, with_pool


def gateway() -> dict[str, Any]:
    return {
        "id": "/gateway",
        "properties": {
            "sku": {"name": "Standard_v2"},
            "backendAddressPools": [
                {"name": "pool", "properties": {"backendAddresses": [{"ipAddress": "10.0.0.9"}]}}
            ],
            "backendHttpSettingsCollection": [
                {"name": "settings", "properties": {"port": 80, "requestTimeout": 30}}
            ],
            "probes": [{"name": "other", "properties": {}}],
        },
    }


def test_the_whole_pool_is_written_at_once_and_all_else_stays() -> None:
    before = gateway()

    once = with_pool(before, ["10.0.0.1", "10.0.0.2"])
    twice = with_pool(once, ["10.0.0.1", "10.0.0.2"])

    assert before == gateway()
    assert twice == once
    properties = copy.deepcopy(once["properties"])
    assert properties["backendAddressPools"][0]["properties"]["backendAddresses"] == [
        {"ipAddress": "10.0.0.1"},
        {"ipAddress": "10.0.0.2"},
    ]
    settings = properties["backendHttpSettingsCollection"][0]["properties"]
    assert (settings["port"], settings["requestTimeout"]) == (8080, 30)
    assert settings["connectionDraining"]["enabled"] is True
    assert settings["probe"]["id"] == "/gateway/probes/bascule-demo"
    assert [probe["name"] for probe in properties["probes"]] == ["other", "bascule-demo"]
    assert properties["sku"] == {"name": "Standard_v2"}


def test_what_backend_health_does_not_call_healthy_is_not() -> None:
    servers = [
        {"address": "10.0.0.1", "health": "Healthy"},
        {"address": "10.0.0.2", "health": "Unknown"},
    ]
    collection = [{"backendHttpSettingsCollection": [{"servers": servers}]}]
    health = {"backendAddressPools": collection}

    assert find_unhealthy(health, ["10.0.0.1"]) == ()
    assert find_unhealthy(health, ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) == (
        "10.0.0.2",
        "10.0.0.3",
    )
    assert find_unhealthy({}, ["10.0.0.1"]) == ("10.0.0.1",)
