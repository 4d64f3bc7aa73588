"""Tables and small signs that every part of the page uses."""

from collections.abc import Iterable, Sequence

from bascule.report.page.markup import Markup, el, join

Cell = Markup | str
PILL_MAX = 32
"""A longer text in a coloured field may be broken into lines."""
DASH = "\N{EN DASH}"
"""What stands where there is nothing to say."""
NOTHING = el("span", DASH, class_="dim")


def render_table(
    caption: str, heads: Sequence[str | Markup], rows: Iterable[Markup], *, class_: str = ""
) -> Markup:
    """Return a table that scrolls within itself where the page is too narrow."""
    head = el("thead", el("tr", [_head(text) for text in heads]))
    table = el("table", el("caption", caption), head, el("tbody", rows), class_=class_ or None)
    return el("div", table, class_="table", tabindex="0", role="region", aria_label=caption)


def row(first: Cell, *cells: Cell) -> Markup:
    """Return a row whose first cell names it; cells that are elements `td` stay as they are."""
    rest = [cell if _is_cell(cell) else el("td", cell) for cell in cells]
    return el("tr", el("th", first, scope="row"), rest)


def number_cell(*content: Cell) -> Markup:
    """Return a cell of numbers, set to the right."""
    return el("td", *content, class_="n")


def pill(text: str, kind: str = "") -> Markup:
    """Return a word in a coloured field; the word alone says it."""
    length = "long" if len(text) > PILL_MAX else ""
    return el("span", text, class_=" ".join(word for word in ("pill", kind, length) if word))


def sign(holds: bool | None) -> Markup:  # noqa: FBT001 — the value itself is what is shown
    """Return a tick, a cross or a dash, with the word for who cannot see it."""
    shape, word, class_ = {
        True: ("✓", "yes", "ok"),
        False: ("✗", "no", "no"),
        None: (DASH, "not judged", "dim"),
    }[holds]
    return join(el("span", shape, class_=class_, aria_hidden="true"), el("span", word, class_="sr"))


def bullets(items: Iterable[Cell]) -> Markup:
    """Return a list, or nothing for none."""
    found = [el("li", item) for item in items]
    return el("ul", found, class_="plain") if found else Markup()


def _is_cell(content: Cell) -> bool:
    return isinstance(content, Markup) and content.startswith("<td")


def _head(text: str | Markup) -> Markup:
    if isinstance(text, Markup):
        return text
    return el("th", text, scope="col")
