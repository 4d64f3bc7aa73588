from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bascule.checks.azure.addresses import (
    check_addresses,
    check_gateway_subnet,
    usable_addresses,
)
from bascule.checks.azure.facts import AksFacts, AzureFacts, PodNetwork
from bascule.checks.azure.network_facts import SubnetFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.azure_facts import (
    GATEWAY_SUBNET,
    NETWORK,
    NODE_SUBNET,
    blue,
    facts,
    gateway,
    green,
    made_green,
    pool,
    subnet,
)

POD_SUBNET = f"{NETWORK}/subnets/pods"
UNREADABLE = Unreadable(what="it", reason="forbidden")


def with_subnet(prefix: str, used: int, base: AzureFacts | None = None) -> AzureFacts:
    return replace(
        base or facts(), subnets={NODE_SUBNET.lower(): subnet(NODE_SUBNET, prefix, used=used)}
    )


def both(network: PodNetwork, **changes: object) -> AzureFacts:
    def of(cluster: AksFacts) -> AksFacts:
        return replace(cluster, pod_network=network, pools=(replace(pool(), **changes),))  # type: ignore[arg-type]  # fields by name

    return replace(facts(), blue=of(blue()), green=of(green()))


@pytest.mark.parametrize(
    ("prefixes", "usable"),
    [
        (("10.0.0.0/24",), 251),
        (("10.0.0.0/24", "10.0.1.0/25"), 374),
        (("10.0.0.0/30",), 0),
        (("fd00::/64", "10.0.0.0/29"), 3),
        ((), 0),
    ],
)
def test_azure_keeps_five_addresses_of_each_prefix(prefixes: tuple[str, ...], usable: int) -> None:
    assert usable_addresses(prefixes) == usable


def test_a_node_takes_an_address_for_itself_and_each_pod_it_may_hold() -> None:
    # green: (2 + 1) x (1 + 30) = 93; blue holds 62 of 251
    assert check_addresses(with_subnet("10.0.0.0/24", 62)) == ()
    assert check_addresses(with_subnet("10.0.0.0/24", 251 - 93)) == ()

    (found,) = check_addresses(with_subnet("10.0.0.0/24", 251 - 92))

    assert (found.severity, found.code) == (Severity.BLOCKER, "SubnetFull")
    assert found.message == (
        "92 of 251 addresses of the subnet aks are free, and green needs 93:"
        " (2 nodes + 1 surge) x (1 + 30 pods)"
    )


def test_what_blue_holds_is_reckoned_where_azure_does_not_list_it() -> None:
    (found,) = check_addresses(with_subnet("10.0.0.0/25", 0))  # 123 less 62 of blue

    assert found.message.startswith("61 of 123 addresses")


def test_a_stopped_or_unknown_blue_holds_what_azure_lists() -> None:
    stopped = replace(facts(), blue=replace(blue(), is_running=False))

    assert check_addresses(with_subnet("10.0.0.0/25", 0, stopped)) == ()
    assert check_addresses(with_subnet("10.0.0.0/25", 0, replace(facts(), blue=UNREADABLE))) == ()


def test_on_an_overlay_only_nodes_take_addresses() -> None:
    # 11 usable, blue holds 2, green needs 3
    assert check_addresses(with_subnet("10.0.0.0/28", 8, both(PodNetwork.OVERLAY))) == ()

    (found,) = check_addresses(with_subnet("10.0.0.0/28", 9, both(PodNetwork.OVERLAY)))

    assert found.message.endswith("green needs 3: (2 nodes + 1 surge)")


def test_internal_load_balancers_take_one_each() -> None:
    base = both(PodNetwork.OVERLAY)
    assert isinstance(base.green, AksFacts)
    balanced = replace(base, green=replace(base.green, internal_addresses=2))

    (found,) = check_addresses(with_subnet("10.0.0.0/28", 8, balanced))

    assert found.message.endswith(
        "green needs 5: (2 nodes + 1 surge) + 2 for internal load balancers"
    )


def test_a_subnet_for_pods_is_judged_beside_the_nodes_subnet() -> None:
    base = replace(
        both(PodNetwork.POD_SUBNET, pod_subnet_id=POD_SUBNET),
        subnets={
            NODE_SUBNET.lower(): subnet(NODE_SUBNET, "10.0.0.0/28"),
            POD_SUBNET.lower(): subnet(POD_SUBNET, "10.0.1.0/26"),
        },
    )

    (found,) = check_addresses(base)  # 59 less 2 x 16 of blue; (2 + 1) x 16 needed

    assert found.code == "SubnetFull"
    assert found.message == (
        "27 of 59 addresses of the subnet pods are free, and green needs 48:"
        " (2 nodes + 1 surge) x 16 pods at least"
    )


def test_full_nodes_in_a_subnet_for_pods_are_a_warning() -> None:
    base = replace(
        both(PodNetwork.POD_SUBNET, pod_subnet_id=POD_SUBNET),
        subnets={POD_SUBNET.lower(): subnet(POD_SUBNET, "10.0.1.0/25", used=40)},
    )

    (found,) = check_addresses(base)  # 83 are free; 3 x 16 fit at first, 3 x 30 would not

    assert (found.severity, found.code) == (Severity.WARNING, "SubnetTight")


def test_an_autoscaler_that_may_outgrow_the_subnet_is_a_warning() -> None:
    growing = replace(facts(), green=replace(green(), pools=(replace(pool(), nodes_max=6),)))

    (found,) = check_addresses(with_subnet("10.0.0.0/24", 62, growing))

    assert (found.severity, found.code) == (Severity.WARNING, "SubnetTight")
    assert "189 of 251" in found.message
    assert "needs 217" in found.message


def test_subnets_that_green_does_not_use_or_that_are_not_known_are_left_out() -> None:
    others: dict[str, SubnetFacts | Unreadable] = {
        GATEWAY_SUBNET.lower(): subnet(GATEWAY_SUBNET, "10.0.0.0/29", used=3),
        NODE_SUBNET.lower(): UNREADABLE,
    }

    assert check_addresses(replace(facts(), subnets=others)) == ()


def test_a_green_that_exists_or_is_not_known_needs_nothing() -> None:
    full = with_subnet("10.0.0.0/29", 3)

    assert check_addresses(replace(full, green=made_green())) == ()
    assert check_addresses(replace(full, green=UNREADABLE)) == ()


@pytest.mark.parametrize(("instances", "codes"), [(250, []), (251, ["GatewaySubnetSmall"])])
def test_the_gateway_needs_room_to_grow(instances: int, codes: list[str]) -> None:
    base = replace(facts(), gateway=replace(gateway(), instances_max=instances))

    assert [finding.code for finding in check_gateway_subnet(base)] == codes


def test_a_gateway_or_subnet_that_is_not_known_is_left_out() -> None:
    unknown = {GATEWAY_SUBNET.lower(): UNREADABLE}

    assert check_gateway_subnet(replace(facts(), gateway=UNREADABLE)) == ()
    assert check_gateway_subnet(replace(facts(), subnets=unknown)) == ()
    assert check_gateway_subnet(replace(facts(), subnets={})) == ()


@given(
    bits=st.integers(22, 29),
    used=st.integers(0, 300),
    nodes=st.tuples(st.integers(1, 20), st.integers(1, 5)),
    pods=st.integers(10, 60),
)
def test_green_fits_exactly_when_its_addresses_are_free(
    bits: int, used: int, nodes: tuple[int, int], pods: int
) -> None:
    count, surge = nodes
    each = replace(pool(), nodes=count, nodes_max=count, pods_max=pods, surge=str(surge))
    base = replace(
        facts(),
        blue=replace(blue(), is_running=False),
        green=replace(green(), pools=(each,)),
    )
    room = ip_network(f"10.0.0.0/{bits}", strict=False).num_addresses - 5 - used

    found = check_addresses(with_subnet(f"10.0.0.0/{bits}", used, base))

    fits = (count + surge) * (1 + pods) <= max(0, room)
    assert [f.severity for f in found] == ([] if fits else [Severity.BLOCKER])


@given(nodes=st.integers(1, 50), pods=st.integers(10, 250))
def test_an_overlay_never_needs_more_than_the_nodes_own_subnet_would(nodes: int, pods: int) -> None:
    flat = both(PodNetwork.NODE_SUBNET, nodes=nodes, nodes_max=nodes, pods_max=pods)
    over = both(PodNetwork.OVERLAY, nodes=nodes, nodes_max=nodes, pods_max=pods)
    prefix = "10.0.0.0/22"

    if not check_addresses(with_subnet(prefix, 0, flat)):
        assert check_addresses(with_subnet(prefix, 0, over)) == ()
