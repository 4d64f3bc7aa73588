from dataclasses import replace

from bascule.checks import preflight
from bascule.checks.findings import Severity
from bascule.checks.preflight import CHECKS, check_all, find_writers
from bascule.gateway.driver import Convergence, Observation
from tests.support.inventories import facts, inventory


def test_all_checks_are_in_the_list() -> None:
    known = {name for name in dir(preflight) if name.startswith("check_")} - {"check_all"}

    assert {check.__name__ for check in CHECKS} == known


def test_two_good_clusters_are_only_compared() -> None:
    (found,) = check_all(inventory())

    assert found.code == "NewerVersion"


def test_the_worst_comes_first() -> None:
    found = check_all(inventory(green=facts(name="new", version="v1.29.0", reason="away")))

    assert [f.severity for f in found] == [Severity.BLOCKER, Severity.WARNING]


def test_who_else_writes_the_gateway_is_found_without_what_it_serves() -> None:
    seen = Observation(convergence=Convergence.FOREIGN_CHANGE, reason="the portal")
    away = replace(inventory(green=facts(name="new", reason="away")), observation=seen)

    assert [each.code for each in find_writers(away)] == ["ForeignWriter"]
    assert find_writers(replace(away, observation=None)) == ()
