from bascule.platform.green.pools import DerivedPools, derive_pools
from bascule.spec.azure.cluster import GreenCluster
from tests.support.platforms import read_ids

COPIED = (
    {"name": "system", "mode": "System", "count": 3, "vnetSubnetID": "/x"},
    {"name": "work", "mode": "User", "enableAutoScaling": True, "minCount": 1, "maxCount": 5},
)


def _derive(version: str = "1.36", **said: object) -> DerivedPools:
    green = GreenCluster.model_validate({"name": "new", **said})
    return derive_pools(read_ids(), green, COPIED, version=version)


def test_pools_are_copied_and_get_the_version() -> None:
    found = _derive()

    assert found.documents == tuple({**pool, "orchestratorVersion": "1.36"} for pool in COPIED)
    assert found.differences == ()
    assert found.findings == ()


def test_without_a_version_azure_chooses() -> None:
    assert _derive(version="").documents == COPIED


def test_only_what_is_said_changes() -> None:
    found = _derive(pools=[{"name": "system", "count": 5, "labels": {"a": "b"}}])

    assert [(d.field, d.blue, d.green) for d in found.differences] == [
        ("pools[system].count", 3, 5),
        ("pools[system].nodeLabels", None, {"a": "b"}),
    ]


def test_a_pool_that_scaled_may_get_a_count_and_the_other_way_round() -> None:
    found = _derive(
        pools=[
            {"name": "work", "count": 2},
            {"name": "system", "autoscale": {"min": 2, "max": 4}},
        ]
    )

    system, work = found.documents
    assert work["count"] == 2
    assert work["enableAutoScaling"] is False
    assert "minCount" not in work
    assert (system["minCount"], system["maxCount"]) == (2, 4)
    assert "count" not in system


def test_a_pool_may_be_left_out() -> None:
    found = _derive(pools=[{"name": "work", "remove": True}])

    assert [pool["name"] for pool in found.documents] == ["system"]
    assert found.differences[0].green is None


def test_a_pool_may_be_new() -> None:
    found = _derive(pools=[{"name": "extra", "vmSize": "Standard_D4s_v5", "podSubnet": "nodes"}])

    new = found.documents[-1]
    assert new["name"] == "extra"
    assert new["mode"] == "User"
    assert new["count"] == 3
    assert str(new["podSubnetID"]).endswith("/subnets/nodes")


def test_all_pools_may_move_to_another_subnet() -> None:
    found = _derive(subnet="nodes")

    assert all(str(pool["vnetSubnetID"]).endswith("/nodes") for pool in found.documents)


def test_a_pool_that_blue_lacks_cannot_be_left_out() -> None:
    assert [f.code for f in _derive(pools=[{"name": "nope", "remove": True}]).findings] == [
        "PoolNotInBlue"
    ]


def test_green_keeps_a_system_pool() -> None:
    assert [f.code for f in _derive(pools=[{"name": "system", "remove": True}]).findings] == [
        "NoSystemPool"
    ]


def test_windows_nodes_cannot_be_copied() -> None:
    windows = ({"name": "w", "mode": "System", "osType": "Windows"},)
    green = GreenCluster.model_validate({"name": "new"})

    found = derive_pools(read_ids(), green, windows, version="")

    assert [f.code for f in found.findings] == ["WindowsPasswordUnknown"]
