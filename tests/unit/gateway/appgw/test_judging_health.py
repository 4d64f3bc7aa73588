from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from bascule.gateway.appgw.health import GatewayHealth, PoolHealth, ServerHealth, find_pairs
from bascule.gateway.appgw.judging_health import (
    BY_ADDRESSES,
    NAMED_MAX,
    NOTHING_HEALTHY,
    tell_sick,
    tell_sick_anyway,
    tell_untold,
)
from bascule.ids import Cluster
from tests.support.appgw_tables import translate_case, whole_document

SHOP = """
ingresses: [{hosts: [a.test]}, {name: b, hosts: [b.test], paths: [{path: /}, {path: /v, to: api}]}]
services:
  web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}
  api: {blue: ['10.0.0.2:80'], green: ['10.1.0.2:80']}
"""
BALANCERS = """settings:
  backends: loadBalancer
  load_balancers: {blue: {address: 10.9.0.1}, green: {address: 10.9.0.2}}
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


def anyway(health: GatewayHealth, is_meant: Callable[[str], bool] = every) -> str:
    return tell_sick_anyway(health, Cluster.GREEN, is_meant, prefix="bsc-")


BLUE_API = "bsc-pool-blue_shop_api_http"


def test_what_is_sick_in_both_clusters_is_told_apart() -> None:
    health = found_as({API: "Unhealthy", BLUE_API: "Unhealthy"}, words="Time-out.")

    assert (sick(health), anyway(health)) == ("", f"{API} (10.1.0.9): Time-out.")


@pytest.mark.parametrize("blue", ["Healthy", "Unknown", "Draining", "Partial"])
def test_what_is_sick_and_may_be_answered_in_the_other_cluster_is_not(blue: str) -> None:
    health = found_as({API: "Unhealthy", BLUE_API: blue})

    assert (sick(health), anyway(health)) == (f"{API} (10.1.0.9)", "")


def test_a_cluster_some_of_whose_servers_are_unknown_may_answer() -> None:
    health = found_as({API: "Unhealthy", BLUE_API: "Unhealthy"})
    unknown = ServerHealth(address="10.0.0.3", health="Unknown")
    pools = tuple(
        replace(each, servers=(*each.servers, unknown)) if each.pair.pool == BLUE_API else each
        for each in health.pools
    )

    assert sick(replace(health, pools=pools)) == f"{API} (10.1.0.9)"


def test_the_same_service_may_be_sick_alike_at_one_path_and_worse_at_another() -> None:
    text = SHOP.replace("{path: /v, to: api}", "{path: /v, to: api}, {path: /x, to: api}")
    text = text.replace("{name: b,", "{name: b, annotations: {health-probe-path: /},")
    health = found_as({API: "Unhealthy", BLUE_API: "Unhealthy"}, text=text)
    blue = next(
        each
        for each in health.document["properties"]["urlPathMaps"]  # type: ignore[index]  # of a test
        if each["name"] == "bsc-map-80-b.test-blue"
    )
    blue["properties"]["pathRules"].pop()

    assert (sick(health), anyway(health)) == (f"{API} (10.1.0.9)", "")


@pytest.mark.parametrize("lack", ["blue: []", "bound"])
def test_where_nobody_answers_in_the_other_cluster_nothing_gets_worse(lack: str) -> None:
    health = found_as({API: "Unhealthy", BLUE_API: "Unhealthy"})
    for each in health.document["properties"]["backendAddressPools"]:  # type: ignore[index]  # of a test
        if each["name"] == BLUE_API:
            each["properties"]["backendAddresses"] = []
    known = tuple(each for each in health.pools if each.pair.pool != BLUE_API)
    if lack == "bound":
        text = SHOP.replace("blue: ['10.0.0.2:80'], ", "")
        health = found_as({API: "Unhealthy"}, text=text)
        known = health.pools

    assert sick(replace(health, pools=known)) == ""


def test_a_pool_that_is_not_on_the_gateway_is_not_known_to_be_empty() -> None:
    health = found_as({API: "Unhealthy", BLUE_API: "Unhealthy"})
    pools: list[Any] = health.document["properties"]["backendAddressPools"]  # type: ignore[index]  # of a test
    pools[:] = [each for each in pools if each["name"] != BLUE_API]
    known = tuple(each for each in health.pools if each.pair.pool != BLUE_API)

    assert sick(replace(health, pools=known)) == f"{API} (10.1.0.9)"


@pytest.mark.parametrize("host", ["a.test", "b.test"])
def test_a_gateway_that_reaches_nothing_at_all_is_no_word_on_any_service(host: str) -> None:
    pools = {pair.pool: "Unhealthy" for each in (found_as({}).pools) for pair in (each.pair,)}
    health = found_as(pools)

    found = sick(health, lambda name: name == host)

    assert found.startswith("bsc-pool-green_shop_")
    assert found.endswith(f"; {NOTHING_HEALTHY}")
    assert anyway(health) == ""


def test_of_a_gateway_that_tells_nothing_nothing_is_sick() -> None:
    health = found_as(dict.fromkeys((each.pair.pool for each in found_as({}).pools), "Unknown"))

    assert (sick(health), anyway(health)) == ("", "")
    assert untold(health).startswith("nothing is told of ")


def test_hosts_with_one_route_are_compared_by_their_pools() -> None:
    blue = "bsc-pool-blue_shop_web_http"

    for health in ("Unhealthy", "Healthy"):
        found = found_as({WEB: "Unhealthy", blue: health})
        told = (sick(found, lambda name: name == "a.test"), anyway(found))
        assert [bool(each) for each in told] == [health == "Healthy", health == "Unhealthy"]


def test_load_balancers_are_compared_by_how_each_path_is_probed() -> None:
    health = found_as({}, text=f"{BALANCERS}{SHOP}")
    maps: list[Any] = health.document["properties"]["urlPathMaps"]  # type: ignore[index]  # of a test
    of_b = {
        each["properties"]["defaultBackendHttpSettings"]["id"].rpartition("/")[2]
        for each in maps
        if "b.test" in each["name"]
    }

    def found(clusters: str) -> tuple[str, str]:
        pools = tuple(
            replace(each, servers=(replace(each.servers[0], health="Unhealthy"),))
            if each.pair.settings in of_b and each.pair.pool.rpartition("-")[2] in clusters
            else each
            for each in health.pools
        )
        told = replace(health, pools=pools)
        return sick(told, lambda name: name == "b.test"), anyway(told, lambda n: n == "b.test")

    def found_of_a(clusters: str) -> str:
        pools = tuple(
            replace(each, servers=(replace(each.servers[0], health="Unhealthy"),))
            if each.pair.settings not in of_b and each.pair.pool.rpartition("-")[2] in clusters
            else each
            for each in health.pools
        )
        return sick(replace(health, pools=pools), lambda name: name == "a.test")

    assert found_of_a("green and blue") == "bsc-pool-green (10.1.0.9)"
    assert found("green") == ("bsc-pool-green (10.1.0.9)", "")
    assert found("green and blue") == ("", "bsc-pool-green (10.1.0.9)")


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
