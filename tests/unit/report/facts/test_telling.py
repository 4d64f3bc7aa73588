from dataclasses import replace

import pytest

from bascule.report.evidence import build_evidence
from bascule.report.facts.changes import tally_rules
from bascule.report.facts.failures import read_failures
from bascule.report.facts.measured import Measured
from bascule.report.facts.model import FailureFacts, RuleTally, TrafficFacts
from bascule.report.facts.run_log import read_run
from bascule.report.facts.story import read_halts, read_rollback, read_steps
from bascule.report.facts.telling import (
    describe_standing,
    judge_upgrade,
    list_unknown,
    open_sentence,
)
from bascule.report.facts.traffic import read_traffic
from bascule.routing.weights import Split, Weights
from bascule.upgrade.run.events import Halted, RollbackBegan, StepResult, StepStarted, StepWaits
from bascule.upgrade.run.stages import Stage
from tests.support.made_up_samples import counts, raw, traffic
from tests.support.made_up_upgrades import START, MadeUp, made_up

FINE = FailureFacts(
    sentence="",
    requests=1_000,
    counted_share=1.0,
    total=0,
    blue=0,
    blue_before_change=0,
    blue_unanswered=None,
    blue_given_up=0,
    green=0,
    green_without_weight=0,
    green_unanswered=None,
    green_given_up=0,
    witness_unexplained=0,
    other_than_green=0,
    spans=(),
)
HELD = (RuleTally(number=1, name="no failed request", held=2, broken=0, unknown=0),)


def covered() -> TrafficFacts:
    samples = [traffic(0, 1, blue=counts(1_000))]
    return read_traffic(samples, whole=(START, samples[0].to_at), shift=None)


def judged(
    failures: FailureFacts = FINE,
    rules: tuple[RuleTally, ...] = HELD,
) -> tuple[str, bool | None, str]:
    verdict = judge_upgrade("Completed in 9 s.", failures=failures, rules=rules)
    return verdict.sentence, verdict.is_zero_downtime, verdict.reason


def test_an_upgrade_without_a_failure_is_without_downtime() -> None:
    sentence, is_zero, _ = judged()

    assert sentence == (
        "Completed in 9 s. None of the 1,000 requests that the gateway counted failed."
    )
    assert is_zero is True


@pytest.mark.parametrize(
    ("failures", "reason"),
    [
        (replace(FINE, green=5, green_without_weight=3, total=5), "green failed 2 requests"),
        (replace(FINE, witness_unexplained=1, total=1), "1 requests of the witness"),
        (replace(FINE, blue=4, total=4, other_than_green=4), "blue failed 4 requests after"),
    ],
)
def test_failures_that_users_saw_are_downtime(failures: FailureFacts, reason: str) -> None:
    _, is_zero, said = judged(failures)

    assert is_zero is False
    assert reason in said


def test_a_broken_rule_is_downtime() -> None:
    _, is_zero, said = judged(rules=(replace(HELD[0], broken=1),))

    assert is_zero is False
    assert said == "rule 1 (no failed request) was broken by 1 of 3 changes of the split"


@pytest.mark.parametrize(
    ("failures", "rules", "reason"),
    [
        (replace(FINE, other_than_green=None), HELD, "nothing of the gateway's counts"),
        (replace(FINE, counted_share=0.5), HELD, "only 50% of the time"),
        (FINE, (replace(HELD[0], unknown=1),), "rule 1 could not be judged for 1"),
        (replace(FINE, blue=5, blue_before_change=3), HELD, "before the first change"),
    ],
)
def test_what_is_not_known_is_neither_proven_nor_broken(
    failures: FailureFacts, rules: tuple[RuleTally, ...], reason: str
) -> None:
    _, is_zero, said = judged(failures, rules)

    assert is_zero is None
    assert reason in said


def test_failures_of_previews_alone_are_no_downtime() -> None:
    sentence, is_zero, _ = judged(replace(FINE, green=5, green_without_weight=5, total=5))

    assert is_zero is True
    assert sentence.endswith("Of 1,000 requests 5 failed: 5 by green itself, 0 otherwise.")


def test_without_samples_the_sentence_says_so() -> None:
    none = read_traffic([], whole=(START, START), shift=None)

    assert judged(read_failures(Measured(), none, (), None))[0].endswith("is not known.")


def standing(made: MadeUp) -> str:
    log = read_run(made.records, "up")
    return describe_standing("sync", read_steps(log), read_halts(log))


def test_an_unfinished_upgrade_tells_where_it_is_and_why() -> None:
    made = made_up()
    seen = [standing(made)]
    made.say(StepStarted(upgrade="up", key="sync", attempt=1))
    seen.append(standing(made))
    made.say(StepWaits(upgrade="up", key="sync", reason="2 routes are not ready"))
    seen.append(standing(made))
    made.finish("sync", StepResult.FAILED, "too late")
    made.say(Halted(upgrade="up", key="sync", reason="it took too long"))
    seen.append(standing(made))

    assert seen == [
        "in the stage sync",
        "in the stage sync at sync",
        "in the stage sync at sync, waiting: 2 routes are not ready",
        "in the stage sync at sync, halted: it took too long",
    ]


@pytest.mark.parametrize(
    ("is_automatic", "said"),
    [(True, "Rolled back by itself after 9 s: slow"), (False, "Rolled back after 9 s: slow")],
)
def test_a_rollback_opens_with_its_cause(*, is_automatic: bool, said: str) -> None:
    made = made_up()
    made.say(RollbackBegan(upgrade="up", cause="slow", steps=(), is_automatic=is_automatic))
    rollback = read_rollback(read_run(made.records, "up"), ())

    assert open_sentence("rolled_back", 9, rollback=rollback, standing="") == said


def test_other_ends_open_with_how_long_it_took() -> None:
    assert open_sentence("completed", 9, rollback=None, standing="") == "Completed in 9 s"
    assert open_sentence("unfinished", 9, rollback=None, standing="in the stage sync") == (
        "Not finished after 9 s: in the stage sync"
    )


def unknown_of(made: MadeUp) -> str:
    return " ".join(build_evidence(made.records, made.name, made.samples).unknown)


def test_what_was_not_measured_is_listed() -> None:
    made = made_up()
    made.change(Split(Weights(5_000), {"a.example.com": Weights(0)}), actor="bascule")
    made.samples.append(raw(kind="weather"))

    said = unknown_of(made)

    assert "were not sampled" in said
    assert "1 samples could not be read" in said
    assert "no samples of the witness" in said
    assert "1 of 1 changes of the split have no word" in said
    assert "not in the plot: a.example.com" in said


def test_half_the_time_without_samples_is_listed() -> None:
    made = made_up()
    made.wait(10)
    del made.samples[6:]
    made.enter(Stage.SHIFT)

    assert "The samples cover 30% of the time" in unknown_of(made)


def test_a_change_without_an_outcome_and_a_broken_journal_are_listed() -> None:
    made = made_up()
    made.change(Split(Weights(5_000)), actor="bascule")
    made.records.pop()
    evidence = build_evidence(made.records[1:], "up", made.samples)

    said = " ".join(evidence.unknown)

    assert "whether it landed is not known" in said
    assert "it begins with record 2" in said


def test_nothing_is_listed_that_is_known() -> None:
    evidence = build_evidence(made_up().records, "up", ())

    assert (
        list_unknown(
            measured=Measured(),
            failures=FINE,
            traffic=covered(),
            witness=replace(evidence.witness, samples=1),
            changes=(),
            journal=evidence.journal,
        )
        == ()
    )
    assert tally_rules(())[0].held == 0
