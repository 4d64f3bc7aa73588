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


def test_what_is_left_out_of_the_gateway_itself_has_no_object() -> None:
    of_gateway = replace(problem("gw"), kind="Gateway", namespace="", code="NotAllProbed")

    (found,) = check_room(with_gateway(replace(FINE, left_out=(of_gateway,))))

    assert (found.subject, found.message) == ("gw", "there is no room for it (NotAllProbed)")


def test_how_routes_change_clusters_is_told_and_what_pools_leave_unknown() -> None:
    rules, pools = (
        check_room(with_gateway(replace(FINE, switch_by=each, switch_by_why="so it is")))[0]
        for each in ("rules", "pools")
    )

    assert (rules.severity, rules.code) == (Severity.INFO, "SwitchBy")
    assert rules.message == "all routes change clusters by rules (so it is)"
    assert (pools.severity, pools.code) == (Severity.WARNING, "SwitchBy")
    assert pools.message == (
        "all routes change clusters by pools (so it is): Azure Monitor does not tell the clusters "
        "apart then, so that without access logs no step can be judged by traffic and blue is not "
        "retired; the cluster without requests is not probed before a switch"
    )
