import pytest
from hypothesis import given
from hypothesis import strategies as st

from bascule.spec.durations import DURATION_MAX_S, parse_duration, render_about, render_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("1.5s", 1.5),
        ("5m", 300),
        ("1h30m", 5_400),
        ("7d", 604_800),
        ("1d2h3m4s5ms", 93_784.005),
        (90, 90),
        (0.25, 0.25),
        (0, 0),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "5", "m", "5 minutes", "-5m", "1m1h", "5m5m", "1e3s", None, True, ["5m"], "1h,", "1h 30m"],
)
def test_what_is_no_duration_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 500ms, 30s, 5m or 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["367d", "999999999999d", -1, float("inf"), float("nan"), 1e12])
def test_a_duration_is_at_most_a_year(text: object) -> None:
    with pytest.raises(ValueError, match="is not a duration from 0 to 366d"):
        parse_duration(text)


def test_a_duration_is_written_as_short_as_it_can_be() -> None:
    written = [render_duration(seconds) for seconds in (0, 0.5, 90, 3_600, 86_400, 93_784.005)]

    assert written == ["0s", "500ms", "1m30s", "1h", "1d", "1d2h3m4s5ms"]


def test_a_measured_time_is_told_in_whole_seconds_and_never_as_none() -> None:
    assert [render_about(seconds) for seconds in (0.0, 0.2, 7.6, 78.5)] == [
        "1s",
        "1s",
        "8s",
        "1m18s",
    ]


@given(st.integers(0, int(DURATION_MAX_S * 1_000)))
def test_what_is_written_is_read_again(milliseconds: int) -> None:
    seconds = milliseconds / 1_000

    assert parse_duration(render_duration(seconds)) == seconds
