from dataclasses import replace
from datetime import timedelta

import pytest

from bascule.cli.upgrade.ending import error_of, say_end, say_traffic
from bascule.errors import BasculeError, DriverError, GateFailedError, PlanError
from bascule.routing.weights import Split, Weights
from bascule.upgrade.events import Result
from bascule.upgrade.run.events import Ended, RollbackBegan, StepResult
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from tests.support.orders import BLUE, GREEN, moved, percent, state_after
from tests.support.plans import build_plan, weights
from tests.support.runs import NAME, after, at_step, ended, started


def went_back(key: str, *, by_itself: bool = True) -> UpgradeState:
    """Return an upgrade that was rolled back with nothing to undo, at `key`."""
    failed = after(at_step(key), started(key), ended(key, StepResult.FAILED, "no"))
    began = RollbackBegan(upgrade=NAME, cause="no", steps=(), is_automatic=by_itself)
    over = Ended(upgrade=NAME, stage=Stage.ROLLED_BACK, reason="no")
    return after(failed, began, over)


@pytest.mark.parametrize(
    ("key", "kind"),
    [("verify", GateFailedError), ("preflight", PlanError), ("sync", PlanError)],
)
def test_the_exit_code_tells_what_kind_of_step_failed(key: str, kind: type[BasculeError]) -> None:
    error = error_of(went_back(key))

    assert type(error) is kind
    assert error.message == "up was rolled back: no"


def test_a_step_that_acts_and_fails_is_a_fault_of_the_gateway_or_of_a_hook() -> None:
    assert type(error_of(went_back("hook-warm"))) is DriverError


def test_a_rollback_that_a_person_asked_for_is_no_failed_gate() -> None:
    assert type(error_of(went_back("verify", by_itself=False))) is BasculeError


def test_what_is_completed_is_no_error() -> None:
    plan = build_plan([weights(5)])
    done = after(at_step("shift-5", plan), started("shift-5"), ended("shift-5"))
    over = after(done, Ended(upgrade=NAME, stage=Stage.COMPLETED))

    assert error_of(over) is None
    assert say_end(over) == "up is completed after 0 s"
    assert say_end(replace(over, ended=None)) == "up is completed"


def test_where_the_traffic_is_and_since_when_is_what_counts() -> None:
    back = state_after(*moved(GREEN, BLUE))
    later = replace(back, last_at=back.recent[-1].stamp.at + timedelta(days=1))

    assert say_traffic(back) == "all traffic is on blue since 00:00:00 UTC"
    assert say_traffic(later) == "all traffic is on blue since 2026-01-01 00:00:00 UTC"
    assert say_traffic(state_after()) == "all traffic is on blue"


def test_traffic_that_is_split_is_told_as_it_is() -> None:
    own = Split(BLUE.default, {"shop.example.com": Weights(5_000)})

    split = say_traffic(state_after(*moved(percent(25))))
    by_host = say_traffic(state_after(*moved(own)))

    assert split == "traffic is split: blue 75 %, green 25 % since 00:00:00 UTC"
    assert "all traffic is on blue, but for 1 host(s) with weights of their own" in by_host


def test_traffic_is_not_said_to_be_where_that_is_not_known() -> None:
    on_its_way = state_after(*moved(GREEN)[:1])
    moved_once = state_after(*moved(GREEN))
    doubtful = replace(moved_once.recent[-1], result=Result.UNKNOWN)

    assert say_traffic(on_its_way) == "traffic is being moved to: blue 0 %, green 100 %"
    told = say_traffic(replace(moved_once, recent=(doubtful,)))
    assert (
        told == "all traffic is on green if the last change took place: look with `bascule status`"
    )
