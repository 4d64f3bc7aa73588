from collections.abc import Iterator
from dataclasses import replace

import pytest

from bascule.checks.findings import Finding
from bascule.routing.weights import Split
from bascule.upgrade.plan.rules_of_weights import lint_weights
from bascule.upgrade.run.stages import Stage
from tests.support.orders import GREEN, percent
from tests.support.planning import KNOWN
from tests.support.plans import build_plan, by_host, hold, set_split, weights
from tests.support.tables import host, route_set


def codes(found: Iterator[Finding]) -> list[str]:
    return [finding.code for finding in found]


def test_weights_are_not_compared_with_a_split_that_is_wrong_already() -> None:
    assert codes(lint_weights(build_plan(), replace(KNOWN, split=GREEN))) == []


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((1, 5, 25, 50, 100), []),
        ((5, 2, 50, 100), ["WeightFalls"]),
        ((1, 100), ["WeightJumps"]),
        ((100,), ["AllAtOnce"]),
        ((50,), []),
    ],
    ids=["rising", "falling", "leaping", "at once", "half"],
)
def test_weights_rise_and_do_not_leap(shares: tuple[float, ...], expected: list[str]) -> None:
    assert codes(lint_weights(build_plan([weights(s) for s in shares]), KNOWN)) == expected


def test_all_at_once_is_worse_without_a_bake() -> None:
    baked = build_plan([weights(100), hold("bake", Stage.BAKE, 60)])

    (bare,) = lint_weights(build_plan([weights(100)]), KNOWN)
    (found,) = lint_weights(baked, KNOWN)

    assert "in one step, and without a bake:" in bare.message
    assert "in one step:" in found.message


def of(*splits: Split) -> list[Finding]:
    """Return what is found of these splits, one after the other, where four hosts are known."""
    plan = build_plan([set_split(f"shift-{n}", split) for n, split in enumerate(splits)])
    routes = route_set([host(f"{name}.test") for name in "abcd"])
    return list(lint_weights(plan, replace(KNOWN, routes=routes)))


def test_a_leap_is_told_by_how_many_hosts_it_moves() -> None:
    (found,) = of(by_host("a.test"), GREEN)

    assert found.code == "WeightJumps"
    assert found.message == "shift-1 leaps from 25 % to 100 %: it moves 3 of 4 hosts"


def test_hosts_that_move_one_after_the_other_are_no_leap() -> None:
    assert of(by_host("a.test"), by_host("a.test", "b.test"), GREEN) == []


def test_only_the_hosts_that_move_count() -> None:
    (found,) = of(by_host("a.test", green=10), by_host("a.test"))

    assert found.message == "shift-1 leaps from 10 % to 100 %"


def test_a_host_that_falls_back_is_told() -> None:
    assert [f.code for f in of(by_host("a.test"), percent(25), GREEN)] == [
        "WeightFalls",
        "WeightJumps",
    ]


def test_hosts_that_are_not_known_count_as_one() -> None:
    plan = build_plan([set_split("shift-1", by_host("a.test")), set_split("shift-2", GREEN)])

    assert codes(lint_weights(plan, KNOWN)) == []
