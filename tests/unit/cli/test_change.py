from bascule.cli.change import render_change
from bascule.cli.ordering import Plan
from bascule.routing.weights import Split
from bascule.upgrade.signals import RollBack
from tests.support.orders import BLUE, GREEN, moved, order, state_after

ONE_HOST = Split(BLUE.default, {"a.com": GREEN.default})


def plan(wanted: Split, *cancels: str) -> Plan:
    state = state_after(*moved(ONE_HOST))
    return Plan(state=state, order=order(RollBack(cancels=cancels)), wanted=wanted)


def test_hosts_with_weights_of_their_own_stand_among_what_is_and_what_will_be() -> None:
    assert render_change(plan(BLUE), "shop") == [
        "rollback on shop:",
        "  now:  blue 100 %, green 0 %",
        "  now:  a.com: blue 0 %, green 100 %",
        "  then: blue 100 %, green 0 %",
    ]
    assert render_change(plan(ONE_HOST), "shop")[-1] == "  then: a.com: blue 0 %, green 100 %"


def test_whose_operation_a_rollback_may_cancel_is_said_before_it_is_agreed_to() -> None:
    last = render_change(plan(BLUE, "bob"), "shop")[-1]

    assert last == "  an operation of bob on the gateway may be cancelled for it"
