"""The plots of an upgrade: split, requests, failures, latency and open requests over time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bascule.report.page.charts import EDGE_PX, Chart, LegendItem, render_chart
from bascule.report.page.drawing import Point, draw_line, fill_outline, percent, trace_bars
from bascule.report.page.marks import Mark, draw_bands
from bascule.report.page.markup import Markup, el, join
from bascule.report.page.node import Node
from bascule.report.page.scales import Scale, TimeScale, linear_scale, log_scale
from bascule.report.page.split_plot import render_split
from bascule.report.wording import say_number, say_time

CLUSTERS = ("blue", "green")
BREAK_STEPS = 2.5
BREAK_SHARE = 0.04
"""A line breaks where nothing was measured for so many steps, and this share of the plot."""
LOG_RATIO_MIN = 30.0
"""Latency is drawn by powers of ten when the highest is so many times the lowest."""
HEIGHT_PX = 150
_NOTHING = Scale(low=0.0, high=1.0, ticks=(0.0,))
_TURNS = frozenset({"gate", "rollback", "halt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One field of the points as a line: which, of whom, and how it looks."""

    field: str
    cluster: str
    class_: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Canvas:
    """The series that is drawn, over which time, with which marks."""

    series: Node
    time: TimeScale
    marks: Sequence[Mark]

    @property
    def name(self) -> str:
        return self.series.at("name").text

    def values(self, line: _Line) -> list[tuple[datetime, datetime, float | None]]:
        found = []
        for point in self.series.at("points"):
            from_at, to_at = point.at("from_at").time, point.at("to_at").time
            if from_at is not None and to_at is not None:
                value = point.at("clusters", line.cluster, line.field).number
                found.append((from_at, to_at, value))
        return found


_Rows = Sequence[tuple[datetime, datetime, float | None]]
_Values = Mapping[_Line, _Rows]


def render_plots(root: Node, series: Node, marks: Sequence[Mark]) -> Markup:
    """Return all plots of one series, one above the other with the same time below each."""
    from_at, to_at = series.at("from_at").time, series.at("to_at").time
    if from_at is None or to_at is None or from_at >= to_at:
        return el("p", "There is no time to draw.", class_="unknown")
    time = TimeScale(from_at=from_at, to_at=to_at)
    canvas = _Canvas(series=series, time=time, marks=marks)
    split = render_split(root, time, canvas.name, marks)
    if not any(True for _ in series.at("points")):
        missing = el("p", "Requests, failures and latency were not sampled.", class_="unknown")
        return el("div", draw_bands(root, time, name=canvas.name), split, missing, class_="plots")
    return el(
        "div",
        draw_bands(root, time, name=canvas.name),
        split,
        _draw_rate(canvas),
        _draw_failures(canvas),
        _draw_latency(canvas),
        _draw_open(canvas),
        class_="plots",
    )


def _draw_rate(canvas: _Canvas) -> Markup:
    lines = [_Line(field="requests_per_s", cluster=c, class_=c, label=c) for c in CLUSTERS]
    return _draw_lines(canvas, lines, id_="rate", title="Requests", unit="per second")


def _draw_open(canvas: _Canvas) -> Markup:
    lines = [_Line(field="open", cluster=c, class_=c, label=c) for c in CLUSTERS]
    return _draw_lines(
        canvas, lines, id_="open", title="Open requests and streams", unit="most at once"
    )


def _draw_latency(canvas: _Canvas) -> Markup:
    lines = [
        _Line(field=f"{name}_ms", cluster=c, class_=f"{c} {name}", label=f"{c} {name}")
        for c in CLUSTERS
        for name in ("p99", "p50")
    ]
    values = [v for line in lines for _, _, v in canvas.values(line) if v]
    is_wide = bool(values) and max(values) >= LOG_RATIO_MIN * min(values)
    scale = log_scale(min(values), max(values)) if is_wide else None
    unit = "ms, by powers of ten" if is_wide else "ms"
    return _draw_lines(canvas, lines, id_="latency", title="Latency", unit=unit, scale=scale)


def _draw_lines(
    canvas: _Canvas,
    lines: Sequence[_Line],
    *,
    id_: str,
    title: str,
    unit: str,
    scale: Scale | None = None,
) -> Markup:
    found = {line: canvas.values(line) for line in lines}
    known = [v for rows in found.values() for _, _, v in rows if v is not None]
    used = scale or linear_scale(max(known, default=0.0) or 1.0)
    shapes = [
        draw_line(_runs(canvas, rows, used), class_=line.class_) for line, rows in found.items()
    ]
    return render_chart(
        Chart(
            id=f"{id_}-{canvas.name}",
            title=title,
            unit=unit,
            summary=_summarise(found),
            time=canvas.time,
            scale=used,
            lines=shapes,
            overlay=(_draw_turns(canvas), *_draw_hover(canvas, found)),
            legend=[LegendItem(label=line.label, class_=line.class_) for line in lines],
            height_px=HEIGHT_PX,
            note="" if known else "Nothing is known of this.",
        )
    )


def _draw_failures(canvas: _Canvas) -> Markup:
    lines = [_Line(field="failures_per_s", cluster=c, class_=c, label=c) for c in CLUSTERS]
    found = {line: canvas.values(line) for line in lines}
    highest = max((v for rows in found.values() for _, _, v in rows if v is not None), default=0.0)
    scale = linear_scale(highest) if highest else _NOTHING
    height = HEIGHT_PX * 2 // 3 if highest else 34
    bars = [
        fill_outline(
            _trace_bars(canvas, rows, scale),
            id_=f"clip-failures-{line.cluster}-{canvas.name}",
            class_=f"bars {line.class_}",
            y=EDGE_PX,
            height=height,
        )
        for line, rows in found.items()
    ]
    return render_chart(
        Chart(
            id=f"failures-{canvas.name}",
            title="Failed requests",
            unit="per second",
            summary=_summarise(found) if highest else "No request failed in this time.",
            time=canvas.time,
            scale=scale,
            overlay=(*bars, _draw_turns(canvas, height), *_draw_hover(canvas, found, height)),
            legend=[
                LegendItem(label=line.label, class_=f"bars {line.class_}", is_area=True)
                for line in lines
            ],
            height_px=height,
            note="" if highest else "No request failed.",
        )
    )


def _trace_bars(canvas: _Canvas, rows: _Rows, scale: Scale) -> str:
    place = canvas.time.place
    return trace_bars((place(a), place(b), scale.place(v)) for a, b, v in rows if v)


def _runs(canvas: _Canvas, rows: _Rows, scale: Scale) -> Iterator[list[Point]]:
    """Return the points in runs without a gap, at the middle of the time that each is of."""
    step = timedelta(seconds=(canvas.series.at("step_s").number or 1.0) * BREAK_STEPS)
    step = max(step, (canvas.time.to_at - canvas.time.from_at) * BREAK_SHARE)
    run: list[Point] = []
    last: datetime | None = None
    for from_at, to_at, value in rows:
        middle = from_at + (to_at - from_at) / 2
        is_broken = value is None or (last is not None and middle - last > step)
        if run and is_broken:
            yield run
            run = []
        if value is not None:
            run.append((canvas.time.place(middle), scale.place(value)))
            last = middle
    if run:
        yield run


def _draw_turns(canvas: _Canvas, height: float = HEIGHT_PX) -> Markup:
    """Return a line where a gate failed, the upgrade halted, or the rollback began."""
    found = []
    for mark in canvas.marks:
        if mark.kind in _TURNS and canvas.time.holds(mark.at):
            x = percent(canvas.time.place(mark.at))
            ends = {"y1": EDGE_PX, "y2": EDGE_PX + height}
            line = el("line", x1=x, x2=x, **ends, class_=f"mark-line {mark.kind}")
            found.append(line)
    return join(found)


def _draw_hover(canvas: _Canvas, found: _Values, height: float = HEIGHT_PX) -> Iterator[Markup]:
    """Return a column for each stretch of time that tells its numbers to who points at it."""
    lines = list(found)
    for place, (from_at, to_at, _) in enumerate(found[lines[0]]):
        said = [
            f"{line.label} {say_number(value)}"
            for line in lines
            if (value := found[line][place][2]) is not None
        ]
        left, right = canvas.time.place(from_at), canvas.time.place(to_at)
        yield el(
            "rect",
            el("title", f"{say_time(from_at)}\n" + "\n".join(said)),
            x=percent(left),
            width=percent(max(right - left, 0.002)),
            y=EDGE_PX,
            height=height,
            class_="hover",
        )


def _summarise(found: _Values) -> str:
    """Return the least and the most of each line, in words."""
    said = []
    for line, rows in found.items():
        values = [value for _, _, value in rows if value is not None]
        if values:
            said.append(f"{line.label} {say_number(min(values))} to {say_number(max(values))}")
    return ("; ".join(said) or "not known") + "."
