from typing import Any

import pytest

from bascule.lab.kubeapi.objects.schema import Gvk, load_catalog
from bascule.lab.shop.deploy import object_path
from bascule.lab.shop.manifests import (
    API_HOST,
    SHOP_HOST,
    ShopOptions,
    build_filler,
    build_shop,
    filler_host,
)

Object = dict[str, Any]


def build(**options: Any) -> tuple[Object, ...]:
    return build_shop("1.33", b"CERT", b"KEY", options=ShopOptions(**options))


def of_kind(objects: tuple[Object, ...], kind: str) -> list[Object]:
    return [item for item in objects if item["kind"] == kind]


def hosts(objects: tuple[Object, ...]) -> list[str]:
    return [rule["host"] for item in of_kind(objects, "Ingress") for rule in item["spec"]["rules"]]


def test_the_shop_has_three_services_and_two_hosts_one_with_tls() -> None:
    objects = build()

    assert [item["metadata"]["name"] for item in of_kind(objects, "Service")] == [
        "api",
        "cart",
        "web",
    ]
    assert sorted(hosts(objects)) == [API_HOST, SHOP_HOST]
    tls = [item["spec"].get("tls") for item in of_kind(objects, "Ingress")]
    assert [entry[0]["hosts"] for entry in tls if entry] == [[SHOP_HOST]]
    [secret] = of_kind(objects, "Secret")
    assert secret["stringData"] == {"tls.crt": "CERT", "tls.key": "KEY"}


def test_every_backend_is_a_service_that_is_there() -> None:
    objects = build(routes=25)
    services = {item["metadata"]["name"] for item in of_kind(objects, "Service")}

    wanted = {
        path["backend"]["service"]["name"]
        for item in of_kind(objects, "Ingress")
        for rule in item["spec"]["rules"]
        for path in rule["http"]["paths"]
    }

    assert wanted == services


def test_pods_wait_before_they_go() -> None:
    for item in of_kind(build(pre_stop_s=3), "Deployment"):
        [container] = item["spec"]["template"]["spec"]["containers"]
        assert container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "3"]
        assert container["readinessProbe"]["httpGet"]["path"] == "/healthz"


def test_filler_routes_have_a_host_each_and_share_the_services() -> None:
    objects = build_filler(23)

    assert hosts(objects) == [filler_host(number) for number in range(23)]
    assert len(objects) == 3


def test_replicas_and_annotations_can_be_chosen() -> None:
    objects = build(replicas={"web": 5}, annotations={"lab.bascule.dev/latency-ms": "3"})

    deployments = {item["metadata"]["name"]: item for item in of_kind(objects, "Deployment")}
    assert deployments["web"]["spec"]["replicas"] == 5
    assert deployments["cart"]["spec"]["replicas"] == 2
    template = deployments["web"]["spec"]["template"]
    assert template["metadata"]["annotations"] == {"lab.bascule.dev/latency-ms": "3"}


def test_more_routes_than_the_lab_is_made_for_are_refused() -> None:
    with pytest.raises(ValueError, match="routes"):
        ShopOptions(routes=1_000_000)


@pytest.mark.parametrize("version", ["1.25", "1.37"])
def test_every_release_knows_all_of_the_shops_kinds(version: str) -> None:
    catalog = load_catalog(version)

    for item in build():
        assert catalog.schema_of(Gvk.parse(item["apiVersion"], item["kind"])) is not None


def test_objects_have_their_paths() -> None:
    paths = {object_path(item) for item in build()}

    assert "/api/v1/namespaces/shop" in paths
    assert "/apis/apps/v1/namespaces/shop/deployments/web" in paths
    assert "/apis/networking.k8s.io/v1/ingressclasses/bascule" in paths
