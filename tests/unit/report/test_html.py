import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from bascule.report.html import render_html
from tests.support.made_up_upgrades import HOSTILE, document_of

WORLDS = ("completed", "rolled_back", "a_week", "unfinished", "hostile")


class Page(HTMLParser):
    """The tags of a page, and the text of its data block."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.embedded = ""
        self._is_data = False
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._is_data = dict(attrs).get("id") == "evidence"

    @override
    def handle_endtag(self, tag: str) -> None:
        self._is_data = False

    @override
    def handle_data(self, data: str) -> None:
        self.embedded += data if self._is_data else ""


@pytest.mark.parametrize("world", WORLDS)
def test_the_page_holds_its_own_json_and_nothing_that_runs_or_fetches(world: str) -> None:
    document = document_of(world)

    page = Page(render_html(document))

    assert json.loads(page.embedded) == document
    scripts = [attrs for tag, attrs in page.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "evidence"}]
    assert not any(tag in {"img", "iframe", "object", "base"} for tag, _ in page.tags)
    links = [attrs.get("href") or attrs.get("src") for _, attrs in page.tags]
    assert {link for link in links if link} == {"data:,"}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)


@pytest.mark.parametrize("world", WORLDS)
def test_every_id_is_there_once_and_no_path_holds_a_nan(world: str) -> None:
    page = Page(render_html(document_of(world)))

    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    paths = [str(attrs["d"]) for _, attrs in page.tags if "d" in attrs]
    assert len(ids) == len(set(ids))
    assert paths
    assert all(re.fullmatch(r"[MLZ0-9. -]*", path) for path in paths)


def test_the_policy_allows_only_the_pages_own_style() -> None:
    text = render_html(document_of("completed"))
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None

    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()

    assert f"style-src &#x27;sha256-{digest}&#x27;" in text
    assert ' style="' not in text


def test_a_close_up_of_a_short_shift_is_shown_below_the_whole() -> None:
    text = render_html(document_of("a_week"))

    assert text.index("The whole upgrade") < text.index("The shift, close up")


def test_a_hostile_name_stays_text() -> None:
    text = render_html(document_of("hostile"))

    assert HOSTILE not in text
    assert "<img" not in text
    assert text.count("</script>") == 1


def test_a_document_of_which_nothing_is_known_is_a_page_still() -> None:
    text = render_html({})

    assert text.startswith("<!doctype html>")
    assert "not known" in text


@settings(max_examples=10)
@given(st.text())
def test_any_reason_is_shown_as_text(reason: str) -> None:
    document = {**document_of("unfinished"), "reason": reason, "traffic": None}

    page = Page(render_html(document))

    assert [tag for tag, _ in page.tags].count("script") == 1
    assert json.loads(page.embedded)["reason"] == reason
