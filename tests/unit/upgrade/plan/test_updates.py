from dataclasses import replace

from bascule.gateway.driver import UpdateTimes
from bascule.upgrade.plan.updates import estimate_act_s, render_cost
from tests.support.planning import KNOWN, SLOW


def test_a_message_costs_nothing_worth_a_word() -> None:
    assert (estimate_act_s(KNOWN), render_cost(KNOWN)) == (1.0, "")


def test_an_update_takes_what_it_took_before() -> None:
    measured = UpdateTimes(median_s=21.0, p90_s=60.0, source="here")

    assert estimate_act_s(SLOW) == 8.0
    assert estimate_act_s(replace(SLOW, measured_update=measured)) == 21.0
    assert render_cost(SLOW) == "; costs 1 PUT, an update of the whole gateway"


def test_no_change_is_quicker_than_reading_it_back() -> None:
    measured = UpdateTimes(median_s=0.1, p90_s=0.2, source="here")

    assert estimate_act_s(replace(SLOW, measured_update=measured)) == 1.0
