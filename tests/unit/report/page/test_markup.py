from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from bascule.report.page.markup import Markup, el, escape, escape_text, join


class Reader(HTMLParser):
    """What a browser would make of a text: tags and their attributes, and plain text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    @override
    def handle_data(self, data: str) -> None:
        self.words += data


def test_children_are_escaped_but_for_markup() -> None:
    made = el("p", "a < b & c", el("b", "bold"), ["x", "y"])

    assert made == "<p>a &lt; b &amp; c<b>bold</b>xy</p>"


def test_attributes_are_named_as_html_names_them() -> None:
    made = el("td", class_="n", data_evidence="a.b", aria_label=None, x=1.50, y=0)

    assert made == '<td class="n" data-evidence="a.b" x="1.5" y="0"></td>'


def test_an_element_without_content_is_not_closed() -> None:
    assert el("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_parts_are_joined_side_by_side() -> None:
    assert join("<", [Markup("<br>"), ">"]) == "&lt;<br>&gt;"


def test_control_characters_and_lone_surrogates_do_not_reach_the_page() -> None:
    assert escape_text("a\x00\x1b\x7f\x85b\n\ud800") == "ab\n?"


@given(st.text())
def test_no_text_becomes_a_tag(text: str) -> None:
    read = Reader(el("p", text))

    assert [tag for tag, _ in read.tags] == ["p"]


@given(st.text())
def test_no_text_breaks_out_of_an_attribute(text: str) -> None:
    read = Reader(el("p", title=text))

    assert len(read.tags) == 1
    assert list(read.tags[0][1]) == ["title"]


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs"))))
def test_a_reader_gets_every_text_back_as_it_was(text: str) -> None:
    assert Reader(escape(text)).words == text
