from datetime import UTC, datetime, timedelta

import pytest

from bascule.lab.kubeapi.objects.durations import parse_time, render_age, render_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (310, "5m10s"),
        (601, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (11_000, "3h3m"),
        (8 * 3600 + 60, "8h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (49 * 3600, "2d1h"),
        (9 * 86_400, "9d"),
        (730 * 86_400, "2y"),
        (740 * 86_400, "2y10d"),
        (9 * 365 * 86_400, "9y"),
    ],
)
def test_durations_are_told_in_at_most_two_units(seconds: int, text: str) -> None:
    assert render_duration(timedelta(seconds=seconds)) == text


def test_an_age_counts_from_now() -> None:
    now = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)

    assert render_age("2026-01-01T00:00:00Z", now) == "60s"
    assert render_age(None, now) == "<unknown>"
    assert render_age("yesterday", now) == "<unknown>"


def test_a_time_without_a_zone_is_in_utc() -> None:
    assert parse_time("2026-01-01T00:00:00") == datetime(2026, 1, 1, tzinfo=UTC)
