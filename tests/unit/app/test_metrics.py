from dataclasses import replace

from prometheus_client import CollectorRegistry, generate_latest

from bascule.app.metering import Figures, Timed
from bascule.app.metrics import RuntimeCollector, Scraped
from bascule.controller.cache import ClusterState
from bascule.controller.view import ControllerView
from bascule.ids import Cluster, GatewayName
from bascule.routing.model import Problem
from tests.support.controller_views import VIEW

PROBLEM = Problem(
    cluster=Cluster.BLUE, kind="Ingress", namespace="shop", name="web", code="TooMany", message="x"
)


def scrape(view: ControllerView = VIEW, *, puts: Timed | None = None) -> list[str]:
    figures = Figures(unchanged=2, refused=1, foreign=3)
    figures.applied.total = 1
    figures.applied.note_end(7)
    scraped = Scraped(gateway=GatewayName("shop"), view=lambda: view, figures=figures, puts=puts)
    registry = CollectorRegistry()
    registry.register(RuntimeCollector(scraped))
    return generate_latest(registry).decode().splitlines()


def test_tables_are_told_by_what_became_of_them_and_how_long_they_took() -> None:
    lines = scrape()

    assert 'bascule_tables_total{result="applied"} 1.0' in lines
    assert 'bascule_tables_total{result="unchanged"} 2.0' in lines
    assert 'bascule_tables_total{result="refused"} 1.0' in lines
    assert 'bascule_table_seconds_bucket{le="2"} 0.0' in lines
    assert 'bascule_table_seconds_bucket{le="8"} 1.0' in lines
    assert "bascule_table_seconds_sum 7.0" in lines
    assert "bascule_foreign_changes_total 3.0" in lines


def test_wanted_and_applied_shares_are_told_in_percent() -> None:
    lines = scrape()

    assert 'bascule_wanted_percent{cluster="green",host=""} 5.0' in lines
    assert 'bascule_applied_percent{cluster="blue",host=""} 100.0' in lines


def test_before_the_first_table_nothing_is_said_to_be_applied() -> None:
    lines = scrape(replace(VIEW, applied_split=None))

    assert not [line for line in lines if line.startswith("bascule_applied_percent")]


def test_updates_in_azure_are_told_only_of_a_gateway_there() -> None:
    puts = Timed(total=4)

    assert "bascule_gateway_puts_total 4.0" in scrape(puts=puts)
    assert not [line for line in scrape() if "puts" in line]


def test_problems_of_the_table_and_of_the_gateway_count_together() -> None:
    routes = replace(VIEW.routes, problems=(PROBLEM,))
    lines = scrape(replace(VIEW, routes=routes, gateway_problems=(PROBLEM,)))

    assert f'bascule_problems{{code="TooMany",severity="{PROBLEM.severity}"}} 2.0' in lines


def test_a_cluster_that_is_away_and_a_gateway_in_trouble_are_told() -> None:
    lines = scrape()

    assert 'bascule_cluster_away{cluster="green"} 1.0' in lines
    assert 'bascule_cluster_away{cluster="blue"} 0.0' in lines
    assert "bascule_gateway_fault 1.0" in lines


def test_a_cluster_whose_lists_are_only_coming_is_not_away() -> None:
    blue = replace(VIEW.clusters[Cluster.BLUE], state=ClusterState.LOADING)

    lines = scrape(replace(VIEW, clusters={Cluster.BLUE: blue}))

    assert 'bascule_cluster_away{cluster="blue"} 0.0' in lines
