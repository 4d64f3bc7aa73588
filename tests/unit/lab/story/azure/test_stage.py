from bascule.lab.story.azure.stage import count_kinds, find_pool


def test_resources_are_counted_by_type_however_it_is_written() -> None:
    types = ("ContainerService/ManagedClusters", "ContainerService/managedClusters", "Network/x")

    counts = count_kinds([{"type": f"Microsoft.{each}"} for each in types])

    assert counts == {"managedClusters": 2, "x": 1}


def test_a_gateway_that_is_gone_has_nothing_in_its_pool() -> None:
    pool = {"properties": {"backendAddresses": [{"ipAddress": "10.0.0.1"}]}}

    assert find_pool({"properties": {"backendAddressPools": [pool]}}) == ["10.0.0.1"]
    assert find_pool({}) == []
