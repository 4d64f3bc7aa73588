import json
from collections.abc import Sequence

import pytest

from bascule.errors import JournalError
from bascule.journal.record import Entry
from bascule.notify.events import CloudEvent, Known, NewsKind, render_cloud_event, tell
from bascule.upgrade.run.events import (
    Ended,
    GateJudged,
    Halted,
    RollbackBegan,
    RunEvent,
    SignalRefused,
    SignalTaken,
    StageEntered,
    StepFinished,
    StepResult,
    StepStarted,
    StepWaits,
)
from bascule.upgrade.run.stages import Stage
from tests.support.news import AT, records, started

U = "spring"
HOLD = "shift-5-hold"
APPROVAL = "shift-5-approval"
BEGUN = StepStarted(upgrade=U, key=HOLD, attempt=1)


def judged(verdict: str, *reasons: str) -> GateJudged:
    return GateJudged(upgrade=U, key=HOLD, verdict=verdict, reasons=reasons)


def waits(key: str, reason: str) -> StepWaits:
    return StepWaits(upgrade=U, key=key, reason=reason)


def signal(kind: str) -> SignalTaken:
    return SignalTaken(upgrade=U, signal_id="s", kind=kind, reason="lunch")


def follow(*events: RunEvent | Entry) -> list[CloudEvent]:
    """Return the news after the start."""
    known = Known(gateway="gw")
    found: list[CloudEvent] = []
    for record in records([started(), *events]):
        known, event = tell(known, record)
        found += [event] if event is not None else []
    return found[1:]


def names(events: Sequence[CloudEvent]) -> list[str]:
    return [event.type.removeprefix("dev.bascule.upgrade.") for event in events]


def test_an_event_is_a_cloud_event_in_structured_mode() -> None:
    known, event = tell(Known(gateway="gw"), records([started(reason="new release")])[0])

    assert event is not None
    assert json.loads(json.dumps(render_cloud_event(event))) == {
        "specversion": "1.0",
        "id": "run-1/1",
        "source": "bascule/gw",
        "type": "dev.bascule.upgrade.started",
        "subject": "spring",
        "time": "2026-01-01T00:00:01+00:00",
        "datacontenttype": "application/json",
        "data": {
            "upgrade": "spring",
            "run_id": "run-1",
            "gateway": "gw",
            "seq": 1,
            "actor": "ann@host",
            "reason": "new release",
        },
    }
    assert known.run_id == "run-1"


def test_the_same_record_gives_the_same_event_whoever_reads_it() -> None:
    events = (StageEntered(upgrade=U, stage=Stage.SHIFT), BEGUN, judged("hold"))

    assert follow(*events) == follow(*events)


@pytest.mark.parametrize(
    ("event", "name", "kind", "data"),
    [
        (
            StageEntered(upgrade=U, stage=Stage.BAKE),
            "stage_entered",
            NewsKind.STAGE,
            {"stage": "bake"},
        ),
        (
            StepFinished(
                upgrade=U, key=HOLD, result=StepResult.FAILED, reason="no route", remedy="mend"
            ),
            "step_failed",
            NewsKind.STAGE,
            {"key": HOLD, "reason": "no route", "remedy": "mend"},
        ),
        (
            judged("fail", "too many", "too slow"),
            "gate_judged",
            NewsKind.GATE,
            {"key": HOLD, "verdict": "fail", "reasons": ["too many", "too slow"]},
        ),
        (
            waits(APPROVAL, "gate shift-5 waits for an approval"),
            "approval_needed",
            NewsKind.APPROVAL,
            {
                "key": APPROVAL,
                "gate": "shift-5",
                "typed": "old-cluster",
                "reason": "gate shift-5 waits for an approval",
                "remedy": "bascule upgrade approve spring --gate shift-5",
            },
        ),
        (
            waits(HOLD, f"gate {HOLD} has not passed in time and waits for an approval"),
            "approval_needed",
            NewsKind.APPROVAL,
            {
                "key": HOLD,
                "gate": HOLD,
                "typed": None,
                "reason": f"gate {HOLD} has not passed in time and waits for an approval",
                "remedy": f"bascule upgrade approve spring --gate {HOLD}",
            },
        ),
        (signal("pause"), "paused", NewsKind.STAGE, {"signal": "pause", "reason": "lunch"}),
        (signal("weights"), "paused", NewsKind.STAGE, {"signal": "weights", "reason": "lunch"}),
        (signal("resume"), "resumed", NewsKind.STAGE, {"signal": "resume", "reason": "lunch"}),
        (
            RollbackBegan(upgrade=U, cause="5xx", steps=(), is_automatic=True),
            "rollback_began",
            NewsKind.ROLLBACK,
            {"cause": "5xx", "is_automatic": True},
        ),
        (
            Halted(upgrade=U, key=HOLD, reason="broken", remedy="mend"),
            "halted",
            NewsKind.HALT,
            {"key": HOLD, "reason": "broken", "remedy": "mend"},
        ),
        (
            Halted(upgrade=U, key=HOLD, reason="who knows", is_in_doubt=True),
            "in_doubt",
            NewsKind.HALT,
            {"key": HOLD, "reason": "who knows", "remedy": ""},
        ),
        (
            Ended(upgrade=U, stage=Stage.COMPLETED),
            "ended",
            NewsKind.END,
            {"stage": "completed", "reason": ""},
        ),
    ],
)
def test_what_matters_is_news(
    event: RunEvent, name: str, kind: NewsKind, data: dict[str, object]
) -> None:
    (found,) = follow(event)

    assert names([found]) == [name]
    assert found.kind is kind
    assert data.items() <= found.data.items()


@pytest.mark.parametrize(
    "event",
    [
        BEGUN,
        StepFinished(upgrade=U, key=HOLD, result=StepResult.DONE),
        waits(HOLD, "waits for its gates: requests"),
        waits(APPROVAL, ""),
        signal("approve"),
        SignalRefused(upgrade=U, signal_id="s", kind="pause", reason="it is over"),
        Entry(at=AT, actor="a", kind="weights_intended"),
    ],
)
def test_the_rest_is_no_news(event: RunEvent | Entry) -> None:
    assert follow(event) == []


def test_a_verdict_is_news_when_it_changes_and_when_its_step_begins_anew() -> None:
    again = StepStarted(upgrade=U, key=HOLD, attempt=2)

    found = follow(BEGUN, judged("hold"), judged("hold"), judged("pass"), again, judged("pass"))

    assert [event.data["verdict"] for event in found] == ["hold", "pass", "pass"]


def test_a_person_is_asked_once_for_each_attempt() -> None:
    question = waits(APPROVAL, "gate shift-5 waits for an approval")
    again = StepStarted(upgrade=U, key=APPROVAL, attempt=2)

    assert len(follow(question, question, again, question)) == 2


def test_texts_are_masked_and_cut_off() -> None:
    long = Halted(upgrade=U, key=HOLD, reason="password=hunter2 " + "x" * 5_000)

    (event,) = follow(long)

    reason = event.data["reason"]
    assert isinstance(reason, str)
    assert reason.startswith("password=[redacted] xxx")
    assert len(reason) == 1_000


def test_a_record_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(JournalError):
        follow(Entry(at=AT, actor="a", kind="upgrade_of_a_later_version", data={"upgrade": U}))
