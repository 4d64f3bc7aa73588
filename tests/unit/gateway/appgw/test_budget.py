from bascule.gateway.appgw.budget import Budget


def test_the_first_write_waits_for_nothing_and_the_next_for_a_moment() -> None:
    budget = Budget(spacing_s=2.0)
    assert budget.wait_s(10.0) == 0.0

    budget.note(10.0)

    assert budget.wait_s(10.5) == 1.5
    assert budget.wait_s(12.0) == 0.0


def test_when_all_are_used_the_oldest_must_be_long_enough_ago() -> None:
    budget = Budget(writes_max=3, window_s=100.0, spacing_s=1.0)
    for moment_s in (0.0, 10.0, 20.0):
        assert budget.wait_s(moment_s) == 0.0
        budget.note(moment_s)

    assert budget.wait_s(30.0) == 70.0
    budget.note(30.0)
    assert budget.wait_s(31.0) == 79.0
