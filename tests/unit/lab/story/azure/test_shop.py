from typing import Any

from bascule.lab.story.azure.shop import build_door, build_pods, find_addresses


def pod(address: str, *, ready: str = "True", **metadata: str) -> dict[str, Any]:
    conditions = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": ready}]
    return {"metadata": metadata, "status": {"podIP": address, "conditions": conditions}}


def test_only_one_part_of_the_shop_is_deployed_and_nothing_of_its_ingresses() -> None:
    kinds = [each["kind"] for each in build_pods("1.35.3")]

    assert sorted(kinds) == ["Deployment", "Namespace", "PodDisruptionBudget", "Service"]


def test_the_door_leads_to_where_the_pod_really_listens() -> None:
    service, endpoints, ingress = build_door("10.240.1.7")

    assert "selector" not in service["spec"]
    assert endpoints["endpoints"][0]["addresses"] == ["127.240.1.7"]
    assert ingress["spec"]["ingressClassName"] == "bascule-demo"


def test_pods_that_are_ready_and_stay_count_in_order() -> None:
    pods = [
        pod("10.240.1.3"),
        pod("10.240.1.1"),
        pod("10.240.1.2", ready="False"),
        pod("10.240.1.4", deletionTimestamp="2026-01-01T00:00:00Z"),
        {"metadata": {}, "status": {}},
    ]

    assert find_addresses(pods) == ("10.240.1.1", "10.240.1.3")
