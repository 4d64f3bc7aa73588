from datetime import UTC, datetime

import pytest

from bascule.journal.record import Json
from bascule.report.page.node import Node

AT = "2026-11-23T08:58:12.340000+00:00"
ROOT = Node({"a": [{"n": 1234.5, "s": "x", "at": AT, "t": True, "none": None, "share": 0.998}]})


def test_a_place_is_named_by_its_path() -> None:
    node = ROOT.at("a", 0, "n")

    assert (node.path, node.name, node.number) == ("a.0.n", "n", 1234.5)


@pytest.mark.parametrize("names", [("b",), ("a", 1), ("a", "x"), ("a", 0, "s", "deep")])
def test_what_is_not_there_is_null(names: tuple[str | int, ...]) -> None:
    assert ROOT.at(*names).data is None


def test_lists_and_objects_are_gone_through_in_order() -> None:
    assert [node.path for node in ROOT.at("a")] == ["a.0"]
    assert [node.name for node in ROOT.at("a", 0)] == ["n", "s", "at", "t", "none", "share"]
    assert list(ROOT.at("a", 0, "s")) == []


@pytest.mark.parametrize(("data", "number"), [(True, None), ("1", None), (None, None), (2, 2.0)])
def test_only_numbers_are_numbers(data: Json, number: float | None) -> None:
    assert Node(data).number == number


def test_text_of_null_is_empty_and_of_others_as_python_says_it() -> None:
    assert (Node(None).text, Node(3).text, ROOT.at("a", 0, "t").is_true) == ("", "3", True)


def test_a_time_is_read_or_not_known() -> None:
    assert ROOT.at("a", 0, "at").time == datetime(2026, 11, 23, 8, 58, 12, 340_000, tzinfo=UTC)
    assert ROOT.at("a", 0, "s").time is None


def test_a_figure_has_its_exact_value_and_place_beside_it() -> None:
    shown = ROOT.at("a", 0, "n").figure("ms", decimals=0)

    assert shown.startswith('<data value="1234.5" data-evidence="a.0.n">1,234</data>')
    assert shown.endswith("ms</span>")


def test_a_scaled_figure_tells_its_scale() -> None:
    assert ROOT.at("a", 0, "share").figure(scale=100) == (
        '<data value="0.998" data-evidence="a.0.share" data-scale="100">99.8</data>'
    )


def test_a_duration_is_said_in_words_that_stay_together() -> None:
    assert ">20\N{NO-BREAK SPACE}min\N{NO-BREAK SPACE}34\N{NO-BREAK SPACE}s<" in (
        ROOT.at("a", 0, "n").duration()
    )


def test_times_name_their_place() -> None:
    node = ROOT.at("a", 0, "at")

    assert f'datetime="{AT}" data-evidence="a.0.at">23 Nov 2026 08:58:12 UTC' in node.clock()
    assert ">23 Nov 08:58:12<" in node.moment()


def test_what_is_null_is_said_to_be_not_known() -> None:
    node = ROOT.at("a", 0, "none")

    for shown in (node.figure(), node.duration(), node.clock(), node.moment()):
        assert "not known" in shown
