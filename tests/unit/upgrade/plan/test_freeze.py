from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.errors import JournalError, PlanError
from bascule.journal.record import Json
from bascule.upgrade.plan.freeze import DAYS, LOOK_AHEAD_MAX, frozen_until

BERLIN = "Europe/Berlin"
ZONES = (BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


def _weekly(
    begins: str, ends: str, *days: str, zone: str = BERLIN, name: str = "nights"
) -> dict[str, Json]:
    return {"name": name, "days": [*days], "from": begins, "to": ends, "timeZone": zone}


def _dates(first: str, last: str, *, zone: str = BERLIN, name: str = "holidays") -> dict[str, Json]:
    return {"name": name, "dates": {"from": first, "to": last}, "timeZone": zone}


def _at(text: str, zone: str = BERLIN, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


WEEKEND = _weekly("18:00", "08:00", "fri", "sat", "sun", name="weekend")


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-27T17:59:59", None),
        ("2026-11-27T18:00:00", "2026-11-28T08:00:00"),
        ("2026-11-28T07:59:59", "2026-11-28T08:00:00"),
        ("2026-11-28T08:00:00", None),
        ("2026-11-29T23:30:00", "2026-11-30T08:00:00"),
        ("2026-11-30T18:00:00", None),
    ],
    ids=["before", "first-moment", "over-midnight", "end", "into-monday", "monday-evening"],
)
def test_a_window_goes_on_over_midnight_from_its_own_days_only(now: str, end: str | None) -> None:
    wanted = (_at(end), "weekend") if end else None

    assert frozen_until([WEEKEND], _at(now)) == wanted


def test_windows_that_adjoin_are_one_freeze() -> None:
    days = [_weekly("00:00", "24:00", "sat", "sun"), _weekly("18:00", "24:00", "fri", name="eve")]

    assert frozen_until(days, _at("2026-11-27T20:00:00")) == (_at("2026-11-30T00:00:00"), "eve")


def test_windows_that_overlap_are_one_freeze_named_after_the_longer() -> None:
    windows = [_weekly("18:00", "08:00", "fri", name="short"), _dates("2026-11-27", "2026-11-29")]

    found = frozen_until(windows, _at("2026-11-27T19:00:00"))

    assert found == (_at("2026-11-30T00:00:00"), "holidays")


def test_a_range_of_dates_holds_its_last_day_too_in_its_own_zone() -> None:
    window = _dates("2026-12-20", "2027-01-03", zone="America/New_York")

    end = _at("2027-01-04T00:00:00", "America/New_York")
    assert frozen_until([window], _at("2027-01-03T23:59:59", "America/New_York")) == (
        end,
        "holidays",
    )
    assert frozen_until([window], end) is None
    assert frozen_until([window], _at("2026-12-20T00:00:00", "UTC")) is None


def test_every_day_is_meant_where_none_is_named() -> None:
    assert frozen_until([_weekly("22:00", "23:00")], _at("2026-11-25T22:30:00")) is not None


def test_a_window_without_a_name_is_called_freeze() -> None:
    found = frozen_until([_weekly("00:00", "12:00", name="")], _at("2026-11-25T10:00:00"))

    assert found == (_at("2026-11-25T12:00:00"), "freeze")


def test_equal_hours_are_a_whole_day() -> None:
    found = frozen_until([_weekly("06:00", "06:00", "mon")], _at("2026-11-24T05:00:00"))

    assert found == (_at("2026-11-24T06:00:00"), "nights")


def test_an_hour_that_comes_twice_is_frozen_twice() -> None:
    window = _weekly("02:15", "02:45", "sun")
    last = _at("2026-10-25T02:45:00", fold=1).astimezone(UTC)

    assert frozen_until([window], _at("2026-10-25T02:15:00", fold=0)) == (last, "nights")
    assert frozen_until([window], _at("2026-10-25T02:10:00", fold=1)) == (last, "nights")
    assert frozen_until([window], last) is None


def test_a_beginning_that_is_left_out_is_the_jump() -> None:
    window = _weekly("02:30", "05:00", "sun")
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC)

    assert frozen_until([window], jump - timedelta(seconds=1)) is None
    assert frozen_until([window], jump) == (_at("2026-03-29T05:00:00"), "nights")


def test_an_end_that_is_left_out_is_the_jump() -> None:
    window = _weekly("01:00", "02:30", "sun")
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC)

    assert frozen_until([window], _at("2026-03-29T01:30:00")) == (jump, "nights")
    assert frozen_until([window], jump) is None


def test_a_window_in_a_gap_never_holds() -> None:
    window = _weekly("02:10", "02:50", "sun")

    assert frozen_until([window], _at("2026-03-29T03:00:00")) is None


def test_a_freeze_without_end_ends_where_nobody_looks_further() -> None:
    now = _at("2026-11-25T10:00:00")

    found = frozen_until([_weekly("00:00", "24:00")], now)

    assert found is not None
    assert timedelta() < found[0] - now - LOOK_AHEAD_MAX <= timedelta(days=1)


def test_nothing_is_frozen_without_windows() -> None:
    assert frozen_until([], _at("2026-11-25T10:00:00")) is None


@pytest.mark.parametrize(
    "window",
    [
        {"timeZone": "UTC"},
        {"timeZone": 5},
        _weekly("six", "12:00"),
        _weekly("06:00", "12:00", "someday"),
        _dates("2026-13-01", "2026-12-02"),
        _dates("2026-01-01", "9999-12-31"),
    ],
    ids=["hours", "zone", "clock", "day", "date", "far"],
)
def test_what_is_no_window_is_refused(window: dict[str, Json]) -> None:
    with pytest.raises(JournalError):
        frozen_until([window], _at("2026-11-25T10:00:00"))


def test_an_unknown_time_zone_says_what_to_install() -> None:
    with pytest.raises(PlanError) as caught:
        frozen_until([_weekly("06:00", "12:00", zone="Mars/Base")], _at("2026-11-25T10:00:00"))

    assert "tzdata" in caught.value.remedy


_CLOCKS = st.integers(0, 24 * 60 - 1).map(lambda m: f"{m // 60:02}:{m % 60:02}")
_WEEKLY = st.builds(
    lambda begins, ends, days, zone: _weekly(begins, ends, *days, zone=zone),
    _CLOCKS,
    _CLOCKS,
    st.lists(st.sampled_from(DAYS), unique=True, max_size=4),
    st.sampled_from(ZONES),
)
_MOMENTS = st.integers(0, 400 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def _holds_by_the_clock(window: dict[str, Json], moment: datetime) -> bool:
    """Say it from what a clock on the wall shows."""
    wall = moment.astimezone(ZoneInfo(str(window["timeZone"]))).replace(tzinfo=None, fold=0)
    days = window["days"]
    assert isinstance(days, list)
    for back in (0, 1):
        midnight = datetime.combine(wall.date(), datetime.min.time()) - timedelta(days=back)
        begin, end = (
            midnight + timedelta(hours=int(str(window[key])[:2]), minutes=int(str(window[key])[3:]))
            for key in ("from", "to")
        )
        end += timedelta(days=1) if end <= begin else timedelta()
        if (not days or DAYS[midnight.weekday()] in days) and begin <= wall < end:
            return True
    return False


def _comes_twice(moment: datetime) -> bool:
    """Whether a clock shows this time twice, anywhere, that day: then both answers are right."""
    for zone in ZONES:
        local = moment.astimezone(ZoneInfo(zone))
        other = local.replace(fold=1 - local.fold)
        if other.utcoffset() != local.utcoffset():
            return True
    return False


@given(windows=st.lists(_WEEKLY, min_size=1, max_size=3), moment=_MOMENTS)
@settings(max_examples=60, deadline=None)
def test_frozen_is_what_the_clocks_on_the_walls_say(
    windows: list[dict[str, Json]], moment: datetime
) -> None:
    if not _comes_twice(moment):
        held = any(_holds_by_the_clock(window, moment) for window in windows)

        assert (frozen_until(windows, moment) is not None) == held


@given(windows=st.lists(_WEEKLY, min_size=1, max_size=3), moment=_MOMENTS)
@settings(max_examples=30, deadline=None)
def test_the_end_of_a_freeze_is_the_first_moment_that_is_free(
    windows: list[dict[str, Json]], moment: datetime
) -> None:
    found = frozen_until(windows, moment)

    if found is not None and found[0] - moment <= LOOK_AHEAD_MAX:
        end = found[0]
        between = [moment + (end - moment) * part / 4 for part in range(4)]
        assert frozen_until(windows, end) is None
        assert {(frozen_until(windows, at) or (None,))[0] for at in between} == {end}


@given(windows=st.lists(_WEEKLY, min_size=1, max_size=3), moment=_MOMENTS)
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_windows_does_not_matter(
    windows: list[dict[str, Json]], moment: datetime
) -> None:
    assert frozen_until(windows, moment) == frozen_until(windows[::-1], moment)
