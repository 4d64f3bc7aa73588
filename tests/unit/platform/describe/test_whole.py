import yaml

from bascule.platform.describe.whole import (
    Seen,
    describe_platform,
    find_public_ip,
    find_subnets,
)
from tests.support.blue_cluster import GROUP, build_blue_document
from tests.support.platforms import read_platform

NET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
IP = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/ip"
GATEWAY = {
    "id": f"{GROUP}/providers/Microsoft.Network/applicationGateways/gw",
    "name": "gw",
    "properties": {
        "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 2},
        "gatewayIPConfigurations": [{"properties": {"subnet": {"id": f"{NET}/subnets/front"}}}],
        "frontendIPConfigurations": [{}, {"properties": {"publicIPAddress": {"id": IP}}}],
    },
}
SEEN = Seen(
    group={"id": GROUP, "location": "chinanorth2"},
    network={
        "id": NET,
        "name": "net",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
            "subnets": [
                {"name": "front", "properties": {"addressPrefix": "10.1.0.0/16"}},
                {"name": "Nodes", "properties": {"addressPrefixes": ["10.240.0.0/16"]}},
                {"name": "others", "properties": {"addressPrefix": "10.2.0.0/16"}},
            ],
        },
    },
    public_ip={"id": IP, "name": "ip"},
    gateway=GATEWAY,
    cluster=build_blue_document(),
)


def test_what_is_written_is_a_platform() -> None:
    said = describe_platform("shop", "AzureChinaCloud", SEEN)
    text = yaml.safe_dump(said, sort_keys=False).replace("name: Nodes", "name: nodes")

    platform = read_platform(text)

    assert platform.cloud == "AzureChinaCloud"
    assert [subnet.name for subnet in platform.network.subnets] == ["front", "nodes"]
    assert platform.gateway.capacity == 2
    assert platform.network.resource_group is None


def test_what_lies_in_another_group_says_so() -> None:
    address = {"id": IP.replace("/rg/", "/shared/"), "name": "ip", "zones": ["1"]}
    gateway = {
        **GATEWAY,
        "properties": {"autoscaleConfiguration": {"minCapacity": 1}, "sku": {"name": "WAF_v2"}},
    }
    seen = Seen(
        group=SEEN.group,
        network=SEEN.network,
        public_ip=address,
        gateway=gateway,
        cluster={"location": ""},
    )

    said = describe_platform("shop", "AzureCloud", seen)

    assert said["publicIp"] == {"name": "ip", "resourceGroup": "shared", "zones": ["1"]}
    assert said["gateway"] == {
        "name": "gw",
        "sku": "WAF_v2",
        "autoscale": {"min": 1, "max": 10},
    }
    assert said["location"] == "chinanorth2"


def test_the_subnets_and_the_address_of_a_gateway_are_found() -> None:
    assert [subnet.name for subnet in find_subnets(GATEWAY, build_blue_document())] == [
        "front",
        "nodes",
    ]
    assert find_public_ip(GATEWAY) == IP
    assert find_public_ip({}) == ""
