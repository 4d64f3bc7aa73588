import pytest

from bascule.lab.arm.counters import Counters, is_read
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import Caller

CALLER = Caller(tenant_id="t", object_id="o", app_id="a")
GATEWAY = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/g"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", GATEWAY, True),
        ("HEAD", GATEWAY, True),
        ("PUT", GATEWAY, False),
        ("DELETE", GATEWAY, False),
        ("POST", f"{GATEWAY}/backendhealth", True),
        ("POST", f"{GATEWAY}/stop", False),
        ("POST", "/c/managedClusters/c/listClusterUserCredential", True),
        ("POST", "/s/deployments/d/validate", True),
    ],
)
def test_actions_that_change_nothing_are_reads(method: str, path: str, *, expected: bool) -> None:
    assert is_read(method, parse_path(path)) is expected


def test_reads_and_writes_are_counted_by_caller_until_it_begins_anew() -> None:
    counters = Counters()
    other = Caller(tenant_id="t", object_id="machine")

    for method, caller in (("GET", CALLER), ("GET", CALLER), ("PUT", CALLER), ("GET", other)):
        counters.add(caller, method, parse_path(GATEWAY), 200)

    told = counters.to_json()
    assert (told["reads"], told["writes"]) == (3, 1)
    assert told["callers"]["a"] == {"reads": 2, "writes": 1, "methods": {"GET": 2, "PUT": 1}}
    assert told["latestWrites"] == [
        {"caller": "a", "method": "PUT", "path": GATEWAY, "status": 200}
    ]
    counters.clear()
    assert counters.to_json() == {"reads": 0, "writes": 0, "callers": {}, "latestWrites": []}
