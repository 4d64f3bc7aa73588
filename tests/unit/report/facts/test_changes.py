from datetime import timedelta

from bascule.ids import CommandId
from bascule.journal.record import Json
from bascule.report.facts.changes import (
    RULE_NAMES,
    read_changes,
    read_rules,
    read_split,
    tally_rules,
)
from bascule.routing.weights import Split, Weights
from bascule.upgrade.events import Finished, Intended, Result, Witnessed
from bascule.upgrade.run.events import StepStarted
from tests.support.made_up_upgrades import START, MadeUp, log_of, made_up
from tests.support.orders import BLUE

HALF = Split(Weights(5_000))


def intend(made: MadeUp) -> None:
    made.say(Intended(order_id=CommandId("o"), kind="upgrade", before=BLUE, wanted=HALF))


def test_a_change_names_its_step_its_times_and_the_word_of_the_witness() -> None:
    made = made_up()
    made.shift("shift-50", 50)
    made.change(BLUE, actor="ada@desk")

    by_plan, by_hand = read_changes(log_of(made))

    assert (by_plan.step, by_plan.result, by_plan.instances) == ("shift-50", "done", 1)
    assert by_plan.command_ms is not None
    assert by_plan.effective_ms is not None
    assert by_plan.effective_ms >= by_plan.command_ms - 0.01
    assert by_plan.witness is not None
    assert [rule.holds for rule in by_plan.rules] == [True, True, True, None, None, None]
    assert (by_hand.step, by_hand.actor, by_hand.witness) == (None, "ada@desk", None)


def test_a_change_without_an_outcome_has_none() -> None:
    made = made_up()
    made.say(StepStarted(upgrade="up", key="shift-50", attempt=1))
    intend(made)

    (change,) = read_changes(log_of(made))

    assert (change.step, change.result, change.after) == ("shift-50", None, None)
    assert (change.finished_at, change.command_ms, change.effective_ms) == (None, None, None)
    assert read_split(log_of(made), (change,))[-1].blue_bp == 10_000


def test_a_refused_change_says_why_and_leaves_the_split_as_it_was() -> None:
    made = made_up()
    intend(made)
    made.say(
        Finished(
            order_id=CommandId("o"),
            result=Result.FAILED,
            split=BLUE,
            reason="the gateway refused",
            remedy="look at its log",
        )
    )
    made.say(Witnessed(order_id=CommandId("o"), summary={"rules": ["odd", {"number": 1}]}))
    log = log_of(made)

    (change,) = read_changes(log)

    assert (change.trouble, change.remedy) == ("the gateway refused", "look at its log")
    assert [point.green_bp for point in read_split(log, (change,))] == [0]


def test_the_split_goes_from_where_traffic_was_at_each_acknowledgement() -> None:
    made = made_up()
    made.wait(5)
    made.shift("shift-50", 50)
    log = log_of(made)

    first, second = read_split(log, read_changes(log))

    assert (first.at, first.green_bp) == (START, 0)
    assert (second.green_bp, second.blue_bp) == (5_000, 5_000)
    assert second.at - first.at > timedelta(seconds=5)


def test_without_a_word_of_the_witness_no_rule_is_judged() -> None:
    rules = read_rules(None)

    assert [rule.name for rule in rules] == list(RULE_NAMES)
    assert {(rule.holds, rule.reason) for rule in rules} == {
        (None, "the witness told nothing of this change")
    }


def test_a_summary_without_rules_judges_none() -> None:
    summary: dict[str, Json] = {"rules": "none"}

    assert {rule.reason for rule in read_rules(summary)} == {"not judged"}


def test_rules_are_counted_over_all_changes() -> None:
    made = made_up()
    made.shift("shift-50", 50)
    made.shift("shift-100", 100)
    made.change(BLUE, actor="ada@desk")

    tallies = tally_rules(read_changes(log_of(made)))

    assert [(t.held, t.broken, t.unknown) for t in tallies][:4] == [
        (2, 0, 1),
        (2, 0, 1),
        (2, 0, 1),
        (1, 0, 2),
    ]
