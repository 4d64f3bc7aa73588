from bascule.lab.story.azure.stage import count_kinds, count_puts, find_pools

GATEWAY = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/gw"


def test_resources_are_counted_by_type_however_it_is_written() -> None:
    types = ("ContainerService/ManagedClusters", "ContainerService/managedClusters", "Network/x")

    counts = count_kinds([{"type": f"Microsoft.{each}"} for each in types])

    assert counts == {"managedClusters": 2, "x": 1}


def test_a_gateways_pools_are_found_by_their_names() -> None:
    def pool(name: str, *addresses: str) -> dict[str, object]:
        return {
            "name": name,
            "properties": {"backendAddresses": [{"ipAddress": each} for each in addresses]},
        }

    pools = [pool("appGatewayBackendPool"), pool("bsc-pool-blue_shop_api_80", "10.0.0.1")]

    found = find_pools({"properties": {"backendAddressPools": pools}})

    assert found == {"bsc-pool-blue_shop_api_80": ["10.0.0.1"]}
    assert find_pools({}) == {}


def test_only_puts_of_the_gateway_that_azure_took_are_counted() -> None:
    writes = [
        {"method": "PUT", "path": GATEWAY.upper(), "status": 200},
        {"method": "PUT", "path": GATEWAY, "status": 412},
        {"method": "PUT", "path": f"{GATEWAY}2", "status": 201},
        {"method": "POST", "path": f"{GATEWAY}/stop", "status": 202},
    ]

    assert count_puts({"latestWrites": writes}, GATEWAY) == 1
