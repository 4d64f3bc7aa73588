"""Records of the journal as lines for a person: when, who, what, why."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bascule.cli.documents import read_items, read_map, say_moment, say_split
from bascule.journal.record import Json, Record

_Tell = Callable[[Mapping[str, Json]], str]


def render_record(record: Record) -> str:
    """Return a record as one line."""
    entry = record.entry
    return f"{render_moment(entry.at)}  {entry.actor}  {tell_record(record)}"


def tell_record(record: Record) -> str:
    """Return what a record says happened."""
    entry = record.entry
    return _TOLD.get(entry.kind, _unknown(entry.kind))(entry.data)


def render_moment(at: datetime) -> str:
    """Return a time as every line begins with it."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


_SHOWN_ELSEWHERE = frozenset({"plan", "document"})


def record_document(record: Record) -> dict[str, Json]:
    """Return a record as JSON; plans and whole gateways, shown elsewhere, are left out."""
    entry = record.entry
    return {
        "seq": record.seq,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "kind": entry.kind,
        "data": {key: value for key, value in entry.data.items() if key not in _SHOWN_ELSEWHERE},
        "text": tell_record(record),
    }


def _unknown(kind: str) -> _Tell:
    return lambda _data: f"{kind} (of a later version of bascule)"


def _because(data: Mapping[str, Json], key: str = "reason") -> str:
    return f": {data[key]}" if data.get(key) else ""


def _opened(data: Mapping[str, Json]) -> str:
    return f"the gateway is opened with {say_split(data.get('split'))}"


def _intended(data: Mapping[str, Json]) -> str:
    order = f"{data.get('kind')} ({data.get('order_id')})"
    return f"{order}: traffic to {say_split(data.get('wanted'))}{_because(data)}"


def _finished(data: Mapping[str, Json]) -> str:
    command_ms = data.get("command_ms")
    took = f" in {command_ms} ms" if command_ms is not None else ""
    split = say_split(data.get("split"))
    return f"{data.get('order_id')}: {data.get('result')}{took}, {split}{_because(data)}"


def _refused(data: Mapping[str, Json]) -> str:
    return f"{data.get('kind')} ({data.get('order_id')}) is refused{_because(data)}"


def _witnessed(data: Mapping[str, Json]) -> str:
    return f"the witness has told of {data.get('order_id')}"


def _named(data: Mapping[str, Json]) -> str:
    replaced = [str(cluster) for cluster in read_items(data.get("replaced"))]
    new = f", new: {', '.join(replaced)}" if replaced else ""
    return f"{_clusters(data)}{new}{_because(data)}"


def _swapped(data: Mapping[str, Json]) -> str:
    gone = "" if data.get("is_blue_kept") else "; the blue of before is out of the gateway"
    return f"roles are swapped and no traffic moves: from now on {_clusters(data)}{gone}"


def _clusters(data: Mapping[str, Json]) -> str:
    told = read_map(data.get("clusters"))
    parts = []
    for cluster in ("blue", "green"):
        who = read_map(told.get(cluster))
        parts.append(f"{cluster} is {who.get('context')} ({who.get('server')})")
    return ", ".join(parts)


def _started(data: Mapping[str, Json]) -> str:
    digest = str(data.get("digest"))[:12]
    steps = len(read_items(read_map(data.get("plan")).get("steps")))
    return f"{data.get('upgrade')} begins, {steps} steps, plan {digest}{_because(data)}"


def _stage(data: Mapping[str, Json]) -> str:
    return f"{data.get('upgrade')}: stage {data.get('stage')}"


def _step_started(data: Mapping[str, Json]) -> str:
    attempt = data.get("attempt")
    again = f", attempt {attempt}" if attempt != 1 else ""
    return f"{_step(data)} begins{again}"


def _step_finished(data: Mapping[str, Json]) -> str:
    return f"{_step(data)} {data.get('result')}{_because(data)}"


def _step_waits(data: Mapping[str, Json]) -> str:
    if not data.get("reason"):
        return f"{_step(data)} goes on"
    until = f", until {say_moment(data.get('until'))}" if data.get("until") else ""
    return f"{_step(data)} waits{_because(data)}{until}"


def _judged(data: Mapping[str, Json]) -> str:
    reasons = "; ".join(str(reason) for reason in read_items(data.get("reasons")))
    return f"{_step(data)} judged {data.get('verdict')}" + (f": {reasons}" if reasons else "")


def _signal_taken(data: Mapping[str, Json]) -> str:
    details = ", ".join(f"{k} {v}" for k, v in read_map(data.get("data")).items() if v)
    also = f" ({details})" if details else ""
    return f"{data.get('upgrade')}: {data.get('kind')}{also}{_because(data)}"


def _signal_refused(data: Mapping[str, Json]) -> str:
    return f"{data.get('upgrade')}: {data.get('kind')} is refused{_because(data)}"


def _rollback(data: Mapping[str, Json]) -> str:
    how = "rolls back by itself" if data.get("is_automatic") else "rolls back"
    return f"{data.get('upgrade')} {how}{_because(data, 'cause')}"


def _halted(data: Mapping[str, Json]) -> str:
    remedy = f"; what to do: {data.get('remedy')}" if data.get("remedy") else ""
    return f"{_step(data)} halts and needs a person{_because(data)}{remedy}"


def _ended(data: Mapping[str, Json]) -> str:
    stage = str(data.get("stage")).replace("_", " ")
    return f"{data.get('upgrade')} is {stage}{_because(data)}"


def _kept(data: Mapping[str, Json]) -> str:
    return f"what was there is kept: {data.get('gateway')}, digest {str(data.get('digest'))[:12]}"


def _step(data: Mapping[str, Json]) -> str:
    return f"{data.get('upgrade')}: {data.get('key')}"


_TOLD: Mapping[str, _Tell] = {
    "gateway_opened": _opened,
    "weights_intended": _intended,
    "weights_finished": _finished,
    "order_refused": _refused,
    "order_witnessed": _witnessed,
    "clusters_named": _named,
    "clusters_swapped": _swapped,
    "gateway_kept": _kept,
    "upgrade_started": _started,
    "upgrade_stage_entered": _stage,
    "upgrade_step_started": _step_started,
    "upgrade_step_finished": _step_finished,
    "upgrade_step_waits": _step_waits,
    "upgrade_gate_judged": _judged,
    "upgrade_signal_taken": _signal_taken,
    "upgrade_signal_refused": _signal_refused,
    "upgrade_rollback_began": _rollback,
    "upgrade_halted": _halted,
    "upgrade_ended": _ended,
}
