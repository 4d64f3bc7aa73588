import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bascule.report.page.scales import TICKS_MAX, TimeScale, linear_scale, log_scale

AT = datetime(2026, 11, 23, 8, 58, 12, tzinfo=UTC)


def span(**length: float) -> TimeScale:
    return TimeScale(from_at=AT, to_at=AT + timedelta(**length))


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_linear_ticks_are_few_and_cover_the_range(highest: float) -> None:
    scale = linear_scale(highest)

    assert scale.ticks[0] == 0
    assert scale.high >= highest * (1 - 1e-9)
    assert 2 <= len(scale.ticks) <= TICKS_MAX + 1
    assert all(math.isfinite(scale.place(tick)) for tick in scale.ticks)


@given(st.floats(min_value=1e-3, max_value=1e6), st.floats(min_value=1, max_value=1e6))
def test_ticks_by_powers_of_ten_cover_the_range(lowest: float, ratio: float) -> None:
    highest = lowest * ratio

    scale = log_scale(lowest, highest)

    assert scale.low <= lowest * (1 + 1e-9)
    assert scale.high >= highest * (1 - 1e-9)
    assert scale.place(scale.low) == 0
    assert scale.place(scale.high) == 1


def test_a_range_within_one_power_of_ten_has_ticks_between() -> None:
    assert log_scale(12, 80).ticks == (10, 20, 50, 100)


@pytest.mark.parametrize(("highest", "last"), [(156, 200), (0.3, 0.3), (1, 1), (2477, 2500)])
def test_ticks_are_at_round_values(highest: float, last: float) -> None:
    assert linear_scale(highest).high == pytest.approx(last)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_lies_outside_is_put_at_the_edge(value: float) -> None:
    assert 0 <= linear_scale(10).place(value) <= 1
    assert 0 <= log_scale(1, 100).place(value) <= 1


@pytest.mark.parametrize(
    ("length", "labels"),
    [
        ({"seconds": 30}, ["08:58:15", "08:58:20", "08:58:25", "08:58:30", "08:58:35", "08:58:40"]),
        ({"minutes": 10}, ["09:00", "09:02", "09:04", "09:06", "09:08"]),
        ({"hours": 30}, ["12:00", "18:00", "24 Nov", "06:00", "12:00"]),
        ({"days": 7}, ["25 Nov", "27 Nov", "29 Nov"]),
    ],
)
def test_time_ticks_fit_the_length_of_the_upgrade(
    length: dict[str, float], labels: list[str]
) -> None:
    assert [tick.label for tick in span(**length).ticks()] == labels


@given(st.floats(min_value=1, max_value=5e8))
def test_time_ticks_are_few_and_within(seconds: float) -> None:
    time = span(seconds=seconds)

    ticks = time.ticks()

    assert len(ticks) <= TICKS_MAX + 1
    assert all(time.holds(tick.at) for tick in ticks)


def test_a_moment_has_its_place_between_both_ends() -> None:
    time = span(seconds=10)

    assert time.place(AT + timedelta(seconds=5)) == 0.5
    assert time.place(AT - timedelta(seconds=5)) == 0
    assert not time.holds(AT - timedelta(seconds=5))


def test_no_time_at_all_has_one_place() -> None:
    assert span(seconds=0).place(AT) == 0


def test_a_value_has_its_place_between_the_ends_and_is_put_at_the_edge_outside() -> None:
    linear, log = linear_scale(10), log_scale(1, 100)

    assert [linear.place(value) for value in (-1, 0, 5, 10, 99)] == [0, 0, 0.5, 1, 1]
    assert [round(log.place(value), 9) for value in (0.1, 1, 10, 100)] == [0, 0, 0.5, 1]
