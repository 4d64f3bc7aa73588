"""The report of an upgrade in a real Chromium; `make browser-test` runs this, `make test` does not.

BASCULE_REPORTS (paths with colons between) names reports to open instead of the made-up ones.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bascule.report.evidence import build_evidence, render_evidence
from bascule.report.html import render_html
from tests.support import made_up_upgrades as made_up

sync_api = pytest.importorskip("playwright.sync_api", reason="see scripts/browser_test.sh")
axe_api = pytest.importorskip("axe_playwright_python.sync_playwright")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NUMBERS_MIN = 40
MADE_UP: dict[str, Callable[[], made_up.MadeUp]] = {
    "completed": made_up.completed,
    "rolled back": made_up.rolled_back,
    "a week": made_up.a_week,
    "unfinished": made_up.unfinished,
    "hostile": made_up.hostile,
}
GIVEN = [path for path in os.environ.get("BASCULE_REPORTS", "").split(":") if path]

COLLECT = """() => [...document.querySelectorAll('[data-evidence]')].map(e => ({
  tag: e.tagName, path: e.dataset.evidence, value: e.getAttribute('value'),
  datetime: e.getAttribute('datetime'), text: e.textContent,
  scale: e.dataset.scale || '1', as: e.dataset.as || 'number' }))"""
EMBEDDED = "() => JSON.parse(document.getElementById('evidence').textContent)"
WIDTHS = "() => [document.documentElement.scrollWidth, window.innerWidth]"
PLOTS = """() => [...document.querySelectorAll('svg[role=img]')].map(e => ({
  width: e.getBoundingClientRect().width,
  title: e.querySelector('title') ? e.querySelector('title').textContent : '',
  desc: e.querySelector('desc') ? e.querySelector('desc').textContent : 'bands',
  labelled: (e.getAttribute('aria-labelledby') || '').split(' ')
    .every(id => document.getElementById(id)) }))"""
IDS = "() => [...document.querySelectorAll('[id]')].map(e => e.id)"
RUNNABLE = "() => [...document.scripts].filter(s => s.type !== 'application/json').length"


@dataclass(slots=True)
class Opened:
    """A report in a page of the browser, and what it did that it should not."""

    page: Any
    url: str
    trouble: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = os.environ.get("CHROMIUM_BIN", "/usr/bin/chromium")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session", params=GIVEN or sorted(MADE_UP))
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if GIVEN:
        return Path(request.param).resolve()
    made = MADE_UP[request.param]()
    document = render_evidence(build_evidence(made.records, made.name, made.samples))
    path = tmp_path_factory.mktemp("reports") / "report.html"
    path.write_text(render_html(document))
    path.with_suffix(".json").write_text(json.dumps(document))
    return path


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    found = Opened(page=page, url=report.as_uri())
    page.on("console", lambda message: found.trouble.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: found.trouble.append(f"error: {error}"))
    page.on("dialog", lambda dialog: found.trouble.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: found.trouble.append(f"request: {request.url}"))
    page.goto(found.url)
    yield found
    context.close()


def resolve(document: Any, path: str) -> Any:
    value = document
    for name in path.split("."):
        value = value[int(name)] if isinstance(value, list) else (value or {}).get(name)
    return value


def test_a_report_opens_without_error_script_or_request(opened: Opened) -> None:
    runnable = opened.page.evaluate(RUNNABLE)

    assert runnable == 0
    assert opened.trouble == [f"request: {opened.url}"]


def test_every_number_of_the_page_is_that_of_its_json(opened: Opened) -> None:
    document = opened.page.evaluate(EMBEDDED)
    shown = opened.page.evaluate(COLLECT)

    assert len(shown) >= NUMBERS_MIN
    for place in shown:
        expected = resolve(document, place["path"])
        if place["tag"] == "TIME":
            read = datetime.fromisoformat(place["datetime"])
            assert read == datetime.fromisoformat(expected), place
        elif place["tag"] == "DATA":
            assert float(place["value"]) == expected, place
            assert place["as"] == "duration" or is_rounded(place, expected), place
        else:
            assert expected is None, place


def is_rounded(place: dict[str, str], expected: float) -> bool:
    """Return whether the text is the number as far as its decimals go."""
    text = place["text"].replace(",", "")
    decimals = len(text.partition(".")[2])
    wanted = expected * float(place["scale"])
    return abs(float(text) - wanted) <= 0.5 * 10.0**-decimals + 1e-9


def test_the_json_in_the_page_is_the_file_beside_it(opened: Opened, report: Path) -> None:
    beside = report.with_suffix(".json")
    if not beside.exists():
        pytest.skip("there is no JSON beside the report")

    assert opened.page.evaluate(EMBEDDED) == json.loads(beside.read_text())


def test_every_plot_has_a_name_a_description_and_room(opened: Opened) -> None:
    plots = opened.page.evaluate(PLOTS)
    ids = opened.page.evaluate(IDS)

    assert len(plots) >= 2
    assert [p for p in plots if p["width"] < 200 or not p["title"] or not p["desc"]] == []
    assert all(p["labelled"] for p in plots)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("width", [320, 390, 820])
def test_nothing_is_wider_than_the_screen(opened: Opened, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 800})

    scroll_width, inner_width = opened.page.evaluate(WIDTHS)

    assert scroll_width <= inner_width


def test_nothing_is_wider_than_a_printed_page(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    opened.page.set_viewport_size({"width": 688, "height": 900})

    scroll_width, inner_width = opened.page.evaluate(WIDTHS)

    assert scroll_width <= inner_width
    assert opened.page.pdf(format="A4")[:4] == b"%PDF"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened: Opened, scheme: str) -> None:
    opened.page.emulate_media(color_scheme=scheme)

    found = axe_api.Axe().run(opened.page).response["violations"]

    serious = [v for v in found if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in serious] == []
