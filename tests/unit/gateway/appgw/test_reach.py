import pytest

from bascule.gateway.appgw.reach import cluster_of_pool, read_reach
from bascule.ids import Cluster
from tests.support.reach_documents import gateway, listener, path_map, pool, rule


def test_a_pool_of_ours_says_whose_it_is_by_its_name() -> None:
    assert cluster_of_pool("bsc-pool-blue_shop_web_80", "bsc-") is Cluster.BLUE
    assert cluster_of_pool("BSC-pool-GREEN_shop_web_80", "bsc-") is Cluster.GREEN
    assert cluster_of_pool("bsc-pool-green", "bsc-") is Cluster.GREEN
    assert cluster_of_pool("bsc-pool-shop_web_80", "bsc-") is None
    assert cluster_of_pool("pool-blue_shop_web_80", "bsc-") is None


def test_rules_lead_to_pools_by_themselves_and_by_their_maps() -> None:
    document = gateway(
        pools=[pool("bsc-pool-blue_a", "10.1.0.1"), pool("bsc-pool-green_a", "10.2.0.1")],
        maps=[path_map("bsc-map-a-green", "bsc-pool-green_a")],
        rules=[rule("bsc-rule-a", path_map="BSC-map-a-green")],
    )

    reach = read_reach(document, "bsc-")

    assert reach.reached == {Cluster.GREEN}
    assert reach.pools[Cluster.BLUE] == {"bsc-pool-blue_a"}
    assert reach.untold == frozenset()


@pytest.mark.parametrize("by_path", [True, False], ids=["path", "default"])
def test_one_path_is_enough(*, by_path: bool) -> None:
    first, second = "bsc-pool-blue_a", "bsc-pool-green_a"
    maps = [path_map("m", first if not by_path else second, first if by_path else second)]
    document = gateway(
        pools=[pool(first, "10.1.0.1"), pool(second, "10.2.0.1")],
        maps=maps,
        rules=[rule("r", path_map="m")],
    )

    assert read_reach(document, "bsc-").reached == {*Cluster}


def test_a_map_that_no_rule_names_leads_nowhere() -> None:
    document = gateway(
        pools=[pool("bsc-pool-blue_a", "10.1.0.1")], maps=[path_map("m", "bsc-pool-blue_a")]
    )

    assert read_reach(document, "bsc-").reached == frozenset()


def test_what_is_only_prepared_for_probes_reaches_nobody() -> None:
    document = gateway(
        pools=[pool("bsc-pool-blue_a", "10.1.0.1"), pool("bsc-pool-green_a", "10.2.0.1")],
        maps=[path_map("bsc-prepared", "bsc-pool-blue_a", "bsc-pool-green_a")],
        rules=[
            rule("bsc-prepared", path_map="bsc-prepared", listener="BSC-prepared"),
            rule("bsc-prepared-2", path_map="bsc-prepared"),
        ],
        listeners=[
            listener("bsc-prepared", "1f.bascule.invalid"),
            listener("bsc-prepared-2", "2f.bascule.invalid"),
        ],
    )

    assert read_reach(document, "bsc-").reached == frozenset()


def test_a_rule_of_somebody_that_names_what_is_prepared_reaches_it() -> None:
    document = gateway(
        pools=[pool("bsc-pool-blue_a", "10.1.0.1")],
        maps=[path_map("bsc-prepared", "bsc-pool-blue_a")],
        rules=[rule("theirs", path_map="bsc-prepared")],
        listeners=[listener("theirs", "shop.example.com")],
    )

    assert read_reach(document, "bsc-").reached == {Cluster.BLUE}


def test_others_pools_with_the_same_addresses_reach_a_cluster_too() -> None:
    document = gateway(
        pools=[pool("bsc-pool-blue_a", "10.1.0.1"), pool("theirs", "10.1.0.1")],
        rules=[rule("r", to="theirs")],
    )

    assert read_reach(document, "bsc-").reached == {Cluster.BLUE}


def test_pools_of_ours_that_are_of_no_one_cluster_tell_nothing() -> None:
    document = gateway(
        pools=[pool("bsc-pool-a", "10.1.0.1"), pool("bsc-none"), pool("theirs", "10.9.0.1")],
        rules=[rule("r", to="bsc-pool-a"), rule("s", to="bsc-none"), rule("t", to="theirs")],
    )

    assert read_reach(document, "bsc-").untold == {"bsc-pool-a"}


def test_a_target_without_an_address_is_none() -> None:
    empty = pool("theirs")
    empty["properties"]["backendAddresses"] = [{}]
    document = gateway(pools=[empty, pool("bsc-pool-blue_a")], rules=[rule("r", to="theirs")])

    assert read_reach(document, "bsc-").reached == frozenset()


def test_nothing_is_reached_where_there_is_nothing() -> None:
    assert read_reach({}, "bsc-").reached == frozenset()
