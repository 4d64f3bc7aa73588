"""HTML and SVG that cannot be broken by what it holds: plain text is always escaped."""

import html
from collections.abc import Iterable

_VOID = frozenset({"meta", "link", "br", "hr"})
Attribute = str | float | None


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def el(name: str, /, *children: str | Iterable[str], **attributes: Attribute) -> Markup:
    """Return an element; a child that is no Markup is escaped.

    `class_` stands for class, underscores for hyphens; an attribute that is None is left out.
    """
    inner = "".join(escape(child) for child in _flatten(children))
    named = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape_text(_attribute(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{named}>" + ("" if name in _VOID else f"{inner}</{name}>"))


def join(*parts: str | Iterable[str]) -> Markup:
    """Return the parts side by side, escaped where they are no Markup."""
    return Markup("".join(escape(part) for part in _flatten(parts)))


def escape(text: str) -> Markup:
    """Return `text` as it is if it is Markup, else escaped."""
    return text if isinstance(text, Markup) else Markup(escape_text(text))


def escape_text(text: str) -> str:
    """Return plain text safe inside elements and attributes, without control characters."""
    clean = "".join(c for c in text if c in "\n\t" or not (ord(c) < 32 or 0x7F <= ord(c) < 0xA0))
    return html.escape(clean.encode("utf-8", "replace").decode())


def _attribute(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _flatten(parts: Iterable[str | Iterable[str]]) -> Iterable[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        else:
            yield from part
