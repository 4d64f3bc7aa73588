from bascule.checks.inventory import HostScope
from bascule.checks.services import check_services
from bascule.manifest.objects import ManifestObject
from tests.support.inventories import inventory
from tests.support.raw_objects import Raw, parsed, raw_ingress, raw_service, raw_slice


def served(service: Raw, name: str = "web") -> list[ManifestObject]:
    return parsed(raw_ingress(service=name), service, raw_slice(name))


def grpc() -> Raw:
    service = raw_service()
    service["spec"]["ports"][0]["appProtocol"] = "kubernetes.io/h2c"
    return service


def test_the_same_services_are_fine() -> None:
    assert check_services(inventory()) == ()


def test_another_protocol_in_green_is_named() -> None:
    (found,) = check_services(inventory(green=served(grpc())))

    assert found.code == "ProtocolDiffers"
    assert "shop.example.com/ (http in blue, h2c in green)" in found.message


def test_another_service_in_green_is_named() -> None:
    (found,) = check_services(inventory(green=served(raw_service("shop"), "shop")))

    assert found.code == "ServiceDiffers"
    assert "(shop/web:http in blue, shop/shop:http in green)" in found.message


def test_a_host_that_stays_may_differ() -> None:
    scope = HostScope(exclude=("shop.example.com",))

    assert check_services(inventory(green=served(grpc()), scope=scope)) == ()


def test_a_route_of_one_cluster_is_not_compared() -> None:
    assert check_services(inventory(green=[])) == ()
