from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bascule.lab.load.schedule import Schedule


@given(
    st.lists(st.sampled_from([1.0, 3.0, 10.0, 250.0]), min_size=1, max_size=4),
    st.lists(st.floats(0.001, 0.5), min_size=1, max_size=30),
)
def test_every_request_is_taken_once_in_order_whenever_asked(
    rates: list[float], pauses: list[float]
) -> None:
    schedule = Schedule(rates, start_s=5.0, end_s=7.0)
    taken = []
    now_s = 5.0
    for pause_s in [*pauses, 3.0]:
        now_s += pause_s
        taken += list(schedule.take(now_s))

    assert schedule.next_due_s is None
    assert taken == sorted(taken)
    for lane, rate in enumerate(rates):
        due = [at_s for at_s, of in taken if of == lane]
        assert len(due) == round(2.0 * rate)
        assert all(abs(b - a - 1 / rate) < 1e-6 for a, b in pairwise(due))


def test_the_rate_rises_evenly_over_the_ramp() -> None:
    schedule = Schedule([100.0], start_s=0.0, end_s=3.0, ramp_s=1.0)

    due = [at_s for at_s, _ in schedule.take(3.0)]

    assert [sum(1 for at_s in due if a <= at_s < a + 0.5) for a in (0.0, 0.5, 1.0)] == [12, 38, 50]
    assert len(due) == 250
    assert due == sorted(due)


def test_nothing_is_due_before_its_time() -> None:
    schedule = Schedule([10.0], start_s=0.0, end_s=1.0)

    assert list(schedule.take(0.04)) == []
    assert schedule.next_due_s == 0.05
