from bascule.checks.findings import Severity
from bascule.checks.inventory import HostScope
from bascule.checks.routes import (
    check_anything,
    check_capacity,
    check_green_routes,
    check_hosts,
    check_problems,
)
from bascule.manifest.objects import ManifestObject
from tests.support.inventories import facts, inventory
from tests.support.raw_objects import parsed, raw_ingress, raw_service, raw_slice, shop

AWAY = facts(reason="connection refused")


def many(*paths: str) -> list[ManifestObject]:
    return parsed(raw_ingress(paths=paths), raw_service(), raw_slice())


def test_hosts_that_ingresses_name_are_fine() -> None:
    scope = HostScope(include=("shop.example.com",))

    assert check_hosts(inventory(scope=scope)) == ()


def test_a_host_that_no_ingress_names_is_a_blocker_with_a_guess() -> None:
    (found,) = check_hosts(inventory(scope=HostScope(include=("shob.example.com",))))

    assert found.severity is Severity.BLOCKER
    assert found.remedy == "did you mean 'shop.example.com'?"


def test_an_excluded_host_that_no_ingress_names_would_be_moved_by_mistake() -> None:
    (found,) = check_hosts(inventory(scope=HostScope(exclude=("zzz",))))

    assert found.message == "hosts.exclude names zzz, and no Ingress of this gateway does"
    assert "did you mean" not in found.remedy


def test_a_blue_without_routes_has_nothing_to_move() -> None:
    (found,) = check_anything(inventory(blue=[]))

    assert found.code == "NothingToMove"
    assert "ingress classes: bascule" in found.message


def test_a_blue_with_routes_has_something_to_move() -> None:
    assert check_anything(inventory()) == ()


def test_routes_that_green_answers_are_fine() -> None:
    assert check_green_routes(inventory()) == ()


def test_routes_that_green_does_not_have_are_named_and_counted() -> None:
    (found,) = check_green_routes(
        inventory(blue=many("/", "/a", "/b", "/c", "/d"), green=many("/"))
    )

    assert found.severity is Severity.WARNING
    assert found.code == "RoutesMissing"
    assert found.message.startswith("4 of 5 routes of blue, which green does not have: ")
    assert "and 1 more routes; the upgrade waits for it" in found.message


def test_routes_without_endpoints_in_green_are_waited_for() -> None:
    unready = parsed(raw_ingress(), raw_service(), raw_slice(addresses=()))

    (found,) = check_green_routes(inventory(green=unready))

    assert found.code == "RoutesNotReady"
    assert (
        "1 of 1 route of blue, without a ready endpoint there: shop.example.com/" in found.message
    )


def test_a_route_that_blue_cannot_answer_either_is_not_missed() -> None:
    unready = parsed(raw_ingress(), raw_service(), raw_slice(addresses=()))

    assert check_green_routes(inventory(blue=unready, green=[])) == ()


def test_a_route_of_a_host_that_stays_is_not_missed() -> None:
    scope = HostScope(exclude=("shop.example.com",))

    assert check_green_routes(inventory(green=[], scope=scope)) == ()


def test_a_route_of_green_alone_is_no_route_of_blue() -> None:
    assert check_green_routes(inventory(blue=many("/a"), green=many("/a", "/b"))) == ()


def test_what_is_not_known_is_not_missing() -> None:
    away = inventory(blue=AWAY, scope=HostScope(include=("zzz",)))

    assert check_hosts(away) == ()
    assert check_anything(away) == ()
    assert check_green_routes(away) == ()


def test_a_green_with_less_than_half_of_the_endpoints_is_small() -> None:
    five = [f"127.64.0.{number}" for number in range(1, 6)]

    (found,) = check_capacity(inventory(blue=shop(*five), green=shop(*five[:2])))

    assert found.severity is Severity.WARNING
    assert "shop/web (2 against 5)" in found.message


def test_a_green_with_half_of_the_endpoints_is_large_enough() -> None:
    four = [f"127.64.0.{number}" for number in range(1, 5)]

    assert check_capacity(inventory(blue=shop(*four), green=shop(*four[:2]))) == ()


def test_a_route_that_green_does_not_answer_is_not_called_small() -> None:
    assert check_capacity(inventory(green=[])) == ()


def test_broken_objects_of_green_are_named() -> None:
    dangling = parsed(raw_ingress(service="gone"))

    (found,) = check_problems(inventory(green=dangling))

    assert found.code == "ObjectsBroken"
    assert "there is no Service gone" in found.message


def test_broken_objects_of_blue_are_known_and_lived_with() -> None:
    dangling = parsed(raw_ingress(service="gone"))

    assert check_problems(inventory(blue=dangling)) == ()
