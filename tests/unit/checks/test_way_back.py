from dataclasses import replace

from bascule.checks.findings import Severity
from bascule.checks.inventory import HostScope
from bascule.checks.way_back import check_way_back
from bascule.ids import Cluster
from tests.support.inventories import facts, inventory
from tests.support.raw_objects import parsed, raw_ingress, raw_service

DOWN = parsed(raw_ingress(), raw_service())


def test_a_blue_that_serves_something_is_a_way_back() -> None:
    assert check_way_back(inventory()) == ()


def test_a_blue_that_serves_nothing_is_none() -> None:
    (found,) = check_way_back(inventory(DOWN))

    assert (found.severity, found.code, found.subject) == (
        Severity.WARNING,
        "BlueNotServing",
        "blue",
    )
    assert "blue (old) has no ready endpoint for any route" in found.message


def test_what_is_not_known_or_does_not_move_is_not_judged() -> None:
    alone = inventory(DOWN)
    without_blue = {Cluster.GREEN: alone.clusters[Cluster.GREEN]}

    assert check_way_back(inventory(facts(reason="away"))) == ()
    assert check_way_back(replace(alone, clusters=without_blue)) == ()
    assert check_way_back(inventory(DOWN, scope=HostScope(exclude=("shop.example.com",)))) == ()
