from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bascule.report.wording import (
    say_clock,
    say_date,
    say_duration,
    say_moment,
    say_number,
    say_time,
)

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 ms"),
        (0.0054, "5 ms"),
        (1.0, "1 s"),
        (12.42, "12.4 s"),
        (59.96, "1 min"),
        (185, "3 min 5 s"),
        (3600, "1 h"),
        (187_200, "2 d 4 h"),
        (86_400 * 7 + 61, "7 d"),
    ],
)
def test_a_duration_is_said_in_two_units_at_most(seconds: float, said: str) -> None:
    assert say_duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (1_234_567, "1,234,567"),
        (123.456, "123"),
        (12.345, "12.3"),
        (8.4, "8.4"),
        (0.25, "0.25"),
        (0.0012, "0.0012"),
        (99.96, "100"),
    ],
)
def test_a_number_is_said_with_about_three_figures(value: float, said: str) -> None:
    assert say_number(value) == said


def test_the_decimals_of_a_number_can_be_asked_for() -> None:
    assert say_number(3, 1) == "3.0"


def test_times_are_said_in_utc_whatever_their_zone() -> None:
    abroad = AT.astimezone(timezone(timedelta(hours=5)))

    assert say_time(abroad) == "4 Mar 2026 05:06:07 UTC"
    assert say_moment(abroad) == "4 Mar 05:06:07"
    assert say_date(abroad) == "4 Mar"
    assert say_clock(abroad) == "05:06:07"


def test_the_year_is_that_of_utc_too() -> None:
    abroad = datetime(2026, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-5)))

    assert say_time(abroad) == "1 Jan 2027 04:30:00 UTC"


@given(st.floats(min_value=0, max_value=1e9))
def test_any_duration_can_be_said(seconds: float) -> None:
    assert say_duration(seconds)[0].isdigit()
