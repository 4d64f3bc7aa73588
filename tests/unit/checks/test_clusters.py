from dataclasses import replace

import pytest

from bascule.checks.clusters import check_distinct, check_reachable, check_versions
from bascule.checks.findings import Severity
from bascule.checks.inventory import Inventory
from bascule.ids import Cluster
from tests.support.inventories import facts, inventory
from tests.support.raw_objects import shop


def with_versions(blue: str, green: str) -> Inventory:
    return inventory(facts(version=blue), facts(version=green))


def test_clusters_that_answer_are_not_mentioned() -> None:
    assert check_reachable(inventory()) == ()


def test_a_cluster_that_does_not_answer_is_a_blocker_that_says_which_and_why() -> None:
    (found,) = check_reachable(inventory(green=facts(name="new", reason="connection refused")))

    assert found.severity is Severity.BLOCKER
    assert found.message == "green (new) is not known: connection refused"


def test_a_cluster_whose_lists_are_not_complete_is_a_blocker() -> None:
    loading = replace(facts(), snapshot=replace(facts().snapshot, is_complete=False), name="")

    (found,) = check_reachable(inventory(blue=loading))

    assert found.message == "blue (without a name) is not known: its lists are not complete"


def test_a_cluster_that_is_not_there_yet_is_no_fault() -> None:
    absent = replace(inventory().clusters[Cluster.GREEN], is_awaited=True, name="new")
    absent = replace(absent, snapshot=replace(absent.snapshot, is_complete=False))

    (found,) = check_reachable(inventory(green=absent))

    assert found.severity is Severity.INFO
    assert found.message == "green (new) is not there yet"


def test_a_blue_that_dies_does_not_keep_its_traffic() -> None:
    dying = replace(facts(*shop()), reason="connection refused", remedy="start it")

    (found,) = check_reachable(inventory(blue=dying))

    assert found.severity is Severity.WARNING
    assert found.remedy == "start it"


def test_a_green_that_dies_gets_no_more_traffic() -> None:
    dying = replace(facts(*shop()), reason="connection refused")

    (found,) = check_reachable(inventory(green=dying))

    assert found.severity is Severity.BLOCKER


def test_one_cluster_under_two_names_is_a_blocker() -> None:
    (found,) = check_distinct(inventory(facts(name="old"), facts(name="old")))

    assert found.code == "SameCluster"
    assert "https://old.example.com" in found.message


def test_two_clusters_are_two() -> None:
    assert check_distinct(inventory()) == ()


@pytest.mark.parametrize(
    ("blue", "green", "code", "said"),
    [
        ("v1.33.2", "v1.30.1", "GreenOlder", "green is the older one"),
        ("v1.33.2", "v1.33.2-eks-1", "SameVersion", "both clusters have v1.33.2"),
        ("v1.33.1", "v1.33.2", "NewerVersion", "blue has v1.33.1, green v1.33.2"),
        ("v1.30", "v1.33.2", "NewerVersion", "3 minor versions in one step"),
        ("v1.30.1", "v2.0.0", "NewerVersion", "green v2.0.0"),
    ],
)
def test_versions_are_compared(blue: str, green: str, code: str, said: str) -> None:
    (found,) = check_versions(with_versions(blue, green))

    assert found.code == code
    assert said in found.message


def test_a_version_that_is_not_known_is_not_compared() -> None:
    assert check_versions(with_versions("v1.33.2", "")) == ()


def test_a_cluster_that_is_left_out_is_not_compared() -> None:
    whole = inventory()
    alone = replace(whole, clusters={Cluster.GREEN: whole.clusters[Cluster.GREEN]})

    assert check_versions(alone) == ()
