"""Journals with an upgrade in them, from its events."""

from datetime import timedelta

from bascule.journal.record import GENESIS, Entry, Record, build_record
from bascule.upgrade.events import Opened, render_event
from bascule.upgrade.gates.model import Gates
from bascule.upgrade.run.events import (
    KIND_BY_RUN_EVENT,
    Ended,
    GateJudged,
    RollbackBegan,
    RunEvent,
    StepResult,
    render_run_event,
)
from bascule.upgrade.run.stages import Stage
from tests.support.orders import BLUE, START
from tests.support.plans import build_plan, hold
from tests.support.runs import NAME, begin_event, ended, signal, started, waits


def run_records(*events: RunEvent) -> list[Record]:
    """Return the journal of a gateway that was opened on blue; a second lies between records."""
    entries = [
        Entry(at=START, actor="x", kind="gateway_opened", data=render_event(Opened(split=BLUE)))
    ]
    for second, event in enumerate(events, 1):
        entries.append(
            Entry(
                at=START + timedelta(seconds=second),
                actor="ada@desk",
                kind=KIND_BY_RUN_EVENT[type(event)],
                data=render_run_event(event),
            )
        )
    records: list[Record] = []
    for seq, entry in enumerate(entries, 1):
        previous = records[-1].digest if records else GENESIS
        records.append(build_record(entry, seq=seq, generation=1, previous=previous))
    return records


def judged(verdict: str, *reasons: str) -> GateJudged:
    return GateJudged(
        upgrade=NAME, key="soak", verdict=verdict, reasons=reasons, evidence={"green": 7}
    )


SOAK = build_plan(
    [hold("soak", Stage.PREFLIGHT, 5.0, Gates()), hold("later", Stage.PREFLIGHT, 5.0)]
)
HOLDING = (
    begin_event(SOAK),
    started("soak"),
    judged("hold", "1 s of 5 s"),
    judged("hold", "2 s of 5 s"),
    waits("soak", "holds"),
)


def completed_records() -> list[Record]:
    """Return an upgrade of two holds that passed."""
    later = (started("later"), ended("later"))
    over = Ended(upgrade=NAME, stage=Stage.COMPLETED)
    return run_records(*HOLDING, judged("pass", "held for 5 s"), ended("soak"), *later, over)


def rolled_back_records() -> list[Record]:
    """Return an upgrade whose first hold failed."""
    failed = ended("soak", StepResult.FAILED, "3 of 7 requests failed on green")
    cause = "soak: 3 of 7 requests failed on green"
    began = RollbackBegan(upgrade=NAME, cause=cause, steps=(), is_automatic=True)
    over = Ended(upgrade=NAME, stage=Stage.ROLLED_BACK, reason=cause)
    said = signal("pause", gate="soak"), signal("resume", "s2")
    bad = judged("fail", "3 of 7 requests failed on green")
    return run_records(*HOLDING, *said, bad, failed, began, over)


def unfinished_records() -> list[Record]:
    """Return an upgrade that holds."""
    return run_records(*HOLDING)
