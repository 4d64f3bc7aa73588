from datetime import timedelta

import pytest

from bascule.errors import JournalError, PlanError
from bascule.journal.record import GENESIS, Entry, Json, Record, build_record
from bascule.upgrade.run.events import (
    KIND_BY_RUN_EVENT,
    PREFIX,
    Ended,
    GateJudged,
    Halted,
    RollbackBegan,
    RunEvent,
    SignalRefused,
    SignalTaken,
    StageEntered,
    Started,
    StepFinished,
    StepResult,
    StepStarted,
    StepWaits,
    parse_run_event,
    render_run_event,
)
from bascule.upgrade.run.stages import Stage
from tests.support.orders import BLUE, START
from tests.support.plans import build_plan, weights

PLAN = build_plan()
EVENTS: list[RunEvent] = [
    Started(upgrade="up", run_id="r", plan=PLAN, digest=PLAN.digest, before=BLUE, reason="why"),
    StageEntered(upgrade="up", stage=Stage.SHIFT),
    StepStarted(upgrade="up", key="shift-5", attempt=2),
    StepFinished(
        upgrade="up",
        key="shift-5",
        result=StepResult.FAILED,
        reason="why",
        remedy="do",
        output={"n": 1},
    ),
    StepWaits(upgrade="up", key="bake", reason="holds", until=START + timedelta(hours=1)),
    StepWaits(upgrade="up", key="bake", reason="for somebody"),
    GateJudged(
        upgrade="up", key="bake", verdict="hold", reasons=("too few",), evidence={"seen": [1, 2]}
    ),
    SignalTaken(upgrade="up", signal_id="s", kind="approve", data={"gate": "g"}, reason="why"),
    SignalRefused(upgrade="up", signal_id="s", kind="approve", reason="no", remedy="do"),
    RollbackBegan(upgrade="up", cause="why", steps=(weights(0),), is_automatic=True),
    Halted(upgrade="up", key="hook", reason="why", remedy="do", is_in_doubt=True),
    Ended(upgrade="up", stage=Stage.ROLLED_BACK, reason="why"),
]


def record_of(kind: str, data: dict[str, Json]) -> Record:
    entry = Entry(at=START, actor="ada@desk", kind=kind, data=data)
    return build_record(entry, seq=1, generation=1, previous=GENESIS)


@pytest.mark.parametrize("event", EVENTS, ids=range(len(EVENTS)))
def test_an_event_is_read_as_it_was_written(event: RunEvent) -> None:
    kind = KIND_BY_RUN_EVENT[type(event)]

    assert kind.startswith(PREFIX)
    assert parse_run_event(record_of(kind, render_run_event(event))) == event


def test_every_event_is_tried() -> None:
    assert {type(event) for event in EVENTS} == set(KIND_BY_RUN_EVENT)


def test_a_kind_of_a_later_version_is_not_guessed() -> None:
    with pytest.raises(JournalError, match="unknown kind 'upgrade_frobnicated'"):
        parse_run_event(record_of("upgrade_frobnicated", {"upgrade": "up"}))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("upgrade_stage_entered", {"stage": "limbo"}),
        ("upgrade_step_finished", {"key": "k", "result": "sort of", "output": {}}),
        ("upgrade_step_started", {"attempt": 1}),
        ("upgrade_started", {"run_id": "r", "plan": 7}),
    ],
)
def test_data_that_is_not_its_own_is_refused(kind: str, data: dict[str, Json]) -> None:
    with pytest.raises(JournalError):
        parse_run_event(record_of(kind, {"upgrade": "up", **data}))


def test_a_plan_of_a_later_layout_is_refused_with_what_to_do() -> None:
    data = render_run_event(EVENTS[0])
    plan = data["plan"]
    assert isinstance(plan, dict)
    plan["format"] = 99

    with pytest.raises(PlanError, match="layout 99"):
        parse_run_event(record_of("upgrade_started", data))


def test_a_list_that_is_missing_is_empty() -> None:
    data: dict[str, Json] = {
        "upgrade": "up",
        "key": "k",
        "verdict": "pass",
        "reasons": None,
        "evidence": {},
    }

    found = parse_run_event(record_of("upgrade_gate_judged", data))

    assert found == GateJudged(upgrade="up", key="k", verdict="pass")
