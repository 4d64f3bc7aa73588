from datetime import timedelta

from bascule.journal.record import Json
from bascule.report.page.node import Node
from bascule.report.page.scales import TimeScale
from bascule.report.page.split_plot import cut_steps, render_split
from tests.support.made_up_upgrades import START


def root(*points: tuple[float, int]) -> Node:
    split: list[Json] = [
        {"at": (START + timedelta(seconds=at)).isoformat(), "green_bp": green}
        for at, green in points
    ]
    return Node({"split": [*split, {}]})


def time(from_s: float, to_s: float) -> TimeScale:
    return TimeScale(
        from_at=START + timedelta(seconds=from_s), to_at=START + timedelta(seconds=to_s)
    )


def steps(node: Node, span: TimeScale) -> list[tuple[float, float]]:
    return [((s.at - START).total_seconds(), s.green) for s in cut_steps(node, span)]


def test_steps_are_cut_to_the_time_of_the_plot() -> None:
    node = root((0, 0), (10, 500), (20, 5_000), (30, 10_000))

    assert steps(node, time(0, 40)) == [(0, 0), (10, 5), (20, 50), (30, 100), (40, 100)]
    assert steps(node, time(12, 25)) == [(12, 5), (20, 50), (25, 50)]
    assert steps(node, time(32, 40)) == [(32, 100), (40, 100)]


def test_a_split_that_is_not_known_is_not_drawn() -> None:
    assert steps(root(), time(0, 10)) == []
    assert "not known" in render_split(root(), time(0, 10), "whole", ())


def test_the_plot_tells_its_steps_and_names_who_has_most() -> None:
    drawn = render_split(root((0, 0), (20, 10_000)), time(0, 40), "whole", ())

    assert "0 % from 23 Nov 2026 08:58:12 UTC; 100 % from 23 Nov 2026 08:58:32 UTC" in drawn
    assert 'x="25%"' in drawn
    assert 'x="75%"' in drawn
    assert 'id="clip-split-whole"' in drawn


def test_a_cluster_that_had_most_for_a_moment_only_is_not_named_in_it() -> None:
    drawn = render_split(root((0, 0), (39, 10_000)), time(0, 40), "whole", ())

    assert "area-name middle blue" in drawn
    assert "area-name middle green" not in drawn
