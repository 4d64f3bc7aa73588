import pytest

from bascule.errors import PlanError
from bascule.ids import CommandId
from bascule.report.facts.run_log import find_start, read_run
from bascule.upgrade.events import Finished, Intended, Refused, Result, Witnessed
from bascule.upgrade.run.events import Ended, StageEntered, Started
from bascule.upgrade.run.stages import Stage
from tests.support.made_up_upgrades import MadeUp, build_plan
from tests.support.orders import BLUE, GREEN


def begun(made: MadeUp, run_id: str) -> None:
    plan = build_plan(made.name, shares=(50,))
    made.say(Started(upgrade=made.name, run_id=run_id, plan=plan, digest=plan.digest, before=BLUE))


def changed(made: MadeUp, name: str) -> None:
    order_id = CommandId(name)
    made.say(Intended(order_id=order_id, kind="switch", before=BLUE, wanted=GREEN))
    made.say(Finished(order_id=order_id, result=Result.DONE, split=GREEN))


def witnessed(made: MadeUp, name: str) -> None:
    made.say(Witnessed(order_id=CommandId(name)))


def kinds(made: MadeUp, upgrade: str) -> list[str]:
    return [type(logged.event).__name__ for logged in read_run(made.records, upgrade).logged]


def test_the_latest_run_of_a_name_is_found_and_an_older_one_by_its_id() -> None:
    made = MadeUp("up")
    begun(made, "run-1")
    made.say(Ended(upgrade="up", stage=Stage.ROLLED_BACK))
    begun(made, "run-2")

    assert read_run(made.records, "up").started.run_id == "run-2"
    assert read_run(made.records, "run-1").started.run_id == "run-1"
    assert kinds(made, "run-1") == ["Started", "Ended"]


def test_an_unknown_upgrade_is_refused_with_a_remedy() -> None:
    with pytest.raises(PlanError, match="knows no upgrade up") as caught:
        find_start(MadeUp("other").records, "up")

    assert "status" in caught.value.remedy


def test_what_happened_before_and_after_is_left_out_but_for_late_words_of_the_witness() -> None:
    made = MadeUp("up")
    changed(made, "before")
    begun(made, "run-1")
    witnessed(made, "before")
    made.say(StageEntered(upgrade="up", stage=Stage.SHIFT))
    made.say(Refused(order_id=CommandId("r"), kind="switch", reason="an upgrade is under way"))
    changed(made, "ours")
    made.say(Ended(upgrade="up", stage=Stage.COMPLETED))
    witnessed(made, "ours")
    changed(made, "after")
    witnessed(made, "after")

    assert kinds(made, "up") == [
        "Started",
        "StageEntered",
        "Intended",
        "Finished",
        "Ended",
        "Witnessed",
    ]


def test_events_of_another_upgrade_are_not_ours() -> None:
    made = MadeUp("up")
    begun(made, "run-1")
    made.say(StageEntered(upgrade="down", stage=Stage.SHIFT))

    assert kinds(made, "up") == ["Started"]


def test_events_of_one_kind_come_with_their_place() -> None:
    made = MadeUp("up")
    begun(made, "run-1")

    ((logged, event),) = read_run(made.records, "up").of(Started)

    assert (logged.seq, logged.actor, event.upgrade) == (2, "bascule", "up")
