from collections.abc import Mapping
from dataclasses import replace

import pytest

from bascule.checks.azure.facts import InsideFacts
from bascule.checks.azure.reachability import plan_extension
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from bascule.checks.inventory import Inventory
from bascule.checks.overlays import NOT_EXTENDED, check_overlay_ranges
from bascule.ids import Cluster
from tests.support.inventories import inventory

RANGE = "10.240.0.0/24"
HIDDEN = Unreadable(what="what runs in green", reason="forbidden")


def seen(
    green: InsideFacts | Unreadable | None, overlays: Mapping[Cluster, tuple[str, ...]]
) -> Inventory:
    inside = {} if green is None else {Cluster.GREEN: green}
    return replace(inventory(), inside=inside, overlays=overlays)


def test_an_overlay_that_lets_nobody_in_is_a_blocker_that_says_what_to_apply() -> None:
    other = InsideFacts(extensions=("10.9.0.0/24",))

    (found,) = check_overlay_ranges(seen(other, {Cluster.GREEN: (RANGE,)}))

    assert (found.severity, found.code) == (Severity.BLOCKER, NOT_EXTENDED)
    assert found.subject == "green"
    assert f"apply {plan_extension(RANGE)} there" in found.message


@pytest.mark.parametrize(
    ("green", "ranges"),
    [
        (InsideFacts(extensions=("10.9.0.0/24", RANGE)), (RANGE,)),
        (InsideFacts(extensions=()), ()),
        (InsideFacts(extensions=None), (RANGE,)),
        (HIDDEN, (RANGE,)),
        (None, (RANGE,)),
    ],
    ids=["let in", "no range known", "not shown", "hidden", "not there yet"],
)
def test_nothing_is_missed_where_it_is_there_or_nobody_knows(
    green: InsideFacts | Unreadable | None, ranges: tuple[str, ...]
) -> None:
    assert check_overlay_ranges(seen(green, {Cluster.GREEN: ranges})) == ()


def test_a_cluster_that_is_on_no_overlay_is_not_asked_about_one() -> None:
    assert check_overlay_ranges(seen(InsideFacts(extensions=()), {})) == ()
