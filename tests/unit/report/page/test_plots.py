import re
from datetime import timedelta

from bascule.journal.record import Json
from bascule.report.page.marks import Mark
from bascule.report.page.node import Node
from bascule.report.page.plots import render_plots
from tests.support.made_up_upgrades import START


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def point(from_s: float, **clusters: dict[str, Json] | None) -> Json:
    told: dict[str, Json] = dict(clusters)
    return {"from_at": at(from_s), "to_at": at(from_s + 1), "clusters": told}


def cluster(rate: float = 100.0, failing: float = 0.0, p99: float | None = 50.0) -> dict[str, Json]:
    return {
        "requests_per_s": rate,
        "failures_per_s": failing,
        "open": 3,
        "p50_ms": 20.0 if p99 else None,
        "p99_ms": p99,
    }


def plots(*points: Json, to_s: float = 60.0, marks: tuple[Mark, ...] = ()) -> str:
    series: dict[str, Json] = {
        "name": "whole",
        "from_at": at(0),
        "to_at": at(to_s),
        "step_s": 1.0,
        "points": list(points),
    }
    root: dict[str, Json] = {
        "split": [{"at": at(0), "green_bp": 0}],
        "traffic": {"series": [series]},
    }
    node = Node(root)
    return render_plots(node, node.at("traffic", "series", 0), marks)


def test_all_plots_are_drawn_with_what_they_show_in_words() -> None:
    drawn = plots(point(0, blue=cluster(100), green=None), point(1, blue=cluster(120), green=None))

    for title in ("Split of the requests", "Requests", "Failed requests", "Latency", "Open"):
        assert f">{title}" in drawn
    assert "blue 100 to 120." in drawn
    assert "No request failed in this time." in drawn


def test_who_points_at_a_stretch_is_told_its_numbers() -> None:
    drawn = plots(point(0, blue=cluster(100), green=cluster(5)))

    assert "23 Nov 2026 08:58:12 UTC\nblue 100\ngreen 5</title>" in drawn


def test_failures_are_drawn_as_bars_by_cluster() -> None:
    drawn = plots(point(0, blue=cluster(), green=cluster(failing=2.0)))

    assert 'clip-path="url(#clip-failures-green-whole)"' in drawn
    assert "clip-failures-blue-whole" not in drawn
    assert "No request failed" not in drawn


def test_lines_break_where_nothing_was_measured_or_nothing_is_known() -> None:
    drawn = plots(
        point(0, blue=cluster()),
        point(1, blue=cluster()),
        point(30, blue=cluster()),
        point(31, blue=cluster(p99=None)),
        point(32, blue=cluster()),
        point(33, blue=None),
    )

    rate = drawn[drawn.index('id="rate-whole"') :]
    (path,) = re.findall(r'd="([^"]*)" class="line blue"', rate[: rate.index("Latency")])
    assert path.count("M") == 2


def test_a_plot_of_what_nobody_knows_says_so() -> None:
    known = plots(point(0, blue=cluster()))
    uncounted = plots(point(0, blue={**cluster(), "open": None}))

    assert "Nothing is known" not in known
    assert uncounted.count("Nothing is known of this.") == 1


def test_latency_far_apart_is_drawn_by_powers_of_ten() -> None:
    near = plots(point(0, blue=cluster(p99=50)))
    far = plots(point(0, blue=cluster(p99=5_000)))

    assert "by powers of ten" not in near
    assert "by powers of ten" in far


def test_failed_gates_and_rollbacks_are_marked_in_every_plot() -> None:
    moment = START + timedelta(seconds=30)
    marks = (
        Mark(number=1, at=moment, kind="gate", label="failed"),
        Mark(number=2, at=moment, kind="signal", label="pause"),
        Mark(number=3, at=moment + timedelta(hours=1), kind="rollback", label="late"),
    )

    drawn = plots(point(0, blue=cluster()), marks=marks)

    assert drawn.count("mark-line gate") == 5
    assert drawn.count("mark-line signal") == 1


def test_without_samples_the_split_is_drawn_alone() -> None:
    drawn = plots()

    assert "Split of the requests" in drawn
    assert "were not sampled" in drawn


def test_an_upgrade_without_time_or_with_odd_points_is_not_drawn() -> None:
    assert "no time to draw" in plots(to_s=0)
    assert "not known" in plots({"from_at": "never"})
