import pytest

from bascule.platform.green.addresses import (
    choose_free_range,
    find_overlap,
    goes_out_by_own_addresses,
    has_own_pod_range,
    pod_range,
)


def _cluster(**network: str) -> dict[str, object]:
    return {"properties": {"networkProfile": network}}


@pytest.mark.parametrize(
    ("like", "taken", "expected"),
    [
        ("10.244.0.0/16", ["10.244.0.0/16", "10.240.0.0/16"], "10.245.0.0/16"),
        ("10.244.0.0/16", ["10.0.0.0/8"], "172.16.0.0/16"),
        ("192.168.0.0/16", ["192.168.0.0/16", "10.0.0.0/8"], "172.16.0.0/16"),
        ("8.0.0.0/16", [], "10.0.0.0/16"),
        ("10.0.0.0/8", ["10.0.0.0/8"], ""),
        ("10.0.0.0/30", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"], ""),
    ],
)
def test_the_next_free_range_is_chosen(like: str, taken: list[str], expected: str) -> None:
    assert choose_free_range(like, taken) == expected


def test_an_overlap_is_named() -> None:
    assert find_overlap("10.1.2.0/24", ["10.0.0.0/16", "10.1.0.0/16"]) == "10.1.0.0/16"
    assert find_overlap("10.2.0.0/24", ["10.0.0.0/16"]) == ""


def test_pods_of_overlay_and_kubenet_have_addresses_of_their_own() -> None:
    assert has_own_pod_range(_cluster(networkPlugin="azure", networkPluginMode="Overlay"))
    assert has_own_pod_range(_cluster(networkPlugin="kubenet"))
    assert not has_own_pod_range(_cluster(networkPlugin="azure"))


def test_the_range_of_pods_has_a_default() -> None:
    assert pod_range(_cluster(podCidr="172.16.0.0/16")) == "172.16.0.0/16"
    assert pod_range(_cluster()) == "10.244.0.0/16"


def test_a_cluster_goes_out_by_addresses_of_its_own_or_of_the_network() -> None:
    assert goes_out_by_own_addresses(_cluster())
    assert goes_out_by_own_addresses(_cluster(outboundType="loadBalancer"))
    assert not goes_out_by_own_addresses(_cluster(outboundType="userDefinedRouting"))
