from collections.abc import Callable, Mapping

import pytest

from bascule.gateway.appgw.health import GatewayHealth, PoolHealth, ServerHealth, find_pairs
from bascule.gateway.appgw.judging_health import BY_ADDRESSES, NAMED_MAX, tell_sick, tell_untold
from bascule.ids import Cluster
from tests.support.appgw_tables import translate_case, whole_document

SHOP = """
ingresses: [{hosts: [a.test]}, {name: b, hosts: [b.test], paths: [{path: /}, {path: /v, to: api}]}]
services:
  web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}
  api: {blue: ['10.0.0.2:80'], green: ['10.1.0.2:80']}
"""
WEB, API = "bsc-pool-green_shop_web_http", "bsc-pool-green_shop_api_http"


def every(host: str) -> bool:
    del host
    return True


def found_as(health: Mapping[str, str], *, text: str = SHOP, words: str = "") -> GatewayHealth:
    """Return a gateway all of whose pools are healthy but those that are named."""
    document = whole_document(translate_case(text))
    pools = [
        PoolHealth(
            pair=pair,
            servers=(
                ServerHealth(
                    address="10.1.0.9", health=health.get(pair.pool, "Healthy"), reason=words
                ),
            ),
        )
        for pair in find_pairs(document, prefix="bsc-")
    ]
    return GatewayHealth(document=document, pools=tuple(pools))


def sick(health: GatewayHealth, is_meant: Callable[[str], bool] = every) -> str:
    return tell_sick(health, Cluster.GREEN, is_meant, prefix="bsc-")


def untold(health: GatewayHealth, is_meant: Callable[[str], bool] = every) -> str:
    return tell_untold(health, Cluster.GREEN, is_meant, prefix="bsc-")


def test_where_all_are_healthy_nothing_is_told() -> None:
    health = found_as({"bsc-pool-blue_shop_web_http": "Unhealthy"})

    assert (sick(health), untold(health)) == ("", "")


def test_a_sick_pool_is_told_with_its_servers_and_the_words_of_the_probe() -> None:
    health = found_as({WEB: "Unhealthy"}, words="Cannot connect. " + "x" * 300)

    found = sick(health, lambda name: name == "b.test")

    assert found.startswith(f"{WEB} (10.1.0.9): Cannot connect. xxx")
    assert len(found) < 300


@pytest.mark.parametrize(("host", "is_sick"), [("a.test", False), ("b.test", True)])
def test_only_pools_of_the_hosts_that_move_count(*, host: str, is_sick: bool) -> None:
    health = found_as({API: "Unhealthy"})

    assert bool(sick(health, lambda name: name == host)) is is_sick
    assert untold(health, lambda name: name == host) == ""


def test_a_pool_of_which_nobody_knows_is_not_sick_and_is_told() -> None:
    health = found_as({WEB: "Unknown"})

    assert sick(health) == ""
    assert untold(health) == f"nothing is told of {WEB}"


def test_listeners_for_probes_are_no_hosts_that_move() -> None:
    health = found_as({API: "Unhealthy"})

    assert sick(health, lambda name: name != "b.test") == ""


def test_what_only_the_probe_of_another_host_finds_sick_counts_for_that_host() -> None:
    text = SHOP.replace("{hosts: [a.test]}", "{hosts: [a.test], paths: [{path: /}, {path: /x}]}")
    document = whole_document(translate_case(text))
    (mine,) = (
        m for m in document["properties"]["urlPathMaps"] if m["name"].endswith("a.test-green")
    )
    settings = mine["properties"]["defaultBackendHttpSettings"]["id"].rpartition("/")[2]
    pools = tuple(
        PoolHealth(
            pair=pair,
            servers=(
                ServerHealth(
                    address="10.1.0.1", health="Down" if pair.settings == settings else "Up"
                ),
            ),
        )
        for pair in find_pairs(document, prefix="bsc-")
    )
    health = GatewayHealth(document=document, pools=pools)

    assert WEB in sick(health, lambda name: name == "a.test")
    assert sick(health, lambda name: name == "b.test") == ""


def test_of_a_pool_whose_name_was_cut_the_other_clusters_is_not_found() -> None:
    service = "a-service-" + "x" * 60
    text = f"""
    ingresses: [{{paths: [{{to: {service}}}]}}]
    services: {{{service}: {{blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}}}}
    """

    assert untold(found_as({}, text=text)).startswith("green's pool beside bsc-pool-blue_shop_a-s")


def test_of_many_pools_a_few_are_named() -> None:
    names = [f"s{number}" for number in range(NAMED_MAX + 2)]
    paths = ", ".join(f"{{path: /{name}, to: {name}}}" for name in names)
    services = "\n".join(
        f"  {name}: {{blue: ['10.0.0.{n}:80'], green: ['10.1.0.{n}:80']}}"
        for n, name in enumerate(names, 1)
    )
    text = f"ingresses: [{{paths: [{paths}]}}]\nservices:\n{services}"
    pools = {f"bsc-pool-green_shop_{name}_http": "Unhealthy" for name in names}

    assert sick(found_as(pools, text=text)).endswith(" and 2 more")


def test_where_addresses_are_exchanged_those_of_the_other_cluster_are_told_of_by_nobody() -> None:
    health = found_as({}, text=f"settings: {{mechanism: pools}}\n{SHOP}")

    assert (sick(health), untold(health)) == ("", BY_ADDRESSES)


def test_where_members_of_both_clusters_share_a_pool_each_cluster_has_pools_of_its_own() -> None:
    shares = f"settings: {{shares_accepted: true}}\nweights: {{blue: '50', green: '50'}}\n{SHOP}"

    assert WEB in sick(found_as({WEB: "Unhealthy"}, text=shares))
