from bascule.checks.text import render_count, render_names


def test_a_few_names_are_all_named() -> None:
    assert render_names(["a", "b", "c"], "routes") == "a, b, c"


def test_of_many_names_the_rest_is_counted() -> None:
    assert render_names(list("abcdef"), "routes") == "a, b, c and 3 more routes"


def test_one_is_singular() -> None:
    assert render_count(1, "route") == "1 route"
    assert render_count(2, "route") == "2 routes"
