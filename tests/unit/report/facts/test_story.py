from datetime import timedelta

from bascule.report.facts.story import (
    WAITS_MAX,
    read_halts,
    read_rollback,
    read_signals,
    read_stages,
    read_steps,
    seconds_between,
)
from bascule.routing.weights import Split, Weights
from bascule.upgrade.plan.model import StepKind
from bascule.upgrade.run.events import (
    Halted,
    RollbackBegan,
    SignalTaken,
    StepResult,
    StepStarted,
    StepWaits,
)
from bascule.upgrade.run.stages import Stage
from tests.support.made_up_upgrades import ADA, START, MadeUp, log_of, made_up, step


def steps_of(made: MadeUp) -> dict[str, tuple[str, str]]:
    return {s.key: (s.status, s.reason) for s in read_steps(log_of(made)) if s.status != "pending"}


def signal(made: MadeUp, kind: str, reason: str = "", **data: str) -> None:
    taken = SignalTaken(
        upgrade="up", signal_id=f"{kind}-1", kind=kind, data=dict(data), reason=reason
    )
    made.say(taken, actor=ADA)


def halt(made: MadeUp, key: str) -> None:
    made.say(StepStarted(upgrade="up", key=key, attempt=1))
    made.say(Halted(upgrade="up", key=key, reason="lost", remedy="look", is_in_doubt=True))


def test_stages_follow_each_other_to_the_end() -> None:
    made = made_up()
    made.wait(2)
    made.enter(Stage.SHIFT)
    made.wait(3)
    made.say(RollbackBegan(upgrade="up", cause="green failed", steps=()))
    made.wait(1)
    made.end(Stage.ROLLED_BACK)

    stays = [(s.stage, s.duration_s) for s in read_stages(log_of(made))]

    assert stays == [("preflight", 2.0), ("shift", 3.0), ("rollback", 1.0)]


def test_the_stage_of_an_unfinished_upgrade_has_no_end() -> None:
    (stay,) = read_stages(log_of(made_up()))

    assert (stay.to_at, stay.duration_s) == (None, None)


def test_a_step_has_all_its_attempts_and_the_last_result() -> None:
    made = made_up()
    made.say(StepStarted(upgrade="up", key="preflight", attempt=1))
    made.finish("preflight", StepResult.FAILED, "no way")
    made.wait(2)
    made.say(StepStarted(upgrade="up", key="preflight", attempt=2))
    made.finish("preflight")

    first = read_steps(log_of(made))[0]

    assert [(a.number, a.result) for a in first.attempts] == [(1, "failed"), (2, "done")]
    assert (first.status, first.duration_s) == ("done", 2.0)


def test_a_step_has_how_often_the_gateway_was_updated_where_that_is_known() -> None:
    made = made_up()
    made.do("preflight", 1.0, {"updates": 2, "updates_planned": 1})
    made.do("sync", 1.0, {"updates": True})

    found = {s.key: (s.updates, s.updates_planned) for s in read_steps(log_of(made))}

    assert found["preflight"] == (2, 1)
    assert found["sync"] == (None, None)


def test_an_attempt_without_an_end_is_under_way() -> None:
    made = made_up()
    made.say(StepStarted(upgrade="up", key="preflight", attempt=1))

    assert steps_of(made) == {"preflight": ("started", "")}


def test_a_step_that_was_skipped_before_it_began_has_no_start() -> None:
    made = made_up()
    made.finish("sync", StepResult.SKIPPED, "nothing to do")

    skipped = next(s for s in read_steps(log_of(made)) if s.key == "sync")

    assert (skipped.status, skipped.started_at, skipped.attempts[0].number) == ("skipped", None, 0)


def test_waits_are_told_without_those_that_ended_and_not_without_end() -> None:
    made = made_up()
    for number in range(WAITS_MAX + 5):
        made.say(StepWaits(upgrade="up", key="sync", reason=f"{number} routes"))
    made.say(StepWaits(upgrade="up", key="sync", reason=""))

    waits = next(s for s in read_steps(log_of(made)) if s.key == "sync").waits

    assert len(waits) == WAITS_MAX
    assert waits[-1].reason == f"{WAITS_MAX + 4} routes"


def test_what_a_person_answered_decides_a_step_in_doubt() -> None:
    made = made_up()
    halt(made, "preflight")
    signal(made, "answer", answer="skip")

    assert steps_of(made)["preflight"] == ("skipped", "a person said so")


def test_an_answer_to_do_it_again_decides_nothing() -> None:
    made = made_up()
    halt(made, "preflight")
    signal(made, "answer", answer="redo")

    assert steps_of(made)["preflight"] == ("started", "")


def test_steps_of_the_rollback_follow_those_of_the_plan() -> None:
    made = made_up()
    undo = step("undo", Stage.ROLLBACK, StepKind.ARRANGE)
    made.say(RollbackBegan(upgrade="up", cause="c", steps=(undo,)))
    made.do("undo", 1.0)
    made.do("unheard-of", 1.0)

    steps = read_steps(log_of(made))

    assert [(s.key, s.is_rollback, s.status) for s in steps][-1] == ("undo", True, "done")


def test_halts_are_told_with_what_to_do() -> None:
    made = made_up()
    halt(made, "sync")

    (told,) = read_halts(log_of(made))

    assert (told.step, told.remedy, told.is_in_doubt) == ("sync", "look", True)


def test_signals_are_told_with_who_and_why_refused_ones_too() -> None:
    made = made_up()
    signal(made, "pause", "lunch")
    made.refuse("abort", "green has had traffic", "roll back")

    taken, refused = read_signals(log_of(made))

    assert (taken.actor, taken.reason, taken.is_refused) == (ADA, "lunch", False)
    assert (refused.refusal, refused.remedy, refused.is_refused) == (
        "green has had traffic",
        "roll back",
        True,
    )


def test_an_upgrade_that_went_on_has_no_rollback() -> None:
    assert read_rollback(log_of(made_up()), ()) is None


def test_a_rollback_by_a_person_has_that_name_and_reason() -> None:
    made = made_up()
    signal(made, "rollback", "users complain")
    made.say(RollbackBegan(upgrade="up", cause="rollback by ada@desk", steps=()), actor=ADA)
    log = log_of(made)

    told = read_rollback(log, read_signals(log))

    assert told is not None
    assert (told.actor, told.reason, told.traffic_back_at) == (ADA, "users complain", None)


def test_a_rollback_by_itself_tells_when_traffic_was_back() -> None:
    made = made_up()
    made.change(Split(Weights(5_000)), actor="bascule")
    made.say(RollbackBegan(upgrade="up", cause="c", steps=(), is_automatic=True))
    made.change(Split(Weights(10_000)), actor="bascule")
    made.wait(1)
    made.end(Stage.ROLLED_BACK)

    told = read_rollback(log_of(made), ())

    assert told is not None
    assert told.traffic_back_s is not None
    assert 0 < told.traffic_back_s < 0.1
    assert told.duration_s is not None
    assert told.duration_s > 1


def test_time_is_never_negative_and_unknown_without_both_ends() -> None:
    assert seconds_between(START, START - timedelta(seconds=1)) == 0
    assert seconds_between(None, START) is None
