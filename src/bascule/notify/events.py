"""News of an upgrade as CloudEvents 1.0, from the records of its journal and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bascule.journal.record import Json, Record
from bascule.redact import redact
from bascule.upgrade.plan.model import StepKind
from bascule.upgrade.run.events import (
    PREFIX,
    Ended,
    GateJudged,
    Halted,
    RollbackBegan,
    RunEvent,
    SignalTaken,
    StageEntered,
    Started,
    StepFinished,
    StepResult,
    StepStarted,
    StepWaits,
    parse_run_event,
)

TYPE_PREFIX = "dev.bascule.upgrade."
REASONS_MAX = 10
TEXT_MAX = 1_000
ASKS_PERSON = "waits for an approval"
"""How a hold says that it asks a person."""


class NewsKind(StrEnum):
    """What a receiver can ask for."""

    STAGE = "stage"
    GATE = "gate"
    APPROVAL = "approval"
    ROLLBACK = "rollback"
    HALT = "halt"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """One piece of news; `id` is the same whenever it is made from the same record."""

    id: str
    source: str
    type: str
    kind: NewsKind
    subject: str
    time: datetime
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What earlier records told, as far as later news need it."""

    gateway: str
    run_id: str = ""
    upgrade: str = ""
    receivers: tuple[Mapping[str, Json], ...] = ()
    """Where news of this run go, as its plan says."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """The kind of each step by its key."""
    gates: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Of each approval step: which gate, and what has to be typed."""
    verdicts: Mapping[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    """The steps for which a person was asked since they began."""


@dataclass(frozen=True, slots=True)
class _News:
    name: str
    kind: NewsKind
    data: Mapping[str, Json]


def tell(known: Known, record: Record) -> tuple[Known, CloudEvent | None]:
    """Return what is known after `record`, and the news that it is, if it is any.

    Raises JournalError, PlanError for a record that this version cannot read.
    """
    if not record.entry.kind.startswith(PREFIX):
        return known, None
    event = parse_run_event(record)
    moved = _learn(known, event)
    news = _find_news(known, event)
    return moved, None if news is None else _build(moved, record, news)


def render_cloud_event(event: CloudEvent) -> dict[str, Json]:
    """Return the event in CloudEvents' structured JSON mode."""
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time.isoformat(),
        "datacontenttype": "application/json",
        "data": dict(event.data),
    }


def _build(known: Known, record: Record, news: _News) -> CloudEvent:
    data: dict[str, Json] = {
        "upgrade": known.upgrade,
        "run_id": known.run_id,
        "gateway": known.gateway,
        "seq": record.seq,
        "actor": record.entry.actor,
    }
    return CloudEvent(
        id=f"{known.run_id}/{record.seq}",
        source=f"bascule/{known.gateway}",
        type=TYPE_PREFIX + news.name,
        kind=news.kind,
        subject=known.upgrade,
        time=record.entry.at,
        data=MappingProxyType({**data, **news.data}),
    )


def _learn(known: Known, event: RunEvent) -> Known:
    match event:
        case Started():
            return Known(
                gateway=known.gateway,
                run_id=event.run_id,
                upgrade=event.upgrade,
                receivers=event.plan.policy.notify,
                kinds={step.key: step.kind for step in event.plan.steps},
                gates={s.key: s.args for s in event.plan.steps if s.kind == StepKind.APPROVAL},
            )
        case GateJudged():
            return replace(known, verdicts={**known.verdicts, event.key: event.verdict})
        case StepStarted():
            verdicts = {key: said for key, said in known.verdicts.items() if key != event.key}
            return replace(known, verdicts=verdicts, asked=known.asked - {event.key})
        case StepWaits() if _asks(known, event):
            return replace(known, asked=known.asked | {event.key})
        case _:
            return known


def _find_news(known: Known, event: RunEvent) -> _News | None:
    match event:
        case Started():
            return _News("started", NewsKind.STAGE, {"reason": _text(event.reason)})
        case StageEntered():
            return _News("stage_entered", NewsKind.STAGE, {"stage": event.stage.value})
        case StepFinished(result=StepResult.FAILED):
            data = {"key": event.key, "reason": _text(event.reason), "remedy": _text(event.remedy)}
            return _News("step_failed", NewsKind.STAGE, data)
        case GateJudged() if known.verdicts.get(event.key) != event.verdict:
            return _News("gate_judged", NewsKind.GATE, _render_verdict(event))
        case StepWaits() if _asks(known, event) and event.key not in known.asked:
            return _News("approval_needed", NewsKind.APPROVAL, _render_question(known, event))
        case SignalTaken(kind="pause" | "weights" | "resume"):
            name = "resumed" if event.kind == "resume" else "paused"
            data = {"signal": event.kind, "reason": _text(event.reason)}
            return _News(name, NewsKind.STAGE, data)
        case _:
            return _find_turn(event)


def _find_turn(event: RunEvent) -> _News | None:
    """Return the news that an upgrade turned back, stopped, or is over."""
    match event:
        case RollbackBegan():
            automatic: dict[str, Json] = {
                "cause": _text(event.cause),
                "is_automatic": event.is_automatic,
            }
            return _News("rollback_began", NewsKind.ROLLBACK, automatic)
        case Halted():
            name = "in_doubt" if event.is_in_doubt else "halted"
            data = {"key": event.key, "reason": _text(event.reason), "remedy": _text(event.remedy)}
            return _News(name, NewsKind.HALT, data)
        case Ended():
            ended: dict[str, Json] = {"stage": event.stage.value, "reason": _text(event.reason)}
            return _News("ended", NewsKind.END, ended)
        case _:
            return None


def _asks(known: Known, event: StepWaits) -> bool:
    if known.kinds.get(event.key) == StepKind.APPROVAL:
        return bool(event.reason)
    return event.reason.endswith(ASKS_PERSON)


def _render_question(known: Known, event: StepWaits) -> dict[str, Json]:
    args = known.gates.get(event.key, {})
    gate = str(args.get("gate") or event.key)
    typed = args.get("typed")
    return {
        "key": event.key,
        "gate": gate,
        "typed": typed if isinstance(typed, str) else None,
        "reason": _text(event.reason),
        "remedy": f"bascule upgrade approve {known.upgrade} --gate {gate}",
    }


def _render_verdict(event: GateJudged) -> dict[str, Json]:
    reasons: list[Json] = [_text(reason) for reason in event.reasons[:REASONS_MAX]]
    return {"key": event.key, "verdict": event.verdict, "reasons": reasons}


def _text(text: str) -> str:
    """Return text for people: secrets masked, its end cut off where it is too long."""
    masked = redact(text)
    return masked if len(masked) <= TEXT_MAX else masked[: TEXT_MAX - 1] + "…"
