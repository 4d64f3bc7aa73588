"""The part of the page about the course of things: signals, halts, stages, steps."""

from collections.abc import Sequence

from bascule.report.page.markup import Markup, el, join
from bascule.report.page.node import Node
from bascule.report.page.tables import DASH, NOTHING, bullets, number_cell, pill, render_table, row

_HOLDS = "holds"
"""What a hold waits for while its time passes: nothing to tell."""
_STATUS = {
    "done": ("✓ done", "good"),
    "failed": ("✗ failed", "bad"),
    "skipped": ("skipped", ""),
    "started": ("… under way", "warn"),
    "pending": ("not reached", ""),
}


def render_signals(root: Node) -> Markup:
    """Return who said what and why, and what was refused."""
    rows = [
        row(
            signal.at("at").moment(),
            signal.at("actor").text,
            join(signal.at("kind").text, _say_data(signal.at("data"))),
            signal.at("reason").text or DASH,
            _answer(signal),
        )
        for signal in root.at("signals")
    ]
    halts = [
        join(halt.at("at").moment(), f" at {halt.at('step').text}: {halt.at('reason').text}")
        for halt in root.at("halts")
    ]
    heads = ["when", "who", "what", "why", "answer"]
    body = (
        render_table("What operators said (times in UTC), and whether it was obeyed", heads, rows)
        if rows
        else el("p", "Nobody steered the upgrade while it ran.", class_="unknown")
    )
    stops = join(el("h3", "Where it stopped for a person"), bullets(halts)) if halts else Markup()
    return el("section", el("h2", "Signals"), body, stops, id="signals")


def _say_data(data: Node) -> str:
    said = [f"{field.name} {field.text}" for field in data if field.text]
    return f" ({', '.join(said)})" if said else ""


def _answer(signal: Node) -> Markup:
    if not signal.at("is_refused").is_true:
        return pill("✓ obeyed", "good")
    remedy = signal.at("remedy").text
    words = signal.at("refusal").text + (f" ({remedy})" if remedy else "")
    return join(pill("✗ refused", "warn"), " ", words)


def render_steps(root: Node) -> Markup:
    """Return every step by stage, with when, how long, how often and what came of it."""
    rows = []
    stage = ""
    for step in root.at("steps"):
        if step.at("stage").text != stage:
            stage = step.at("stage").text
            rows.append(_stage_row(root, stage))
        rows.append(_step_row(step))
    updated = [step for step in root.at("steps") if step.at("updates").number is not None]
    heads: list[str | Markup] = ["step", "started"]
    heads += [el("th", head, scope="col", class_="n") for head in ("took", "attempts")]
    heads += ["result", "what came of it"]
    return el(
        "section",
        el("h2", "Steps"),
        render_table(
            "Each step of the plan, and of the rollback, by stage (times in UTC)", heads, rows
        ),
        _tell_updates(updated) if updated else Markup(),
        id="steps",
    )


def _tell_updates(steps: Sequence[Node]) -> Markup:
    """Return how often the whole gateway was updated, and in which steps."""
    taken, planned = (
        sum(int(step.at(name).number or 0) for step in steps)
        for name in ("updates", "updates_planned")
    )
    lines = [
        f"{step.at('key').text}: {step.at('updates').text} taken, "
        f"{step.at('updates_planned').text} planned"
        for step in steps
        if step.at("updates").number or step.at("updates_planned").number
    ]
    said = (
        f"The whole gateway was updated {taken} times while these steps lasted; the plan said "
        f"{planned}. Each is a disruption: connections are drained. What changed in the clusters "
        "meanwhile is in it too."
    )
    return join(el("h3", "Updates of the gateway"), el("p", said), bullets(lines))


def _prose(text: str) -> Markup:
    """Return a text whose parts in backticks are set as code."""
    parts = text.split("`")
    return join(el("code", part) if place % 2 else part for place, part in enumerate(parts))


def _stage_row(root: Node, stage: str) -> Markup:
    stay = next((s for s in root.at("stages") if s.at("stage").text == stage), None)
    parts: list[str] = [stage]
    if stay is not None and stay.at("duration_s").number is not None:
        parts += [" — ", stay.at("duration_s").duration()]
    return el("tr", el("th", parts, colspan=6, scope="colgroup"), class_="group")


def _step_row(step: Node) -> Markup:
    status = step.at("status").text
    attempts = list(step.at("attempts"))
    started = step.at("started_at")
    title = step.at("title").text
    key = step.at("key").text
    name = join(
        _prose(title), Markup() if title == key else join(" ", el("code", key, class_="dim"))
    )
    waits = [wait.at("reason").text for wait in step.at("waits")]
    waited = next((reason for reason in reversed(waits) if reason != _HOLDS), "")
    said = step.at("reason").text or (f"waited: {waited}" if waited else "")
    return row(
        name,
        started.moment() if started.text else NOTHING,
        number_cell(step.at("duration_s").duration() if started.text else NOTHING),
        number_cell(str(len(attempts)) if attempts else NOTHING),
        pill(*_STATUS.get(status, (status, ""))),
        said or NOTHING,
    )
