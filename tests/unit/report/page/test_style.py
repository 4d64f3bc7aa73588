import re

from bascule.report.page.style import STYLE


def test_the_style_fetches_nothing() -> None:
    assert set(re.findall(r"url\(([^)]*)\)", STYLE)) == {"#hatch", "#hatch-strong"}
    assert "@import" not in STYLE


def test_it_is_made_for_dark_narrow_and_paper() -> None:
    assert "prefers-color-scheme: dark" in STYLE
    assert "max-width: 640px" in STYLE
    assert "@media print" in STYLE


def test_every_colour_has_a_value_for_dark_too() -> None:
    light, dark = (set(re.findall(r"(--[a-z-]+):", part)) for part in STYLE.split("@media")[:2])

    assert light - dark == {"--sans", "--mono"}


def test_its_braces_match() -> None:
    assert STYLE.count("{") == STYLE.count("}")
