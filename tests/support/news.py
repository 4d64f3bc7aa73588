"""Builds the records of an upgrade that has receivers of news."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bascule.ids import Cluster
from bascule.journal.record import GENESIS, Entry, Json, Record, build_record
from bascule.routing.weights import Split, Weights
from bascule.upgrade.plan.model import Plan, Policy, Step, StepKind
from bascule.upgrade.run.events import KIND_BY_RUN_EVENT, RunEvent, Started, render_run_event
from bascule.upgrade.run.stages import Stage

AT = datetime(2026, 1, 1, tzinfo=UTC)
BLUE = Split(Weights.all_to(Cluster.BLUE))


def plan(*receivers: dict[str, Json], name: str = "spring") -> Plan:
    steps = (
        Step(key="preflight", stage=Stage.PREFLIGHT, kind=StepKind.CHECK),
        Step(key="shift-5-hold", stage=Stage.SHIFT, kind=StepKind.HOLD),
        Step(
            key="shift-5-approval",
            stage=Stage.SHIFT,
            kind=StepKind.APPROVAL,
            args={"gate": "shift-5", "typed": "old-cluster"},
        ),
    )
    return Plan(name=name, gateway="gw", steps=steps, policy=Policy(notify=receivers))


def started(*receivers: dict[str, Json], run_id: str = "run-1", reason: str = "") -> Started:
    made = plan(*receivers)
    return Started(
        upgrade=made.name,
        run_id=run_id,
        plan=made,
        digest=made.digest,
        before=BLUE,
        reason=reason,
    )


def entry(event: RunEvent, at: datetime = AT, actor: str = "ann@host") -> Entry:
    return Entry(
        at=at, actor=actor, kind=KIND_BY_RUN_EVENT[type(event)], data=render_run_event(event)
    )


def records(events: Sequence[RunEvent | Entry]) -> list[Record]:
    """Return the records of events, a second apart, from sequence number 1."""
    made: list[Record] = []
    for seq, event in enumerate(events, 1):
        written = event if isinstance(event, Entry) else entry(event, AT + timedelta(seconds=seq))
        previous = made[-1].digest if made else GENESIS
        made.append(build_record(written, seq=seq, generation=1, previous=previous))
    return made
