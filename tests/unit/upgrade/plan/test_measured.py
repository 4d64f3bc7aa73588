from dataclasses import replace

import pytest

from bascule.gateway.driver import UpdateTimes
from bascule.ids import CommandId
from bascule.upgrade.events import Result
from bascule.upgrade.plan.measured import measure_updates
from bascule.upgrade.state import GatewayState, Outcome, Stamp
from tests.support.orders import START, state_after

STAMP = Stamp(seq=1, at=START, actor="executor")


def after(*seconds: float, result: Result = Result.DONE) -> GatewayState:
    recent = tuple(
        Outcome(
            order_id=CommandId(str(number)),
            kind="switch",
            result=result,
            stamp=STAMP,
            command_ms=taken_s * 1000,
        )
        for number, taken_s in enumerate(seconds)
    )
    return replace(state_after(), recent=recent)


def test_the_last_changes_say_how_long_the_next_one_takes() -> None:
    assert measure_updates(after(40, 8, 12, 9, 11)) == UpdateTimes(
        median_s=11.0, p90_s=40.0, source="of the last 5 changes of this gateway"
    )


@pytest.mark.parametrize(
    "state",
    [None, state_after(), after(1, 2), after(1, 2, 3, result=Result.FAILED)],
    ids=["no journal", "no change", "few", "failed"],
)
def test_of_too_few_changes_nothing_is_concluded(state: GatewayState | None) -> None:
    assert measure_updates(state) is None


def test_of_the_fewest_that_tell_something_the_slowest_is_the_rare_one() -> None:
    times = measure_updates(after(30, 10, 20))

    assert times is not None
    assert (times.median_s, times.p90_s) == (20.0, 30.0)


def test_a_change_whose_time_is_not_known_does_not_count() -> None:
    known = after(1, 2, 3)
    unknown = replace(known.recent[0], command_ms=None)

    assert measure_updates(replace(known, recent=(unknown, *known.recent[1:]))) is None
