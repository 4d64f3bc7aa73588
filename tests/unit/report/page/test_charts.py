from dataclasses import replace
from datetime import timedelta

from bascule.report.page.charts import Chart, LegendItem, render_chart
from bascule.report.page.scales import Scale, TimeScale, linear_scale
from tests.support.made_up_upgrades import START

CHART = Chart(
    id="rate",
    title="Requests",
    unit="per second",
    summary="blue 1 to 2.",
    time=TimeScale(from_at=START, to_at=START + timedelta(minutes=10)),
    scale=linear_scale(20_000),
)


def test_a_chart_has_a_name_a_description_and_its_unit() -> None:
    drawn = render_chart(CHART)

    assert '<title id="rate-title">Requests</title>' in drawn
    assert '<desc id="rate-desc">blue 1 to 2.</desc>' in drawn
    assert 'aria-labelledby="rate-title rate-desc"' in drawn
    assert "per second" in drawn


def test_its_axes_have_round_ticks_and_times_in_utc() -> None:
    drawn = render_chart(CHART)

    assert ">20k<" in drawn
    assert ">5000<" in drawn
    assert ">09:00<" in drawn


def test_a_legend_shows_lines_and_areas_as_they_are_drawn() -> None:
    legend = (
        LegendItem(label="blue", class_="blue"),
        LegendItem(label="green", class_="area-green", is_area=True),
    )

    drawn = render_chart(replace(CHART, legend=legend))

    assert 'class="line blue"' in drawn
    assert '<rect x="1" y="2" width="24" height="8" class="area-green">' in drawn


def test_an_empty_plot_says_why() -> None:
    scale = Scale(low=0, high=1, ticks=(0.0,))

    drawn = render_chart(replace(CHART, scale=scale, note="No request failed."))

    assert '<p class="chart-note">No request failed.</p>' in drawn


def test_labels_at_the_edge_are_set_inwards() -> None:
    time = TimeScale(
        from_at=START.replace(minute=0, second=0, microsecond=0),
        to_at=START.replace(minute=10, second=0, microsecond=0),
    )

    drawn = render_chart(replace(CHART, time=time))

    assert 'class="tick start"' in drawn
    assert 'class="tick end"' in drawn
