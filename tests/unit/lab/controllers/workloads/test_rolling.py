import pytest
from hypothesis import given
from hypothesis import strategies as st

from bascule.lab.controllers.workloads.rolling import (
    Bounds,
    Sized,
    parse_bounds,
    plan_rollout,
    resolve,
    spread_proportionally,
)


def sized(name: str, wanted: int, available: int) -> Sized:
    return Sized(name=name, wanted=wanted, available=available)


@pytest.mark.parametrize(
    ("value", "total", "rounds_up", "expected"),
    [
        pytest.param(2, 10, True, 2, id="absolute"),
        pytest.param("25%", 10, True, 3, id="percent rounds up"),
        pytest.param("25%", 10, False, 2, id="percent rounds down"),
        pytest.param("3", 10, False, 3, id="number as text"),
    ],
)
def test_a_bound_is_absolute_or_a_share(
    value: int | str, total: int, *, rounds_up: bool, expected: int
) -> None:
    assert resolve(value, total, rounds_up=rounds_up) == expected


def test_bounds_that_would_never_move_allow_one_pod_to_be_away() -> None:
    assert parse_bounds(4, 0, "0%").max_unavailable == 1


def test_surge_comes_before_anything_is_taken_away() -> None:
    bounds = Bounds(replicas=3, max_surge=1, max_unavailable=0)

    assert plan_rollout(bounds, sized("new", 0, 0), [sized("old", 3, 3)]) == {"new": 1}


def test_nothing_is_taken_away_before_the_new_pod_is_available() -> None:
    bounds = Bounds(replicas=3, max_surge=1, max_unavailable=0)

    assert plan_rollout(bounds, sized("new", 1, 0), [sized("old", 3, 3)]) == {}
    assert plan_rollout(bounds, sized("new", 1, 1), [sized("old", 3, 3)]) == {"old": 2}


def test_unavailable_old_pods_go_first() -> None:
    bounds = Bounds(replicas=3, max_surge=1, max_unavailable=0)
    old = [sized("older", 1, 0), sized("old", 2, 2)]

    assert plan_rollout(bounds, sized("new", 1, 1), old) == {"older": 0}


def test_a_new_set_that_is_too_large_shrinks() -> None:
    bounds = Bounds(replicas=2, max_surge=1, max_unavailable=0)

    assert plan_rollout(bounds, sized("new", 5, 5), []) == {"new": 2}


def test_a_finished_rollout_changes_nothing() -> None:
    bounds = Bounds(replicas=2, max_surge=1, max_unavailable=0)

    assert plan_rollout(bounds, sized("new", 2, 2), [sized("old", 0, 0)]) == {}


def test_scaling_in_the_middle_of_a_rollout_keeps_the_shares() -> None:
    bounds = Bounds(replicas=15, max_surge=3, max_unavailable=2)

    sizes = spread_proportionally(bounds, [sized("old", 8, 8), sized("new", 5, 2)])

    assert sizes == {"old": 11, "new": 7}


def test_nothing_is_spread_when_the_number_is_right_or_there_is_nothing() -> None:
    bounds = Bounds(replicas=2, max_surge=1, max_unavailable=0)

    assert spread_proportionally(bounds, [sized("a", 2, 2), sized("b", 1, 1)]) == {}
    assert spread_proportionally(bounds, [sized("a", 0, 0)]) == {}


@given(
    replicas=st.integers(1, 20),
    surge=st.integers(0, 5),
    unavailable=st.integers(0, 5),
    failures=st.lists(st.booleans(), max_size=20),
)
def test_a_rollout_ends_and_stays_within_its_bounds(
    replicas: int, surge: int, unavailable: int, failures: list[bool]
) -> None:
    bounds = parse_bounds(replicas, surge, unavailable)
    wanted = {"new": 0, "old": replicas}
    available = {"new": 0, "old": replicas}
    unlucky = iter(failures)

    for _ in range(200):
        new = sized("new", wanted["new"], available["new"])
        sizes = plan_rollout(bounds, new, [sized("old", wanted["old"], available["old"])])
        wanted.update(sizes)
        available["old"] = min(available["old"], wanted["old"])
        assert sum(wanted.values()) <= replicas + bounds.max_surge
        assert sum(available.values()) >= replicas - bounds.max_unavailable
        if available["new"] < wanted["new"] and not next(unlucky, False):
            available["new"] += 1

    assert wanted == {"new": replicas, "old": 0}
