from bascule.checks import preflight
from bascule.checks.findings import Severity
from bascule.checks.preflight import CHECKS, check_all
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
