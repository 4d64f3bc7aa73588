from bascule.upgrade.pace import AT_ONCE, pace_of_operations


def test_an_order_may_wait_behind_a_whole_operation_and_its_own() -> None:
    pace = pace_of_operations(8, 600)

    assert pace.order_age_max_s == AT_ONCE.order_age_max_s + 600
    assert pace.outcome_s > 2 * 600
    assert pace.usual_s == 8
