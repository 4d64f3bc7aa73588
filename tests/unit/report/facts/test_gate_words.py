from bascule.journal.record import Json
from bascule.report.facts.gate_words import JUDGEMENTS_MAX, read_gates
from bascule.report.facts.model import GateFacts
from bascule.report.facts.run_log import read_run
from bascule.upgrade.plan.model import StepKind
from bascule.upgrade.run.events import GateJudged, RollbackBegan
from bascule.upgrade.run.stages import Stage
from tests.support.made_up_upgrades import made_up, step


def judged(*verdicts: str, key: str = "shift-50-hold") -> tuple[GateFacts, ...]:
    made = made_up()
    for number, verdict in enumerate(verdicts):
        evidence: dict[str, Json] = {"n": number, "progress": {"long": "story"}, "at": "then"}
        made.say(
            GateJudged(
                upgrade="up", key=key, verdict=verdict, reasons=(f"{number}",), evidence=evidence
            )
        )
    return read_gates(read_run(made.records, "up"))


def test_each_change_of_mind_and_the_last_word_are_told() -> None:
    (gate,) = judged("hold", "hold", "pass", "hold", "hold", "fail")

    assert [j.verdict for j in gate.judgements] == ["hold", "pass", "hold", "fail"]
    assert (gate.verdict, gate.looks, gate.left_out) == ("fail", 6, 2)
    assert (gate.step, gate.stage) == ("shift-50-hold", "shift")


def test_the_last_word_is_told_though_it_is_as_before() -> None:
    (gate,) = judged("hold", "hold", "hold")

    assert [j.reasons for j in gate.judgements] == [("0",), ("2",)]


def test_a_gate_that_wavers_is_cut_short_but_for_its_last_word() -> None:
    (gate,) = judged(*["hold", "pass"] * JUDGEMENTS_MAX, "fail")

    assert len(gate.judgements) == JUDGEMENTS_MAX
    assert gate.judgements[-1].verdict == "fail"
    assert gate.left_out == JUDGEMENTS_MAX + 1


def test_the_numbers_are_told_without_what_the_next_look_needs() -> None:
    (gate,) = judged("pass")

    assert gate.judgements[0].evidence == {"n": 0}
    assert gate.asked is not None
    assert gate.asked["success_min"] == 0.999


def test_a_gate_of_a_step_that_is_in_no_plan_asked_for_nothing_known() -> None:
    (gate,) = judged("pass", key="unheard-of")

    assert (gate.stage, gate.asked) == ("", None)


def test_a_hold_of_the_rollback_is_known_too() -> None:
    made = made_up()
    undo = step("settle", Stage.ROLLBACK, StepKind.HOLD)
    made.say(RollbackBegan(upgrade="up", cause="c", steps=(undo,)))
    made.say(GateJudged(upgrade="up", key="settle", verdict="pass"))

    (gate,) = read_gates(read_run(made.records, "up"))

    assert (gate.stage, gate.asked) == ("rollback", None)
