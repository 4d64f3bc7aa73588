import pytest

from tests.support.platforms import CONTROLLER, GREEN, SMALL, mistakes_of, read_platform

_NODES = "10.240.0.0/16"


def test_the_small_platform_has_no_mistake() -> None:
    assert read_platform(SMALL + GREEN + CONTROLLER).clusters.green is not None


def test_a_subnet_lies_in_the_address_space() -> None:
    assert mistakes_of(SMALL.replace(_NODES, "172.16.0.0/16")) == [
        (
            "dir/platform.yaml:9:21: network.subnets[1].prefix: 172.16.0.0/16 is not in the "
            "network's address space | it has 10.0.0.0/8"
        )
    ]


def test_subnets_do_not_overlap() -> None:
    assert (
        "overlaps 10.1.0.0/16 of the subnet front"
        in mistakes_of(SMALL.replace(_NODES, "10.1.2.0/24"))[0]
    )


def test_a_subnet_that_is_named_exists() -> None:
    told = mistakes_of(SMALL.replace("{name: gw, subnet: front}", "{name: gw, subnet: frnt}"))

    assert told == [
        "dir/platform.yaml:11:21: gateway.subnet: there is no subnet 'frnt' | one of: front, nodes"
    ]


@pytest.mark.parametrize("field", ["subnet", "podSubnet"])
def test_pools_are_not_put_into_the_gateways_subnet(field: str) -> None:
    text = SMALL.replace("{name: nodepool1}", f"{{name: nodepool1, {field}: front}}")

    assert "which Azure wants to have it for itself" in mistakes_of(text)[0]


def test_what_green_names_exists_too() -> None:
    pools = "    subnet: front\n    pools: [{name: a, subnet: nope}]\n"

    told = mistakes_of(SMALL + GREEN + pools)

    assert "clusters.green.subnet" in told[0]
    assert "clusters.green.pools[0].subnet" in told[1]


def test_pods_and_services_have_addresses_of_their_own() -> None:
    network = "    network: {mode: overlay, podCidr: 10.240.0.0/24, serviceCidr: 10.1.0.0/24}\n"

    told = mistakes_of(SMALL + network)

    assert "clusters.blue.network.podCidr: 10.240.0.0/24 overlaps" in told[0]
    assert "clusters.blue.network.serviceCidr: 10.1.0.0/24 overlaps" in told[1]


def test_blue_and_green_are_two() -> None:
    assert (
        "blue and green have the same name"
        in mistakes_of(SMALL + GREEN.replace("name: new", "name: OLD"))[0]
    )


def test_their_node_resource_groups_are_two() -> None:
    blue = "    nodeResourceGroup: nodes\n"

    assert "is blue's" in mistakes_of(SMALL + blue + GREEN + blue)[0]


def test_who_signs_in_from_a_cluster_needs_workload_identity() -> None:
    told = mistakes_of(SMALL + "    workloadIdentity: false\n" + CONTROLLER)

    assert "nobody in the clusters can sign in" in told[0]
