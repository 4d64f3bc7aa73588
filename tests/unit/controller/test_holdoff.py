import pytest

from bascule.controller.holdoff import HoldOff, Pending, due_s, note_change

HOLD_OFF = HoldOff(quiet_s=0.010, max_s=0.100, urgent_s=0.002)


def test_a_single_change_is_built_after_a_short_quiet() -> None:
    pending = note_change(None, 5.0)

    assert pending == Pending(first_s=5.0, last_s=5.0)
    assert due_s(pending, HOLD_OFF) == pytest.approx(5.010)


def test_each_further_change_puts_it_off() -> None:
    pending = note_change(note_change(None, 5.0), 5.008)

    assert pending == Pending(first_s=5.0, last_s=5.008)
    assert due_s(pending, HOLD_OFF) == pytest.approx(5.018)


def test_changes_without_a_pause_are_built_at_the_limit() -> None:
    pending = note_change(None, 5.0)
    for step in range(1, 100):
        pending = note_change(pending, 5.0 + step * 0.005)

    assert due_s(pending, HOLD_OFF) == pytest.approx(5.1)


def test_an_urgent_change_does_not_wait_for_quiet() -> None:
    pending = note_change(note_change(None, 5.0), 5.004, is_urgent=True)

    assert pending == Pending(first_s=5.0, last_s=5.004, urgent_s=5.004)
    assert due_s(pending, HOLD_OFF) == pytest.approx(5.006)


def test_changes_after_an_urgent_one_do_not_put_it_off() -> None:
    pending = note_change(None, 5.0, is_urgent=True)
    pending = note_change(note_change(pending, 5.001, is_urgent=True), 5.0015)

    assert due_s(pending, HOLD_OFF) == pytest.approx(5.002)


def test_an_urgent_change_never_comes_later_than_an_ordinary_one() -> None:
    pending = note_change(note_change(None, 5.0), 5.0995, is_urgent=True)

    assert due_s(pending, HOLD_OFF) == pytest.approx(5.1)
