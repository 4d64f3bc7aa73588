import pytest

from bascule.report.page.markup import el
from bascule.report.page.tables import bullets, number_cell, pill, render_table, row, sign


def test_a_table_has_a_caption_and_heads_with_scope() -> None:
    table = render_table("What", ["a", el("th", "b", class_="n")], [row("x", "1")], class_="narrow")

    assert "<caption>What</caption>" in table
    assert '<th scope="col">a</th><th class="n">b</th>' in table
    assert '<table class="narrow">' in table
    assert 'aria-label="What"' in table


def test_a_row_is_named_by_its_first_cell() -> None:
    assert row("<x>", "1", number_cell("2")) == (
        '<tr><th scope="row">&lt;x&gt;</th><td>1</td><td class="n">2</td></tr>'
    )


def test_a_text_that_looks_like_a_cell_is_no_cell() -> None:
    assert row("x", "<td>") == '<tr><th scope="row">x</th><td>&lt;td&gt;</td></tr>'


def test_a_pill_says_its_word() -> None:
    assert pill("done", "good") == '<span class="pill good">done</span>'
    assert pill("done") == '<span class="pill">done</span>'
    assert 'class="pill bad long"' in pill("x" * 33, "bad")


@pytest.mark.parametrize(("holds", "word"), [(True, "yes"), (False, "no"), (None, "not judged")])
def test_a_sign_has_a_word_for_who_cannot_see_it(holds: bool | None, word: str) -> None:  # noqa: FBT001 — the value is what is shown
    assert f'<span class="sr">{word}</span>' in sign(holds)


def test_an_empty_list_is_nothing() -> None:
    assert bullets([]) == ""
    assert bullets(["a"]) == '<ul class="plain"><li>a</li></ul>'
