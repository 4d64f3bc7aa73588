"""A platform's plan as people read it: what is created, changed, left alone, refused, and why."""

import json
from collections.abc import Iterator

from bascule.cli.plan_text import render_findings
from bascule.cli.rendering import render_columns
from bascule.platform.plan.cost import Running
from bascule.platform.plan.model import Action, Op, PlatformPlan, to_json
from bascule.platform.plan.unmaking import Fate, Removal, UnmakingPlan
from bascule.platform.ports import Progress
from bascule.report.azure_proof import IS_PROVEN_ON_AZURE, LAB_ONLY
from bascule.spec.durations import render_duration

_SIGNS = {Op.CREATE: "+", Op.WITH: "+", Op.CHANGE: "~", Op.REFUSE: "!", Op.LEAVE: "="}
_FATES = {Fate.REMOVE: "-", Fate.KEEP: "=", Fate.REFUSE: "!"}
_VALUE_MAX = 80
"""A value that is longer is shown in part."""
DIGEST_SHOWN = 12


def render_plan_lines(plan: PlatformPlan) -> list[str]:
    """Return the plan as lines."""
    done = [action for action in plan.actions if action.op is not Op.LEAVE]
    lines = [
        f"platform {plan.name} in {plan.cloud}, {plan.location}, subscription {plan.subscription}",
        "",
    ]
    for action in done:
        lines += _action(action)
    if done:
        lines.append("")
    lines += _left(plan)
    lines += _differences(plan)
    lines += render_findings(plan.findings) if plan.findings else []
    lines += _running(plan)
    return [*lines, *_summary(plan)]


def render_unmaking_lines(plan: UnmakingPlan) -> list[str]:
    """Return what would be removed as lines."""
    lines = [f"platform {plan.name}", ""]
    for removal in plan.removals:
        lines += _removal(removal)
    if plan.findings:
        lines += ["", *render_findings(plan.findings)]
    gone = sum(removal.fate is Fate.REMOVE for removal in plan.removals)
    return [*lines, "", f"{gone} to remove, {len(plan.removals) - gone} that stay"]


def render_progress(progress: Progress) -> str:
    """Return what happens to a resource as one line."""
    detail = f" ({progress.detail})" if progress.detail else ""
    return f"{progress.what:<10}  {progress.resource}{detail}"


def _action(action: Action) -> Iterator[str]:
    takes = "" if action.estimate_s is None else f"  (about {render_duration(action.estimate_s)})"
    beside = ", with its parent" if action.op is Op.WITH else ""
    yield f"  {_SIGNS[action.op]} {action.resource.name}{beside}{takes}"
    for change in action.changes:
        yield f"      {change.field}: {_value(change.before)} -> {_value(change.after)}"
    if action.reason:
        word = "refused" if action.op is Op.REFUSE else "because"
        yield f"      {word}: {action.reason}"
    if action.remedy:
        yield f"      what to do: {action.remedy}"
    if action.waits_for:
        yield f"      known later: {', '.join(action.waits_for)}"


def _left(plan: PlatformPlan) -> Iterator[str]:
    left = [action for action in plan.actions if action.op is Op.LEAVE]
    if left:
        names = ", ".join(action.resource.name for action in left)
        yield f"  = {len(left)} as the file says: {names}"
        yield ""
    for action in left:
        if action.reason:
            yield f"      {action.resource.name}: {action.reason}"


def _differences(plan: PlatformPlan) -> Iterator[str]:
    if not plan.differences:
        return
    yield "green is made in the likeness of blue, and differs in:"
    rows = [("  ", "field", "blue", "green", "because")]
    for each in plan.differences:
        blue, green = _value(each.blue), _value(each.green)
        rows.append((f"  {each.treatment}", each.field, blue, green, each.reason))
    yield from render_columns(rows)
    yield ""


def _running(plan: PlatformPlan) -> Iterator[str]:
    for each in plan.running:
        machines = ", ".join(f"{count} x {size}" for size, count in each.machines)
        yield f"{each.cluster} runs on {machines}, tier {each.tier}{_price(each)}"
    priced = [each.per_day for each in plan.running if each.per_day is not None]
    if len(priced) > 1 and len(priced) == len(plan.running):
        currency = plan.running[0].currency
        yield f"both together: {sum(priced):.2f} {currency}".rstrip() + " a day"
    if plan.running:
        yield ""


def _price(running: Running) -> str:
    if running.per_day is not None:
        return f": {running.per_day:.2f} {running.currency}".rstrip() + " a day"
    if running.unpriced:
        return f": no price for {', '.join(running.unpriced)}"
    return ""


def _summary(plan: PlatformPlan) -> Iterator[str]:
    if plan.is_empty:
        yield "nothing to do: everything is as the file says"
        return
    counts = (
        (plan.count(Op.CREATE) + plan.count(Op.WITH), "to create"),
        (plan.count(Op.CHANGE), "to change"),
        (plan.count(Op.LEAVE), "left alone"),
        (plan.count(Op.REFUSE), "refused"),
    )
    yield ", ".join(f"{count} {what}" for count, what in counts)
    if plan.estimate_s:
        takes = render_duration(plan.estimate_s)
        yield f"takes about {takes} by the medians of recorded runs, side by side where possible"
    if not IS_PROVEN_ON_AZURE:
        yield LAB_ONLY
    yield f"plan {plan.digest[:DIGEST_SHOWN]}"


def _removal(removal: Removal) -> Iterator[str]:
    takes = "" if removal.estimate_s is None else f"  (about {render_duration(removal.estimate_s)})"
    is_stopped = removal.is_stopped_first and removal.fate is Fate.REMOVE
    first = ", stopped first" if is_stopped else ""
    yield f"  {_FATES[removal.fate]} {removal.name}{first}{takes}"
    if removal.reason:
        yield f"      because: {removal.reason}"
    if removal.remedy:
        yield f"      what to do: {removal.remedy}"


def _value(value: object) -> str:
    """Return a value on one line, long ones in part."""
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(to_json(value), ensure_ascii=False)
    return text if len(text) <= _VALUE_MAX else f"{text[: _VALUE_MAX - 1]}…"
