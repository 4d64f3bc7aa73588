import pytest

from bascule.gateway.driver import UpdateTimes


@pytest.mark.parametrize(
    ("taken_s", "median_s", "p90_s"),
    [([7], 7, 7), ([20, 10], 10, 20), ([40, 8, 12, 9, 11], 11, 40), (range(1, 11), 5, 9)],
)
def test_the_middle_and_the_slow_are_times_that_were_measured(
    taken_s: list[float], median_s: float, p90_s: float
) -> None:
    assert UpdateTimes.measured(taken_s, source="of a clock") == UpdateTimes(
        median_s=median_s, p90_s=p90_s, source="of a clock"
    )
