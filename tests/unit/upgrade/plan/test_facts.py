from dataclasses import replace

from bascule.gateway.driver import UpdateTimes
from bascule.ids import Cluster
from bascule.upgrade.plan.facts import Facts
from tests.support.orders import shop_routes
from tests.support.planning import ABLE, KNOWN, SLOW


def test_without_more_all_traffic_is_on_blue_and_clusters_have_their_colours() -> None:
    facts = Facts(capabilities=ABLE)

    assert facts.split.default.only is Cluster.BLUE
    assert [facts.clusters[cluster].name for cluster in Cluster] == ["blue", "green"]


def test_what_is_not_known_is_not_counted() -> None:
    assert KNOWN.count_routes(Cluster.BLUE) is None


def test_routes_are_those_of_the_table() -> None:
    facts = replace(KNOWN, routes=shop_routes())

    assert facts.count_routes(Cluster.GREEN) == 1


def test_what_this_gateway_took_counts_before_what_others_took() -> None:
    measured = UpdateTimes(median_s=21.0, p90_s=60.0, source="here")

    assert SLOW.update == SLOW.capabilities.update
    assert replace(SLOW, measured_update=measured).update == measured
    assert replace(KNOWN, measured_update=measured).update is None
