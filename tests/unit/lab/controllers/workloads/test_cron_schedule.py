from datetime import UTC, datetime

import pytest

from bascule.lab.controllers.workloads.cron_schedule import ScheduleError, parse_schedule


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        pytest.param("* * * * *", "2026-01-01 10:00:30", "2026-01-01 10:01", id="minute"),
        pytest.param("*/15 * * * *", "2026-01-01 10:16:00", "2026-01-01 10:30", id="step"),
        pytest.param("5/20 * * * *", "2026-01-01 10:26:00", "2026-01-01 10:45", id="from on"),
        pytest.param("0 9-17 * * *", "2026-01-01 17:30:00", "2026-01-02 09:00", id="range"),
        pytest.param("30 3 * * mon", "2026-01-01 00:00:00", "2026-01-05 03:30", id="weekday"),
        pytest.param("0 0 * * 7", "2026-01-01 00:00:00", "2026-01-04 00:00", id="sunday is 7"),
        pytest.param("0 0 1 feb,jun *", "2026-02-01 00:00:00", "2026-06-01 00:00", id="months"),
        pytest.param("0 0 13 * 5", "2026-01-01 00:00:00", "2026-01-02 00:00", id="day or weekday"),
        pytest.param("@hourly", "2026-01-01 10:59:59", "2026-01-01 11:00", id="shorthand"),
        pytest.param("0 0 29 2 *", "2026-01-01 00:00:00", "2028-02-29 00:00", id="leap day"),
    ],
)
def test_the_next_time_follows_the_schedule(schedule: str, after: str, expected: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)

    found = parse_schedule(schedule).next_after(moment)

    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_day_that_never_comes_is_never_due() -> None:
    schedule = parse_schedule("0 0 30 2 *")

    assert schedule.next_after(datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "text", ["* * * *", "60 * * * *", "x * * * *", "5-1 * * * *", "*/0 * * * *"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        parse_schedule(text)
