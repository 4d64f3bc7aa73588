from typing import Any

from bascule.lab.shop.certificates import HostCertificate
from bascule.lab.story.azure.shop import build_objects, build_twin, lead_to_twins

MADE = HostCertificate(certificate=b"certificate", key=b"key", authority=b"authority")


def test_the_shop_is_whole_but_for_what_leads_to_grpc() -> None:
    objects = build_objects("1.35.3", MADE)

    ingresses = {each["metadata"]["name"]: each for each in objects if each["kind"] == "Ingress"}
    ports = [
        path["backend"]["service"]["port"]
        for each in ingresses.values()
        for rule in each["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]
    assert sorted(ingresses) == ["api", "shop"]
    assert ports == [{"number": 80}] * 4
    assert ingresses["shop"]["spec"]["tls"]
    assert sum(each["kind"] == "Deployment" for each in objects) == 3


def test_pods_answer_for_longer_than_a_fast_azure_takes() -> None:
    pods = [each for each in build_objects("1.35.3", MADE) if each["kind"] == "Deployment"]

    for each in pods:
        spec = each["spec"]["template"]["spec"]
        assert spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "10"]
        assert spec["terminationGracePeriodSeconds"] == 30


def test_an_envoy_of_this_machine_is_led_to_where_pods_really_listen() -> None:
    def pod(app: str, **status: str) -> dict[str, Any]:
        return {"metadata": {"labels": {"app": app}}, "status": status}

    pods = [pod("api", podIP="10.240.1.7"), pod("web", podIP="10.240.1.8"), pod("api")]

    service, endpoints = build_twin("api", pods)

    assert "selector" not in service["spec"]
    assert endpoints["metadata"]["labels"] == {"kubernetes.io/service-name": "api-here"}
    assert [each["addresses"] for each in endpoints["endpoints"]] == [["127.240.1.7"]]


def test_ingresses_lead_to_the_services_beside_their_own() -> None:
    objects = build_objects("1.35.3", MADE)
    ingress = next(each for each in objects if each["metadata"]["name"] == "api")
    shop = next(each for each in objects if each["kind"] == "Ingress")

    (path,) = lead_to_twins(shop)["spec"]["rules"][0]["http"]["paths"][:1]

    assert path["backend"]["service"]["name"].endswith("-here")
    assert ingress["kind"] == "Deployment"
    assert "-here" not in str(shop)
