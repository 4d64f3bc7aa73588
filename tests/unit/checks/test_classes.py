import pytest

from bascule.checks.classes import check_classes
from bascule.manifest.objects import ManifestObject
from tests.support.inventories import facts, inventory
from tests.support.raw_objects import parsed, raw_ingress, raw_service, raw_slice, shop


def of_class(name: str | None) -> list[ManifestObject]:
    ingress = raw_ingress()
    ingress["spec"]["ingressClassName"] = name
    return parsed(ingress, raw_service(), raw_slice())


def test_ingresses_of_the_same_class_are_fine() -> None:
    assert check_classes(inventory()) == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nginx", "shop/shop (class nginx)"),
        (None, "shop/shop (class none, and no default of ours)"),
    ],
)
def test_an_ingress_that_the_gateway_would_not_serve_in_green_is_named(
    name: str | None, said: str
) -> None:
    (found,) = check_classes(inventory(green=of_class(name)))

    assert found.code == "IngressClassDiffers"
    assert said in found.message


def test_an_ingress_that_is_not_ours_in_blue_either_is_not_missed() -> None:
    assert check_classes(inventory(blue=of_class("nginx"), green=of_class("nginx"))) == ()


def test_an_ingress_that_green_does_not_have_is_missed_by_another_check() -> None:
    assert check_classes(inventory(blue=shop(), green=[])) == ()


def test_nothing_is_said_of_a_cluster_that_is_not_known() -> None:
    assert check_classes(inventory(green=facts(reason="away"))) == ()
