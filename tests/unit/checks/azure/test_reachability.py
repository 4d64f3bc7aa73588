import json
from dataclasses import replace

import pytest

from bascule.checks.azure.facts import (
    AksFacts,
    AzureFacts,
    Backends,
    InsideFacts,
    PodNetwork,
)
from bascule.checks.azure.network_facts import NetworkFacts, RouteTable
from bascule.checks.azure.reachability import (
    check_kubenet,
    check_networks,
    check_overlays,
    check_own_network,
    check_pod_ranges,
    find_extension,
    plan_extension,
)
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.azure_facts import (
    GATEWAY_SUBNET,
    GROUP,
    NETWORK,
    blue,
    facts,
    gateway,
    green,
    made_green,
    pool,
    subnet,
)

UNREADABLE = Unreadable(what="it", reason="forbidden")
OTHER_NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/other"


def with_modes(
    one: PodNetwork, other: PodNetwork, ranges: tuple[str, str] = ("", "")
) -> AzureFacts:
    def of(cluster: AksFacts, mode: PodNetwork, cidr: str) -> AksFacts:
        return replace(cluster, pod_network=mode, pod_cidrs=(cidr,) if cidr else ())

    return replace(facts(), blue=of(blue(), one, ranges[0]), green=of(green(), other, ranges[1]))


def test_pods_in_the_network_itself_are_reached() -> None:
    for check in (check_overlays, check_pod_ranges, check_kubenet, check_networks):
        assert check(facts()) == ()


def test_two_overlays_behind_one_gateway_are_refused_with_advice() -> None:
    found, *each = check_overlays(with_modes(PodNetwork.OVERLAY, PodNetwork.OVERLAY))

    assert (found.severity, found.code) == (Severity.BLOCKER, "TwoOverlays")
    assert "backends: loadBalancer" in found.remedy
    assert [(one.code, one.subject) for one in each] == [
        ("OverlayPods", "blue"),
        ("OverlayPods", "green"),
    ]


def with_extensions(*ranges: str) -> AzureFacts:
    """Return a green on an overlay that lets these ranges in."""
    overlay = with_modes(PodNetwork.NODE_SUBNET, PodNetwork.OVERLAY)
    return replace(overlay, inside={"green": InsideFacts(extensions=ranges)})


def test_the_object_that_an_overlay_takes_is_planned_for_a_cluster_that_is_not_known() -> None:
    (found,) = check_overlays(with_modes(PodNetwork.NODE_SUBNET, PodNetwork.OVERLAY))

    assert (found.severity, found.code, found.subject) == (
        Severity.WARNING,
        "OverlayPods",
        "green",
    )
    assert plan_extension("10.240.0.0/24") in found.remedy
    assert json.loads(plan_extension("10.240.0.0/24"))["spec"] == {
        "extensionIPRange": "10.240.0.0/24"
    }


def test_an_overlay_that_does_not_let_the_gateway_in_is_a_blocker() -> None:
    (found,) = check_overlays(with_extensions("10.9.0.0/24"))

    assert (found.severity, found.code) == (Severity.BLOCKER, "OverlayNotExtended")
    assert plan_extension("10.240.0.0/24") in found.remedy
    assert "/24" not in found.message.removesuffix("10.240.0.0/24 in")


def test_an_overlay_that_lets_the_gateway_in_has_to_stay_so() -> None:
    (found,) = check_overlays(with_extensions("10.240.0.0/24"))

    assert (found.severity, found.code) == (Severity.WARNING, "OverlayPods")
    assert "keep that object" in found.remedy


@pytest.mark.parametrize("place", ["gateway", "subnet"])
def test_where_the_gateways_subnet_is_not_known_nothing_is_missed(place: str) -> None:
    known = with_extensions()
    unknown = (
        replace(known, gateway=UNREADABLE)
        if place == "gateway"
        else replace(known, subnets={GATEWAY_SUBNET.lower(): UNREADABLE})
    )

    (found,) = check_overlays(unknown)

    assert found.code == "OverlayPods"


def test_a_subnet_of_another_size_than_documented_is_told() -> None:
    wide = {GATEWAY_SUBNET.lower(): subnet(GATEWAY_SUBNET, "10.1.0.0/16")}

    (found,) = check_overlays(replace(with_extensions(), subnets=wide))

    assert "for subnets of /24, which 10.1.0.0/16 is not" in found.message


def test_load_balancers_are_reached_however_pods_get_their_addresses() -> None:
    for mode in (PodNetwork.OVERLAY, PodNetwork.KUBENET):
        same = with_modes(mode, mode, ("10.244.0.0/16", "10.244.0.0/16"))
        balanced = replace(same, backends=Backends.LOAD_BALANCER)

        assert check_overlays(balanced) == ()
        assert check_pod_ranges(balanced) == ()
        assert check_kubenet(balanced) == ()


@pytest.mark.parametrize(
    ("one", "other", "is_found"),
    [
        ("10.244.0.0/16", "10.244.0.0/16", True),
        ("10.244.0.0/16", "10.244.128.0/17", True),
        ("10.244.0.0/16", "10.245.0.0/16", False),
        ("10.244.0.0/16", "fd00::/64", False),
    ],
)
def test_ranges_of_pods_may_not_overlap(one: str, other: str, is_found: bool) -> None:  # noqa: FBT001 - a parameter of the table
    found = check_pod_ranges(with_modes(PodNetwork.OVERLAY, PodNetwork.OVERLAY, (one, other)))

    assert [f.code for f in found] == (["PodRangesOverlap"] if is_found else [])


def test_ranges_matter_only_where_both_clusters_have_one() -> None:
    mixed = with_modes(
        PodNetwork.NODE_SUBNET, PodNetwork.OVERLAY, ("10.244.0.0/16", "10.244.0.0/16")
    )

    assert check_pod_ranges(mixed) == ()


def test_kubenet_without_routes_on_the_gateways_subnet_is_a_blocker() -> None:
    (found,) = check_kubenet(with_modes(PodNetwork.KUBENET, PodNetwork.NODE_SUBNET))

    assert (found.code, found.subject) == ("KubenetNotRouted", "blue")
    assert "no route table" in found.message


def test_kubenet_with_routes_works_for_one_cluster_and_not_for_two() -> None:
    home = replace(subnet(GATEWAY_SUBNET, "10.0.0.0/24"), route_table=RouteTable(name="rt"))

    def routed(other: PodNetwork) -> AzureFacts:
        base = with_modes(PodNetwork.KUBENET, other)
        return replace(base, subnets={GATEWAY_SUBNET.lower(): home})

    assert check_kubenet(routed(PodNetwork.NODE_SUBNET)) == ()

    (found,) = check_kubenet(routed(PodNetwork.KUBENET))

    assert "of one of them only" in found.message


def test_kubenet_is_left_out_where_the_gateway_or_subnet_is_not_known() -> None:
    base = with_modes(PodNetwork.KUBENET, PodNetwork.KUBENET)

    assert check_kubenet(replace(base, gateway=UNREADABLE)) == ()
    assert check_kubenet(replace(base, subnets={GATEWAY_SUBNET.lower(): UNREADABLE})) == ()


def elsewhere(*peers: str) -> AzureFacts:
    away = replace(pool(), subnet_id=f"{OTHER_NETWORK}/subnets/aks")
    home = NetworkFacts(id=NETWORK, name="vnet", peer_ids=peers)
    return replace(facts(), green=replace(green(), pools=(away,)), networks={NETWORK.lower(): home})


def test_a_cluster_in_a_network_without_a_peering_is_a_blocker() -> None:
    (found,) = check_networks(elsewhere())

    assert (found.code, found.subject) == ("NetworkNotReached", "green")
    assert OTHER_NETWORK in found.message


def test_a_peered_network_is_reached() -> None:
    assert check_networks(elsewhere(OTHER_NETWORK.upper())) == ()


def test_a_network_that_is_not_known_is_not_judged() -> None:
    unknown = {NETWORK.lower(): UNREADABLE}

    assert check_networks(replace(elsewhere(), networks=unknown)) == ()
    assert check_networks(replace(elsewhere(), gateway=UNREADABLE)) == ()


def test_a_cluster_in_a_network_of_its_own_is_not_reached() -> None:
    alone = (replace(pool(), subnet_id=""),)

    (found,) = check_networks(replace(facts(), green=replace(made_green(), pools=alone)))

    assert found.code == "NetworkNotReached"
    assert "a network of AKS's own" in found.message


def test_a_green_without_a_subnet_is_a_blocker_before_it_is_made() -> None:
    alone = replace(facts(), green=replace(green(), pools=(replace(pool(), subnet_id=""),)))

    (found,) = check_own_network(alone)

    assert found.code == "GreenNetworkOwn"
    assert check_networks(alone) == ()


def test_a_green_with_a_subnet_or_that_exists_or_is_not_known_gets_no_network() -> None:
    assert check_own_network(facts()) == ()
    assert check_own_network(replace(facts(), green=made_green())) == ()
    assert check_own_network(replace(facts(), green=UNREADABLE)) == ()


def test_a_gateway_without_a_subnet_is_left_out() -> None:
    assert check_networks(replace(facts(), gateway=replace(gateway(), subnet_id=""))) == ()


def test_only_an_overlay_to_whose_pods_requests_are_led_has_to_let_the_gateway_in() -> None:
    overlay = with_modes(PodNetwork.NODE_SUBNET, PodNetwork.OVERLAY)

    assert find_extension("green", overlay) == ("10.240.0.0/24",)
    assert find_extension("blue", overlay) == ()
    assert find_extension("green", replace(overlay, green=UNREADABLE)) == ()
    assert find_extension("green", replace(overlay, backends=Backends.LOAD_BALANCER)) == ()
    assert find_extension("green", replace(overlay, gateway=UNREADABLE)) == ()
