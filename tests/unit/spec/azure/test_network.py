import pytest

from bascule.spec.azure.network import ApplicationGateway, Autoscale, Network
from tests.support.platforms import SMALL, mistakes_of


def _with_gateway(more: str) -> list[str]:
    return mistakes_of(SMALL.replace("subnet: front}", f"subnet: front, {more}}}"))


def test_a_network_has_its_subnets() -> None:
    network = Network.model_validate(
        {
            "name": "net",
            "addressSpace": ["10.0.0.0/8"],
            "subnets": [{"name": "a", "prefix": "10.1.0.0/16"}],
        }
    )

    assert network.subnets[0].prefix == "10.1.0.0/16"
    assert network.resource_group is None


def test_two_subnets_have_two_names() -> None:
    told = mistakes_of(SMALL.replace("{name: nodes,", "{name: front,"))

    assert any("two subnets have the name 'front'" in line for line in told)


def test_limits_are_in_order() -> None:
    assert Autoscale(min=0, max=3).max == 3
    assert _with_gateway("autoscale: {min: 3, max: 1}") == [
        "dir/platform.yaml:11:36: gateway.autoscale: max is below min"
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("capacity: 2, autoscale: {min: 1, max: 2}", "capacity and autoscale exclude each other"),
        ("sku: WAF_v2", "WAF_v2 needs wafPolicy"),
        (
            "wafPolicy: /subscriptions/s/resourceGroups/g/providers/p/t/n",
            "wafPolicy goes with sku: WAF_v2 only",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(more: str, said: str) -> None:
    assert said in _with_gateway(more)[0]


def test_a_gateway_with_a_firewall_has_its_policy() -> None:
    policy = "/subscriptions/s/resourceGroups/g/providers/p/t/n"

    gateway = ApplicationGateway.model_validate(
        {"name": "gw", "subnet": "front", "sku": "WAF_v2", "wafPolicy": policy}
    )

    assert gateway.waf_policy == policy


def test_an_unknown_key_is_told_with_its_place_and_what_was_meant() -> None:
    assert _with_gateway("capcity: 2") == [
        "dir/platform.yaml:11:36: gateway.capcity: unknown key 'capcity' | did you mean 'capacity'?"
    ]
