from dataclasses import replace

from bascule.app.planning import GatewayKnown, build_facts
from bascule.gateway.driver import UpdateTimes
from bascule.upgrade.state import GatewayState
from tests.support.orders import BLUE, GREEN, moved, state_after
from tests.support.specs import read_upgrade

REHEARSED = UpdateTimes(median_s=20.0, p90_s=90.0, source="of 1 rehearsal")


def changed(times: int) -> GatewayState:
    """Return a gateway whose split was changed so often, in 7 s each."""
    state = state_after(*moved(*[GREEN, BLUE] * times))
    taken = tuple(replace(each, command_ms=7_000.0) for each in state.recent[:times])
    return replace(state, recent=taken)


def test_a_rehearsal_tells_how_long_an_update_takes_until_real_ones_do() -> None:
    few = GatewayKnown(state=changed(2), rehearsed=REHEARSED)
    enough = GatewayKnown(state=changed(3), rehearsed=REHEARSED)

    assert few.update is REHEARSED
    assert enough.update is not None
    assert enough.update.median_s == 7.0
    assert GatewayKnown().update is None


def test_a_plan_reckons_with_what_was_measured() -> None:
    facts = build_facts(read_upgrade(), GatewayKnown(rehearsed=REHEARSED), None)

    assert facts.measured_update is REHEARSED
