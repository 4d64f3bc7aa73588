"""The split over time: who got which share, with the stages above and what mattered on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bascule.report.page.charts import EDGE_PX, Chart, LegendItem, render_chart
from bascule.report.page.drawing import Point, draw_line, fill_outline, percent, trace_area
from bascule.report.page.marks import Mark, draw_marks
from bascule.report.page.markup import Markup, el
from bascule.report.page.node import Node
from bascule.report.page.scales import Scale, TimeScale
from bascule.report.wording import say_time

HEIGHT_PX = 190
NAME_WIDTH_MIN = 0.12
"""A cluster's name is written where it has most requests for this share of the width."""

_PERCENT = Scale(low=0.0, high=100.0, ticks=(0.0, 25.0, 50.0, 75.0, 100.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From `at` on, green gets so many percent."""

    at: datetime
    green: float


def render_split(root: Node, time: TimeScale, name: str, marks: Sequence[Mark]) -> Markup:
    """Return the plot of the split within `time`; `name` is the series' own."""
    steps = cut_steps(root, time)
    points: list[Point] = []
    for step in steps:
        x = time.place(step.at)
        points += [(x, points[-1][1])] if points else []
        points.append((x, step.green / 100))
    moved = "; ".join(f"{step.green:g} % from {say_time(step.at)}" for step in steps[:-1])
    chart = Chart(
        id=f"split-{name}",
        title="Split of the requests",
        unit="% to green, the rest to blue",
        summary=f"The share of green over time: {moved or 'not known'}.",
        time=time,
        scale=_PERCENT,
        areas=(
            el("rect", x=0, y=EDGE_PX, width="100%", height=HEIGHT_PX, class_="area-blue"),
            fill_outline(
                trace_area(points),
                id_=f"clip-split-{name}",
                class_="area-green",
                y=EDGE_PX,
                height=HEIGHT_PX,
            ),
        ),
        lines=(draw_line([points] if points else [], class_="edge"),),
        overlay=(
            *_name_areas(steps, time),
            draw_marks(marks, time, top_px=EDGE_PX + 14, bottom_px=EDGE_PX + HEIGHT_PX),
        ),
        legend=(
            LegendItem(label="blue", class_="area-blue", is_area=True),
            LegendItem(label="green, hatched", class_="area-green", is_area=True),
        ),
        height_px=HEIGHT_PX,
    )
    return render_chart(chart)


def cut_steps(root: Node, time: TimeScale) -> tuple[Step, ...]:
    """Return the steps of the split within `time`, with one at its start and one at its end."""
    known = [
        Step(at=at, green=(point.at("green_bp").number or 0.0) / 100)
        for point in root.at("split")
        if (at := point.at("at").time) is not None and at <= time.to_at
    ]
    before = [step for step in known if step.at <= time.from_at]
    inside = [step for step in known if step.at > time.from_at]
    first = [Step(at=time.from_at, green=before[-1].green)] if before else []
    steps = [*first, *inside]
    return (*steps, Step(at=time.to_at, green=steps[-1].green)) if steps else ()


def _name_areas(steps: Sequence[Step], time: TimeScale) -> Iterator[Markup]:
    """Return the clusters' names, each in the widest part where it has most of the requests."""
    for cluster in ("blue", "green"):
        parts = []
        for place, step in enumerate(steps[:-1]):
            share = step.green if cluster == "green" else 100 - step.green
            left, right = time.place(step.at), time.place(steps[place + 1].at)
            if share >= 50:
                parts.append((right - left, (left + right) / 2, share))
        width, middle, share = max(parts, default=(0.0, 0.0, 0.0))
        if width >= NAME_WIDTH_MIN:
            up = 1 - share / 200 if cluster == "green" else share / 200
            y = round(EDGE_PX + HEIGHT_PX * up + 5)
            yield el("text", cluster, x=percent(middle), y=y, class_=f"area-name middle {cluster}")
