import pytest

from bascule.gateway.ownership import (
    SWITCH_TAG,
    Owns,
    adoption_of,
    has_clients,
    is_agic_name,
    owner_of,
    owns_of,
    split_names,
    split_of,
    switch_of,
    table_of,
)
from tests.support.agic_document import build_agic_gateway

DIGEST = "0123456789abcdef0123456789abcdef"
OWNS = Owns(prefix="bsc-", owner="shop")
ADOPTED = Owns(prefix="bsc-", owner="shop", adopted=True)


def test_what_has_our_prefix_is_ours_whatever_the_casing() -> None:
    assert OWNS.is_ours("probes", "bsc-probe")
    assert OWNS.is_ours("anything", "BSC-probe")
    assert not OWNS.is_ours("probes", "probe-bsc-")


def test_without_a_prefix_everything_would_be_ours() -> None:
    with pytest.raises(ValueError, match="own the whole gateway"):
        Owns(prefix="", owner="shop")


def test_a_listener_whose_hosts_no_dns_has_is_for_no_clients() -> None:
    assert not has_clients(["1f.bascule.invalid", "2F.Bascule.Invalid"])
    assert has_clients(["1f.bascule.invalid", "shop.example.com"])
    assert has_clients(["*"])


def test_objects_of_agic_are_ours_only_after_adoption() -> None:
    assert not OWNS.is_ours("httpListeners", f"fl-{DIGEST}")
    assert ADOPTED.is_ours("httpListeners", f"fl-{DIGEST}")


@pytest.mark.parametrize(
    ("collection", "name"),
    [
        ("probes", "pb-default-shop-80-shop"),
        ("probes", "defaultprobe-Https"),
        ("probes", f"{'pb-a-long-namespace-with-a-service-and-an-ingress'[:47]}-{DIGEST}"),
        ("backendHttpSettingsCollection", "bp-default-shop-80-8080-shop"),
        ("backendHttpSettingsCollection", "defaulthttpsetting"),
        ("backendAddressPools", "pool-default-shop-http-bp-8080"),
        ("backendAddressPools", "defaultaddresspool"),
        ("httpListeners", f"fl-{DIGEST}"),
        ("urlPathMaps", f"url-{DIGEST}"),
        ("requestRoutingRules", f"rr-{DIGEST}"),
        ("redirectConfigurations", f"sslr-fl-{DIGEST}"),
        ("rewriteRuleSets", "crd-default-headers"),
    ],
)
def test_what_agic_makes_is_known(collection: str, name: str) -> None:
    assert ADOPTED.is_ours(collection, name)


@pytest.mark.parametrize(
    ("collection", "name"),
    [
        ("sslCertificates", "cert-default-shop-tls"),
        ("frontendPorts", "fp-80"),
        ("requestRoutingRules", "rr-1"),
        ("requestRoutingRules", f"fl-{DIGEST}"),
        ("httpListeners", f"team1-fl-{DIGEST}"),
        ("rewriteRuleSets", "headers"),
        ("trustedRootCertificates", "root"),
        ("probes", "probe"),
    ],
)
def test_what_agic_does_not_make_or_nobody_can_bring_back_stays(collection: str, name: str) -> None:
    assert not ADOPTED.is_ours(collection, name)


def test_agic_with_a_prefix_is_taken_over_with_this_prefix_only() -> None:
    owns = Owns(prefix="bsc-", owner="shop", adopted=True, agic_prefix="team1-")

    assert owns.is_ours("httpListeners", f"team1-fl-{DIGEST}")
    assert not owns.is_ours("httpListeners", f"fl-{DIGEST}")
    cut = f"{'team1-pb-a-long-namespace-with-a-service-and-an-ingress'[:47]}-{DIGEST}"
    assert owns.is_ours("probes", cut)


def test_a_whole_document_of_agic_is_taken_over_but_for_what_stays() -> None:
    document = build_agic_gateway("/g", subnet_id="/s", address_id="/a", cluster_id="/c")
    left = {
        child["name"]
        for collection, children in document["properties"].items()
        if isinstance(children, list)
        for child in children
        if not ADOPTED.is_ours(collection, child["name"])
    }

    assert left == {"appGatewayIpConfig", "appGwPublicFrontendIp", "fp-80"}


def test_tags_tell_whose_a_gateway_is_and_what_was_written() -> None:
    tags = {"Bascule-Owner": "shop", "bascule-table": "0123", "bascule-adopted": ""}

    assert (owner_of(tags), table_of(tags), adoption_of(tags)) == ("shop", "0123", "")
    assert (split_of({"bascule-split": "100"}), split_of({})) == ("100", "")
    assert (switch_of({SWITCH_TAG: "pools"}), switch_of({})) == ("pools", "")
    assert (owner_of({}), table_of({"bascule-table": 1}), adoption_of({})) == ("", "", None)


def test_the_tags_of_a_gateway_that_was_taken_over_make_agics_objects_ours() -> None:
    assert owns_of({}, prefix="bsc-", owner="shop") == OWNS
    assert owns_of({"bascule-adopted": "team1-"}, prefix="bsc-", owner="shop") == Owns(
        prefix="bsc-", owner="shop", adopted=True, agic_prefix="team1-"
    )


@pytest.mark.parametrize(
    "name",
    [
        "pool-default-shop-80-bp-8080",
        "team1pool-default-shop-http-bp-8080",
        f"fl-{DIGEST}",
        f"rr-{DIGEST}",
        f"team1-rr-{DIGEST}",
        "defaultaddresspool",
        "team1defaultaddresspool",
        f"{'pool-a-very-long-namespace-and-a-service-of-it-80'[:47]}-{DIGEST}",
    ],
)
def test_names_that_agic_makes_with_any_prefix_are_known(name: str) -> None:
    assert is_agic_name(name)


@pytest.mark.parametrize(
    "name",
    ["appGatewayBackendPool", "appGatewayHttpListener", "rule1", "pool-blue", "fl-shop", "rr-1"],
)
def test_names_that_others_make_are_not(name: str) -> None:
    assert not is_agic_name(name)


def test_names_are_split_in_order() -> None:
    assert split_names(["rule1", f"rr-{DIGEST}", "a", "defaultaddresspool"]) == (
        ("defaultaddresspool", f"rr-{DIGEST}"),
        ("a", "rule1"),
    )


def test_all_of_agics_own_document_is_known() -> None:
    document = build_agic_gateway("/g", subnet_id="/s", address_id="/a", cluster_id="/c")
    kinds = ("backendAddressPools", "httpListeners", "requestRoutingRules")
    names = [part["name"] for kind in kinds for part in document["properties"][kind]]

    assert split_names(names)[1] == ()
