from bascule.lab.shop.certificates import HostCertificate
from bascule.lab.story.azure.shop import build_objects

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
