from dataclasses import replace

from bascule.checks.appgw.facts import Room
from bascule.checks.appgw.room import NAMED_MAX, check_room
from bascule.checks.findings import Severity
from bascule.ids import Cluster
from bascule.routing.model import Problem
from tests.support.appgw_facts import FINE, with_gateway
from tests.support.inventories import inventory


def problem(name: str = "web") -> Problem:
    return Problem(
        cluster=Cluster.GREEN,
        kind="Ingress",
        namespace="shop",
        name=name,
        code="NotFitting",
        message="there is no room for it",
    )


def test_a_limit_that_is_near_is_told_with_whose_it_is() -> None:
    near = Room(what="backend pools", ours=80, others=10, limit=100)
    far = Room(what="listeners", ours=1, others=1, limit=200)

    (found,) = check_room(with_gateway(replace(FINE, rooms=(near, far))))

    assert (found.severity, found.code) == (Severity.WARNING, "GatewayNearlyFull")
    assert found.message == "backend pools: ours are 80, others have 10, and Azure allows 100"


def test_what_is_left_out_is_told_on_its_object() -> None:
    (found,) = check_room(with_gateway(replace(FINE, left_out=(problem(),))))

    assert (found.code, found.subject) == ("LeftOut", "shop/web")
    assert found.message == "green Ingress shop/web: there is no room for it (NotFitting)"


def test_many_objects_are_counted() -> None:
    many = tuple(problem(f"web{n}") for n in range(NAMED_MAX + 2))

    found = check_room(with_gateway(replace(FINE, left_out=many)))

    assert len(found) == NAMED_MAX + 1
    assert found[-1].message == "the gateway cannot do all of 2 more objects"


def test_another_kind_of_gateway_has_no_such_limits() -> None:
    assert check_room(inventory()) == ()
    assert check_room(with_gateway()) == ()
