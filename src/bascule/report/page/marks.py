"""Stages as bands and what mattered as numbered marks: what ties the plots to the story."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bascule.report.page.drawing import percent
from bascule.report.page.markup import Markup, el, join
from bascule.report.page.node import Node
from bascule.report.page.scales import TimeScale
from bascule.report.wording import say_moment

MARKS_MAX = 24
ROWS_MAX = 4
NEAR_SHARE = 0.055
"""Marks so near to each other are drawn below each other."""
ROW_PX = 21
BAND_PX = 22
_WIDE_CHARACTER_SHARE = 0.0095
_NARROW_CHARACTER_SHARE = 0.026
"""How much of the plot's width a character takes, on a screen and on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened; `kind` is signal, refused, gate, halt, rollback or end."""

    number: int
    at: datetime
    kind: str
    label: str


def list_marks(root: Node) -> tuple[Mark, ...]:
    """Return what mattered, oldest first and numbered: signals, failed gates, halts, rollback."""
    found = sorted(_find(root), key=lambda item: item[0])[:MARKS_MAX]
    return tuple(
        Mark(number=number, at=at, kind=kind, label=label)
        for number, (at, kind, label) in enumerate(found, 1)
    )


def _find(root: Node) -> Iterator[tuple[datetime, str, str]]:
    for signal in root.at("signals"):
        at = signal.at("at").time
        if at is not None:
            is_refused = signal.at("is_refused").is_true
            word = f"{signal.at('kind').text} by {signal.at('actor').text}"
            yield (
                at,
                "refused" if is_refused else "signal",
                f"{word}, refused" if is_refused else word,
            )
    for gate in root.at("gates"):
        for judgement in gate.at("judgements"):
            at = judgement.at("at").time
            if at is not None and judgement.at("verdict").text == "fail":
                yield at, "gate", f"the gate {gate.at('step').text} failed"
    for halt in root.at("halts"):
        at = halt.at("at").time
        if at is not None:
            yield at, "halt", f"halted at {halt.at('step').text}"
    began = root.at("rollback", "at").time
    if began is not None:
        yield began, "rollback", "the rollback began"
    ended = root.at("ended_at").time
    if ended is not None:
        yield ended, "end", root.at("outcome").text.replace("_", " ")


def draw_marks(
    marks: Sequence[Mark], time: TimeScale, *, top_px: float, bottom_px: float
) -> Markup:
    """Return a numbered circle and a line down for each mark that lies within `time`."""
    last_in_row: list[float] = []
    parts = []
    for mark in marks:
        if not time.holds(mark.at):
            continue
        share = time.place(mark.at)
        row = next((r for r, x in enumerate(last_in_row) if share - x >= NEAR_SHARE), -1)
        if row < 0:
            row = len(last_in_row) % ROWS_MAX
            last_in_row.append(share)
        last_in_row[row] = share
        x, y = percent(share), top_px + ROW_PX * row
        parts.append(el("line", x1=x, x2=x, y1=y, y2=bottom_px, class_=f"mark-line {mark.kind}"))
        parts.append(el("circle", cx=x, cy=y, r=9, class_=f"mark {mark.kind}"))
        parts.append(el("text", str(mark.number), x=x, y=y + 4, class_="mark-number middle"))
    return join(parts)


def render_mark_list(marks: Sequence[Mark]) -> Markup:
    """Return the marks as a list to read beside the plot."""
    if not marks:
        return Markup()
    items = [
        el(
            "li",
            el("span", str(mark.number), class_=f"mark-badge {mark.kind}", aria_hidden="true"),
            el("time", say_moment(mark.at), datetime=mark.at.isoformat()),
            " ",
            mark.label,
        )
        for mark in marks
    ]
    return el("ol", items, class_="marks")


def draw_bands(root: Node, time: TimeScale, *, name: str) -> Markup:
    """Return the stages as a strip as wide as the plots, each named where its name fits."""
    parts = []
    for place, stage in enumerate(root.at("stages")):
        from_at = stage.at("from_at").time
        if from_at is None:
            continue
        to_at = stage.at("to_at").time or time.to_at
        left, right = time.place(from_at), time.place(to_at)
        if right <= left:
            continue
        name = stage.at("stage").text
        parts.append(_draw_band(name, left, right, is_odd=bool(place % 2)))
    strip = el(
        "svg",
        el("title", "Stages", id=f"bands-{name}-title"),
        parts,
        class_="bands",
        width="100%",
        height=BAND_PX,
        role="img",
        aria_labelledby=f"bands-{name}-title",
    )
    return el("div", el("span", "stage", class_="band-head"), strip, class_="chart band-row")


def _draw_band(name: str, left: float, right: float, *, is_odd: bool) -> Markup:
    width = right - left
    fits_narrow = width >= len(name) * _NARROW_CHARACTER_SHARE + 0.02
    fits_wide = width >= len(name) * _WIDE_CHARACTER_SHARE + 0.012
    label = Markup()
    if fits_wide:
        class_ = "band-name middle" if fits_narrow else "band-name middle wide-only"
        label = el("text", name, x=percent((left + right) / 2), y=15, class_=class_)
    parity = "odd" if is_odd else "even"
    box = el(
        "rect",
        el("title", name),
        x=percent(left),
        width=percent(width),
        y=1,
        height=BAND_PX - 2,
        class_=f"band {parity} {name}",
    )
    return join(box, label)
