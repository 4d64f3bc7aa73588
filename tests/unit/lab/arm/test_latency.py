from random import Random
from statistics import median

import pytest

from bascule.lab.arm.latency import (
    FAST_RANGE_S,
    RECORDED,
    RecordedDurations,
    make_durations,
)


def dice() -> Random:
    return Random(1)  # noqa: S311 - durations, not secrets


def test_a_fast_lab_takes_a_blink_for_everything() -> None:
    durations = make_durations("fast", dice(), 1.0)

    drawn = [durations.draw_s("aks.create") for _ in range(50)]

    assert FAST_RANGE_S[0] <= min(drawn) <= max(drawn) <= FAST_RANGE_S[1]
    assert durations.retry_after_s("aks.create", 0) == pytest.approx(0.1)


@pytest.mark.parametrize("operation", sorted(RECORDED))
def test_recorded_durations_have_the_median_and_the_bounds_that_were_seen(operation: str) -> None:
    durations, seen = RecordedDurations(dice()), RECORDED[operation]

    drawn = [durations.draw_s(operation) for _ in range(400)]

    assert median(drawn) == pytest.approx(seen.median_s, rel=0.35)
    assert seen.min_s <= min(drawn) <= max(drawn) <= seen.max_s


def test_speed_divides_durations_and_waits() -> None:
    slow, quick = RecordedDurations(dice()), RecordedDurations(dice(), speed=20)

    assert quick.draw_s("aks.upgrade") == pytest.approx(slow.draw_s("aks.upgrade") / 20)
    assert slow.retry_after_s("vnet.put", 0) == 10
    assert quick.retry_after_s("vnet.put", 0) == 0.5


def test_waits_grow_as_they_were_seen_to_and_stay_at_the_last() -> None:
    durations = RecordedDurations(dice())

    waits = [durations.retry_after_s("appgw.put", poll) for poll in (0, 1, 3, 7, 50)]

    assert waits == [1, 2, 4, 16, 10]


def test_aks_sends_no_wait_unless_the_lab_is_quicker_than_azure() -> None:
    assert RecordedDurations(dice()).retry_after_s("aks.create", 0) is None
    assert RecordedDurations(dice(), speed=60).retry_after_s("aks.create", 0) == 0.5


def test_an_operation_that_nobody_recorded_takes_as_long_as_its_kind_or_a_few_seconds() -> None:
    durations = RecordedDurations(dice())

    assert durations.draw_s("aks.abort") >= RECORDED["aks"].min_s
    assert 1 <= durations.draw_s("something") <= 60
