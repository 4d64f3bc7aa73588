"""The evidence of an upgrade as one self-contained page: nothing is fetched, nothing runs."""

import base64
import hashlib
import json
from collections.abc import Mapping

from bascule.journal.record import Json
from bascule.report.page.course_part import render_signals, render_steps
from bascule.report.page.gates_part import render_gates
from bascule.report.page.marks import list_marks, render_mark_list
from bascule.report.page.markup import Markup, el, join
from bascule.report.page.node import Node
from bascule.report.page.opening import render_figures, render_opening, render_rollback
from bascule.report.page.plots import render_plots
from bascule.report.page.proof_part import render_proof, render_unknown
from bascule.report.page.style import STYLE
from bascule.report.page.traffic_part import render_changes, render_failures, render_totals

_TITLES = {
    "whole": "The whole upgrade",
    "shift": "The shift, close up",
}


def render_html(document: Mapping[str, Json]) -> str:
    """Return the page of `document`, which is what `render_evidence` gave."""
    root = Node(dict(document))
    title = f"{root.at('upgrade').text}: evidence of an upgrade"
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_policy()),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("link", rel="icon", href="data:,"),
        el("title", title),
        el("style", Markup(STYLE)),
    )
    main = el(
        "main",
        render_opening(root),
        render_figures(root),
        render_rollback(root),
        _render_traffic(root),
        render_failures(root),
        render_changes(root),
        render_gates(root),
        render_signals(root),
        render_steps(root),
        render_unknown(root),
        render_proof(root),
        el("footer", "Made by Bascule from its own journal and measurements. Times are in UTC."),
    )
    data = el("script", Markup(_embed(document)), type="application/json", id="evidence")
    page = el("html", head, el("body", _define_patterns(), main, data), lang="en")
    return f"<!doctype html>\n{page}\n"


def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"


def _embed(document: Mapping[str, Json]) -> str:
    """Return JSON that can stand inside an element: no tag and no comment can be in it."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _render_traffic(root: Node) -> Markup:
    marks = list_marks(root)
    parts = []
    for series in root.at("traffic", "series"):
        title = _TITLES.get(series.at("name").text, series.at("name").text)
        step = series.at("step_s").duration()
        parts.append(el("h3", title))
        parts.append(el("p", "Each point stands for ", step, ". Times are in UTC.", class_="hint"))
        parts.append(render_plots(root, series, marks))
    return el(
        "section",
        el("h2", "What happened"),
        render_mark_list(marks),
        parts,
        render_totals(root),
        id="traffic",
    )


def _define_patterns() -> Markup:
    """Return the hatchings by which green is told from blue without its colour."""
    soft = _hatch("hatch", 8)
    strong = _hatch("hatch-strong", 5)
    return el("svg", el("defs", soft, strong), width=0, height=0, aria_hidden="true", class_="sr")


def _hatch(name: str, size: int) -> Markup:
    shapes = join(
        el("rect", width=size, height=size, class_=f"{name}-ground"),
        el("line", x1=0, y1=0, x2=0, y2=size, class_=f"{name}-line"),
    )
    return el(
        "pattern",
        shapes,
        id=name,
        width=size,
        height=size,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
