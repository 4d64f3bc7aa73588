"""One chart: axes, what is drawn between them, a legend, and words for who cannot see it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bascule.report.page.drawing import in_field, percent
from bascule.report.page.markup import Markup, el, join
from bascule.report.page.scales import Scale, TimeScale
from bascule.report.wording import say_number

EDGE_PX = 10
"""Room above and below the plot, so that lines and marks at the edge are whole."""
EDGE_LABEL_SHARE = 0.06
"""Labels so near to the edge are set inwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendItem:
    """A line of the plot: how it looks (`class_`) and what it is."""

    label: str
    class_: str
    is_area: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a chart is made of, from the lowest to the topmost: areas, grid, lines, overlay."""

    id: str
    title: str
    unit: str
    summary: str
    """What the plot shows, in words and numbers."""
    time: TimeScale
    scale: Scale
    areas: Sequence[Markup] = ()
    lines: Sequence[Markup] = ()
    """In the field that stretches."""
    overlay: Sequence[Markup] = ()
    legend: Sequence[LegendItem] = ()
    height_px: int = 150
    note: str = ""
    """Written over an empty plot."""


def render_chart(chart: Chart) -> Markup:
    """Return the chart as a figure that is as wide as the page."""
    legend = [el("li", _swatch(item), item.label, class_="legend-item") for item in chart.legend]
    caption = el(
        "figcaption",
        el("span", chart.title, class_="chart-title"),
        el("span", chart.unit, class_="chart-unit"),
        el("ul", legend, class_="legend") if legend else Markup(),
    )
    note = el("p", chart.note, class_="chart-note") if chart.note else Markup()
    body = el("div", _value_axis(chart), _plot(chart), note, class_="chart")
    return el("figure", caption, body, class_="figure", id=chart.id)


def _plot(chart: Chart) -> Markup:
    total = chart.height_px + 2 * EDGE_PX + 18
    grid = [
        el("line", x1="0", x2="100%", y1=_y(chart, tick), y2=_y(chart, tick), class_="grid")
        for tick in chart.scale.ticks
    ]
    field = el("svg", in_field(*chart.lines), y=EDGE_PX, width="100%", height=chart.height_px)
    return el(
        "svg",
        el("title", chart.title, id=f"{chart.id}-title"),
        el("desc", chart.summary, id=f"{chart.id}-desc"),
        chart.areas,
        grid,
        field,
        chart.overlay,
        _time_axis(chart, EDGE_PX + chart.height_px),
        role="img",
        aria_labelledby=f"{chart.id}-title {chart.id}-desc",
        class_="plot",
        width="100%",
        height=total,
    )


def _value_axis(chart: Chart) -> Markup:
    labels = [
        el("text", _say_tick(tick), x=44, y=f"{_y(chart, tick) + 4:g}", class_="tick end")
        for tick in chart.scale.ticks
    ]
    height = chart.height_px + 2 * EDGE_PX + 18
    return el("svg", labels, class_="axis", width=50, height=height, aria_hidden="true")


def _time_axis(chart: Chart, y: float) -> Markup:
    ticks = chart.time.ticks()
    parts = []
    for place, tick in enumerate(ticks):
        share = chart.time.place(tick.at)
        x = percent(share)
        near = "start" if share < EDGE_LABEL_SHARE else "middle"
        anchor = "end" if share > 1 - EDGE_LABEL_SHARE else near
        sparse = " sparse" if len(ticks) > 3 and place % 2 else ""
        parts.append(el("line", x1=x, x2=x, y1=y, y2=y + 5, class_="axis-tick"))
        parts.append(el("text", tick.label, x=x, y=y + 20, class_=f"tick {anchor}{sparse}"))
    return join(el("line", x1="0", x2="100%", y1=y, y2=y, class_="baseline"), parts)


def _y(chart: Chart, value: float) -> float:
    return round(EDGE_PX + (1 - chart.scale.place(value)) * chart.height_px, 1)


def _say_tick(value: float) -> str:
    if value >= 10_000:
        return say_number(value / 1000) + "k"
    return f"{value:g}"


def _swatch(item: LegendItem) -> Markup:
    shape = (
        el("rect", x=1, y=2, width=24, height=8, class_=item.class_)
        if item.is_area
        else el("line", x1=1, x2=25, y1=6, y2=6, class_=f"line {item.class_}")
    )
    return el("svg", shape, width=26, height=12, aria_hidden="true", class_="swatch")
