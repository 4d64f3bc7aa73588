"""The document of an upgrade as lines for a person."""

from collections.abc import Iterator, Mapping

from bascule.cli.documents import (
    read_items,
    read_map,
    say,
    say_moment,
    say_percent,
    say_split,
)
from bascule.journal.record import Json

SIGNALS_SHOWN_MAX = 5
REASONS_SHOWN_MAX = 6


def render_upgrade(document: Mapping[str, Json], where: str = "") -> list[str]:
    """Return the lines of `bascule upgrade status`; `where` is what names the gateway in verbs."""
    return [
        *_head(document),
        *_runtime(document),
        *_step(read_map(document.get("step"))),
        *_halted(document, where),
        *_approval(document, where),
        *_traffic(document),
        *_gate(read_map(document.get("gate"))),
        *_way_back(document, where),
        *_signals(document),
    ]


def approve_command(name: str, approval: Mapping[str, Json], where: str) -> str:
    """Return the command with which a person says yes to the gate that waits."""
    typed = f" --typed {approval.get('typed')}" if approval.get("typed") else ""
    return f"bascule upgrade approve {name} --gate {approval.get('gate')}{typed}{where}"


def say_stage(document: Mapping[str, Json]) -> str:
    """Return stage and posture: `shift, waiting`."""
    posture = document.get("posture")
    return f"{document.get('stage')}, {posture}" if posture else str(document.get("stage"))


def say_step(step: Mapping[str, Json]) -> str:
    """Return `shift-5-hold (12 of 31)`."""
    return f"{step.get('key')} ({step.get('number')} of {step.get('total')})"


def say_waiting(step: Mapping[str, Json]) -> str:
    """Return what a step waits for, and until when; empty where it does not wait."""
    if step.get("waits_for") is None:
        return ""
    until = step.get("waits_until")
    return f"{step.get('waits_for')}" + (f", until {say_moment(until)}" if until else "")


def _head(document: Mapping[str, Json]) -> Iterator[str]:
    started = read_map(document.get("started"))
    yield f"upgrade  {document.get('name')} (plan {str(document.get('digest'))[:12]})"
    yield f"stage    {say_stage(document)}"
    reason = f": {document.get('reason')}" if document.get("reason") else ""
    yield f"started  {say_moment(started.get('at'))} by {started.get('actor')}{reason}"
    ended = read_map(document.get("ended"))
    if ended:
        why = f": {ended.get('reason')}" if ended.get("reason") else ""
        yield f"ended    {say_moment(ended.get('at'))}{why}"
    paused = read_map(document.get("paused"))
    if paused:
        yield f"paused   {say_moment(paused.get('at'))} by {paused.get('actor')}"


def _runtime(document: Mapping[str, Json]) -> Iterator[str]:
    if "runtime" not in document or document.get("ended") is not None:
        return
    trouble = read_map(document.get("runtime")).get("trouble")
    if document.get("runtime") is None:
        yield "runtime  none: the upgrade stands still, and traffic stays as it is, until there is"
        yield "         one: bascule upgrade start -f upgrade.yaml, or bascule run -f upgrade.yaml"
    elif trouble:
        yield f"runtime  stands still: {trouble}"


def _step(step: Mapping[str, Json]) -> Iterator[str]:
    if not step:
        return
    title = f": {step.get('title')}" if step.get("title") else ""
    yield f"step     {say_step(step)}{title}"
    waiting = say_waiting(step)
    if waiting:
        yield f"waits    {waiting}"


def _halted(document: Mapping[str, Json], where: str) -> Iterator[str]:
    halted = read_map(document.get("halted"))
    if not halted:
        return
    yield f"halted   {halted.get('key')}: {halted.get('reason')}"
    yield f"         what to do: {halted.get('remedy') or 'look, then retry or roll back'}"
    if halted.get("is_in_doubt"):
        name = document.get("name")
        yield f"         bascule upgrade answer {name} done|redo|skip{where}"


def _approval(document: Mapping[str, Json], where: str) -> Iterator[str]:
    approval = read_map(document.get("approval"))
    if approval:
        name = str(document.get("name"))
        yield f"approval gate {approval.get('gate')} waits for a person:"
        yield f"         {approve_command(name, approval, where)}"


def _traffic(document: Mapping[str, Json]) -> Iterator[str]:
    weights, live = document.get("weights"), document.get("live_weights")
    if weights is None:
        return
    yield f"wanted   {say_split(weights)}"
    if "live_weights" in document:
        yield f"live     {'the same' if live == weights else say_split(live)}"


def _gate(gate: Mapping[str, Json]) -> Iterator[str]:
    if not gate:
        return
    yield f"gate     {gate.get('key')}: {gate.get('verdict')}"
    for reason in read_items(gate.get("reasons"))[:REASONS_SHOWN_MAX]:
        yield f"         {reason}"


def _way_back(document: Mapping[str, Json], where: str) -> Iterator[str]:
    rollback = read_map(document.get("rollback"))
    cause = rollback.get("cause")
    if cause is not None:
        how = "by itself" if rollback.get("is_automatic") else "asked for"
        yield f"rollback {how}: {cause}"
    elif rollback.get("is_possible"):
        yield f"rollback possible {rollback.get('reason')}:"
        yield f"         bascule upgrade rollback {document.get('name')}{where}"
    elif document.get("posture") is not None:
        yield f"rollback not possible: {say(rollback.get('reason'))}"


def _signals(document: Mapping[str, Json]) -> Iterator[str]:
    signals = [read_map(signal) for signal in read_items(document.get("signals"))]
    for place, signal in enumerate(signals[:SIGNALS_SHOWN_MAX]):
        label = "signals " if place == 0 else " " * 8
        why = f": {signal.get('reason')}" if signal.get("reason") else ""
        refused = f" (refused: {signal.get('refusal')})" if signal.get("refusal") else ""
        at = say_moment(signal.get("at"))
        said = f"{signal.get('kind')}{_say_data(signal)}"
        yield f"{label} {at} {said} by {signal.get('actor')}{why}{refused}"


def _say_data(signal: Mapping[str, Json]) -> str:
    data = read_map(signal.get("data"))
    if signal.get("kind") == "weights" and data:
        return f" ({say_hand_weights(data)})"
    gate = data.get("gate")
    return f" ({gate})" if signal.get("kind") == "approve" and gate else ""


def say_hand_weights(data: Mapping[str, Json]) -> str:
    """Return the weights that were set by hand, from what is recorded of the signal."""
    blue_bp = data.get("blue_bp")
    green_bp = 10_000 - blue_bp if isinstance(blue_bp, int) else None
    return f"blue {say_percent(blue_bp)}, green {say_percent(green_bp)}"
