from collections.abc import Sequence

import pytest

from bascule.gateway.appgw.live import TAG_MAX, read_split, render_split
from bascule.gateway.ownership import Owns
from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from tests.support.arm_gateways import Document, gateway, listener, part, pool, ref, rule

OWNS = Owns(prefix="bsc-", owner="shop")
ALL_BLUE, ALL_GREEN = (Weights.all_to(cluster) for cluster in Cluster)
SHOP = "shop.example.com"


def _document(tag: str, *rules: Document, maps: Sequence[Document] = ()) -> Document:
    document = gateway(
        {"bsc-pool-blue_shop_web": ["10.1.0.4"], "bsc-pool-green_shop_web": ["10.2.0.4"]},
        requestRoutingRules=list(rules),
        httpListeners=[listener("bsc-l", SHOP), listener("bsc-any")],
        urlPathMaps=list(maps),
    )
    return {**document, "tags": {"Bascule-Split": tag}}


def _to_pool(name: str, *, of: str = "bsc-r", listener_name: str = "bsc-l") -> Document:
    target = ref("backendAddressPools", name)
    return rule(of, 100, listener=listener_name, backendAddressPool=target)


def _to_map(name: str) -> Document:
    return rule("bsc-r", 100, listener="bsc-l", urlPathMap=ref("urlPathMaps", name))


MAPS = [part("bsc-map-80-shop-blue"), part("bsc-map-80-shop-green")]


@pytest.mark.parametrize(
    "split",
    [
        Split(ALL_BLUE),
        Split(ALL_GREEN, {SHOP: ALL_BLUE, "*": ALL_GREEN, "*.example.com": Weights(1)}),
        Split(Weights(9_999)),
    ],
)
def test_a_split_is_read_as_it_was_written(split: Split) -> None:
    assert read_split(_document(render_split(split)), OWNS) == split


def test_a_gateway_that_we_never_wrote_tells_no_split() -> None:
    assert read_split(gateway(), OWNS) is None


@pytest.mark.parametrize("tag", ["", "much", "100;shop.example.com", "101", "50;a=x"])
def test_a_tag_that_is_none_of_ours_tells_no_split(tag: str) -> None:
    assert read_split(_document(tag), OWNS) is None


def test_a_tag_is_no_longer_than_azure_takes() -> None:
    hosts = {f"host-number-{n}.example.com": ALL_GREEN for n in range(100)}

    tag = render_split(Split(ALL_BLUE, hosts))

    assert 200 < len(tag) <= TAG_MAX
    found = read_split(_document(tag), OWNS)
    assert found is not None
    assert set(found.by_host) < set(hosts)


def test_a_split_that_is_known_is_not_cut_off_unless_the_tag_is_of_another_one() -> None:
    wanted = Split(ALL_BLUE, {f"host-number-{n}.example.com": ALL_GREEN for n in range(100)})
    document = _document(render_split(wanted), _to_pool("bsc-pool-green_shop_web"))

    assert read_split(document, OWNS, wanted) == Split(
        ALL_BLUE, {**wanted.by_host, SHOP: ALL_GREEN}
    )
    assert read_split(_document("100"), OWNS, wanted) == Split(ALL_BLUE)


def test_hosts_for_which_the_tag_has_no_room_are_read_from_the_rules() -> None:
    document = _document("100", _to_pool("bsc-pool-green_shop_web"))

    assert read_split(document, OWNS) == Split(ALL_BLUE, {SHOP: ALL_GREEN})


def test_a_path_map_that_a_rule_names_tells_the_cluster() -> None:
    document = _document("0", _to_map("bsc-map-80-shop-blue"), maps=MAPS)

    assert read_split(document, OWNS) == Split(ALL_GREEN, {SHOP: ALL_BLUE})


def test_a_listener_without_hosts_is_that_of_any() -> None:
    document = _document("0", _to_pool("bsc-pool-blue_shop_web", listener_name="bsc-any"))

    assert read_split(document, OWNS) == Split(ALL_GREEN, {"*": ALL_BLUE})


def test_a_listener_may_name_one_host_alone() -> None:
    document = _document("0", _to_pool("bsc-pool-blue_shop_web"))
    one = listener("bsc-l", hostName=SHOP.upper())
    document["properties"]["httpListeners"] = [one]

    assert read_split(document, OWNS) == Split(ALL_GREEN, {SHOP: ALL_BLUE})


def test_a_rule_that_could_name_no_other_cluster_tells_nothing() -> None:
    bound = _document("100", _to_pool("bsc-pool-green_shop_web"))
    bound["properties"]["backendAddressPools"][0] = pool("bsc-pool-blue_shop_web")
    single = _document("100", _to_map("bsc-map-80-shop-green"), maps=MAPS[1:])

    assert read_split(bound, OWNS) == read_split(single, OWNS) == Split(ALL_BLUE)


@pytest.mark.parametrize(
    "found",
    [
        _to_pool("bsc-pool-green_shop_web", of="theirs"),
        _to_pool("bsc-pool-shop_web"),
        _to_pool("bsc-pool-green_shop_web", listener_name="gone"),
        _to_map("bsc-map-80-shop-both"),
    ],
    ids=["somebody else's", "a pool of both", "no listener", "a map of both"],
)
def test_a_rule_that_names_no_cluster_of_ours_tells_nothing(found: Document) -> None:
    assert read_split(_document("100", found, maps=MAPS), OWNS) == Split(ALL_BLUE)


def test_a_share_stands_whatever_a_rule_names() -> None:
    document = _document("50", _to_pool("bsc-pool-green_shop_web"))

    assert read_split(document, OWNS) == Split(Weights(5_000))
