"""Lines and areas as SVG that stretches with the page, while its text and strokes do not.

A plot is drawn in a field of 1000 by 1000 units, whatever its size on the page.
"""

from collections.abc import Iterable, Sequence

from bascule.report.page.markup import Markup, el, join

FIELD = 1000.0

Point = tuple[float, float]
"""Places from 0 to 1: to the right, and up."""


def draw_line(runs: Iterable[Sequence[Point]], *, class_: str) -> Markup:
    """Return runs of points as one line with breaks between them; a lone point as a dash."""
    parts = []
    for run in runs:
        points = list(run) if len(run) > 1 else [(run[0][0] - 0.002, run[0][1]), run[0]]
        parts.append("M" + "L".join(_place(point) for point in points))
    return el("path", d="".join(parts), class_=f"line {class_}", fill="none") if parts else Markup()


def trace_area(points: Sequence[Point]) -> str:
    """Return the outline of the area between points and the lower edge, in shares of the plot."""
    if len(points) < 2:
        return ""
    return _trace([(points[0][0], 0.0), *points, (points[-1][0], 0.0)])


def trace_bars(bars: Iterable[tuple[float, float, float]]) -> str:
    """Return the outlines of upright bars (from, to, height), each at least a hair wide."""
    parts = []
    for from_x, to_x, height in bars:
        right = max(to_x, from_x + 0.003)
        parts.append(_trace([(from_x, 0.0), (from_x, height), (right, height), (right, 0.0)]))
    return "".join(parts)


def fill_outline(outline: str, *, id_: str, class_: str, y: float, height: float) -> Markup:
    """Return `outline` filled over the width of the plot; its pattern is not stretched."""
    if not outline:
        return Markup()
    clip = el("clipPath", el("path", d=outline), id=id_, clipPathUnits="objectBoundingBox")
    return join(
        clip,
        el(
            "rect",
            x=0,
            y=y,
            width="100%",
            height=height,
            class_=class_,
            clip_path=f"url(#{id_})",
        ),
    )


def in_field(*shapes: Markup) -> Markup:
    """Return shapes of the field, stretched over the whole plot."""
    return el(
        "svg",
        *shapes,
        viewBox=f"0 0 {FIELD:g} {FIELD:g}",
        preserveAspectRatio="none",
        width="100%",
        height="100%",
    )


def percent(share: float) -> str:
    """Return a place as SVG writes it when it is to stretch: `12.5%`."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _place(point: Point) -> str:
    x, y = point[0] * FIELD, (1 - point[1]) * FIELD
    return f"{x:.1f} {y:.1f}"


def _trace(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.4f} {1 - y:.4f}" for x, y in points) + "Z"
