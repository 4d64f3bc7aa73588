import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.report.page.drawing import (
    draw_line,
    fill_outline,
    in_field,
    percent,
    trace_area,
    trace_bars,
)

SHARES = st.floats(min_value=0, max_value=1)
POINTS = st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=20)


def test_a_line_goes_through_its_points_with_the_low_end_below() -> None:
    line = draw_line([[(0, 0), (0.5, 1)]], class_="blue")

    assert 'd="M0.0 1000.0L500.0 0.0"' in line
    assert 'class="line blue"' in line


def test_a_line_breaks_between_runs_and_a_lone_point_is_a_dash() -> None:
    line = draw_line([[(0.5, 0.5)], [(0.6, 0), (0.7, 0)]], class_="blue")

    assert line.count("M") == 2
    assert "M498.0 500.0L500.0 500.0" in line


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw_line([], class_="blue") == ""
    assert trace_area([(0, 1)]) == ""
    assert fill_outline("", id_="x", class_="y", y=0, height=1) == ""


def test_an_area_reaches_down_to_the_edge() -> None:
    assert trace_area([(0.25, 0.5), (1, 0.5)]) == (
        "M0.2500 1.0000L0.2500 0.5000L1.0000 0.5000L1.0000 1.0000Z"
    )


def test_a_bar_is_at_least_a_hair_wide() -> None:
    assert "0.5030" in trace_bars([(0.5, 0.5, 1.0)])


def test_an_outline_is_filled_over_the_width_of_the_plot() -> None:
    filled = fill_outline("M0 0Z", id_="clip", class_="green", y=10, height=100)

    assert 'clip-path="url(#clip)"' in filled
    assert 'width="100%"' in filled


def test_the_field_stretches() -> None:
    assert 'preserveAspectRatio="none"' in in_field()


def test_places_are_written_in_percent_without_idle_zeros() -> None:
    assert [percent(share) for share in (0, 0.5, 1, 1 / 3)] == ["0%", "50%", "100%", "33.33%"]


@settings(max_examples=40)
@given(st.lists(POINTS, min_size=1, max_size=4))
def test_no_path_holds_anything_but_finite_numbers(runs: list[list[tuple[float, float]]]) -> None:
    drawn = draw_line(runs, class_="x") + trace_area(runs[0])
    path = "".join(re.findall(r' d="([^"]*)"', drawn)) + trace_area(runs[0])

    assert re.fullmatch(r"[MLZ0-9. -]*", path)
