import json
from dataclasses import replace
from pathlib import Path

import pytest

from bascule.errors import PlanError
from bascule.journal.record import Json
from bascule.redact import MASK
from bascule.report.azure_proof import list_unproven
from bascule.report.evidence import build_evidence, find_run_id, render_evidence
from bascule.routing.weights import Split, Weights
from bascule.upgrade.plan.model import Plan, StepKind
from bascule.upgrade.run.events import RollbackBegan, Started
from bascule.upgrade.run.stages import Stage
from tests.support.made_up_upgrades import START, MadeUp, build_plan, document_of, step
from tests.support.orders import BLUE

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "report" / "a_small_upgrade.json"


def small() -> MadeUp:
    """An upgrade of a few seconds with one change of the split."""
    made = MadeUp("up", rate=lambda _: 20.0)
    steps = (
        step("preflight", Stage.PREFLIGHT, StepKind.CHECK),
        step("shift-50", Stage.SHIFT, StepKind.SET_WEIGHTS, "half of it to green"),
    )
    made.start(Plan(name="up", gateway="shop", steps=steps, clusters={"blue": {"name": "old"}}))
    made.do("preflight", 1.0)
    made.enter(Stage.SHIFT)
    made.shift("shift-50", 50)
    made.refuse("abort", "green has had traffic", "roll back")
    made.say(RollbackBegan(upgrade="up", cause="rollback by ada@desk", steps=()), actor="ada@desk")
    made.change(BLUE, actor="ada@desk")
    made.wait(1.0)
    made.end(Stage.ROLLED_BACK, "rollback by ada@desk")
    return made


def test_a_small_upgrade_reads_as_the_golden_file() -> None:
    made = small()

    document = render_evidence(build_evidence(made.records, "up", made.samples))

    assert document == json.loads(GOLDEN.read_text())


def test_an_upgrade_that_makes_a_cluster_says_where_that_is_proven() -> None:
    made = MadeUp("up")
    steps = (step("make-green", Stage.PROVISION, StepKind.MAKE_CLUSTER),)
    plan = Plan(name="up", gateway="shop", steps=steps)
    made.start(plan)
    made.end(Stage.ROLLED_BACK, "rollback by ada@desk")

    evidence = build_evidence(made.records, "up", made.samples)

    assert evidence.unknown[len(evidence.unknown) - len(list_unproven(plan)) :] == list_unproven(
        plan
    )


def test_the_same_journal_gives_the_same_evidence_by_name_and_by_run() -> None:
    made = small()

    by_name = build_evidence(made.records, "up", made.samples)
    by_run = build_evidence(made.records, find_run_id(made.records, "up"), made.samples)

    assert by_name == by_run


def test_an_upgrade_that_the_journal_does_not_know_is_refused() -> None:
    with pytest.raises(PlanError, match="knows no upgrade other"):
        build_evidence(small().records, "other", ())


def test_a_completed_upgrade_is_told_from_start_to_end() -> None:
    document = document_of("completed")

    assert document["outcome"] == "completed"
    assert document["started_by"] == "ada@desk"
    assert document["rollback"] is None
    assert _at(document, "verdict")["is_zero_downtime"] is True
    assert _at(document, "journal")["is_verified"] is True


def test_a_rollback_by_a_gate_tells_which_requests_green_itself_failed() -> None:
    document = document_of("rolled_back")

    failures = _at(document, "failures")
    assert failures["other_than_green"] == 0
    assert int(str(failures["green"])) > 0
    assert _at(document, "rollback")["is_automatic"] is True


def test_totals_are_the_sums_of_the_samples_and_of_the_series() -> None:
    document = document_of("a_week")
    clusters = _at(document, "traffic")["clusters"]
    series = _at(document, "traffic")["series"]
    assert isinstance(clusters, dict)
    assert isinstance(series, list)

    for cluster in ("blue", "green"):
        points = _object(series[0])["points"]
        assert isinstance(points, list)
        shown = [_object(_object(point)["clusters"])[cluster] for point in points]
        totals = _object(clusters[cluster])
        for field in ("requests", "failures", "started"):
            assert totals[field] == sum(int(str(_object(p)[field])) for p in shown if p)


def test_an_unfinished_upgrade_is_told_as_far_as_it_is_known() -> None:
    document = document_of("unfinished")

    assert (document["outcome"], document["ended_at"]) == ("unfinished", None)
    assert document["stage"] == "shift"
    assert "waits for an approval" in str(_at(document, "verdict")["sentence"])


def test_an_unfinished_upgrade_is_known_until_its_last_sample() -> None:
    made = MadeUp("up")
    made.start(build_plan("up", shares=(50,)))
    made.wait(7.0)

    assert build_evidence(made.records, "up", made.samples).duration_s == 7.0


def test_nothing_secret_is_in_the_evidence() -> None:
    made = MadeUp("up")
    plan = replace(build_plan("up", shares=(50,)), clusters={"blue": {"token": "hunter2"}})
    made.say(
        Started(
            upgrade="up",
            run_id="r",
            plan=plan,
            digest=plan.digest,
            before=Split(Weights(10_000)),
            reason="https://ada:hunter2@git",
        )
    )

    text = json.dumps(render_evidence(build_evidence(made.records, "up", ())))

    assert "hunter2" not in text
    assert MASK in text


def test_an_edited_journal_is_told_and_not_believed() -> None:
    made = small()
    made.records[0] = replace(made.records[0], digest="0" * 64)

    journal = build_evidence(made.records, "up", ()).journal

    assert journal.is_verified is False
    assert journal.trouble == "record 1 of the journal is not as it was written"


def test_a_plan_with_a_step_of_unknown_length_has_no_estimate() -> None:
    made = MadeUp("up")
    plan = build_plan("up", shares=(50,))
    first = replace(plan.steps[0], estimate_s=None)
    made.start(replace(plan, steps=(first, *plan.steps[1:])))

    assert build_evidence(made.records, "up", ()).plan.estimate_s is None
    assert build_evidence(small().records, "up", ()).plan.estimate_s == 2


def test_times_are_counted_from_the_start() -> None:
    evidence = build_evidence(small().records, "up", ())

    assert evidence.started_at == START
    assert evidence.slowest_change_ms == max(c.command_ms or 0 for c in evidence.changes)


def _object(value: Json) -> dict[str, Json]:
    assert isinstance(value, dict)
    return value


def _at(document: dict[str, Json], name: str) -> dict[str, Json]:
    return _object(document[name])
