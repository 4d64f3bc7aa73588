from random import Random
from typing import Any

import pytest

from bascule.lab.arm.faults import FaultBoard, FaultRule, parse_rule, refusal_of
from bascule.lab.arm.operations import Operation
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, Caller
from tests.support.virtual_clock import VirtualClock

CALLER = Caller(tenant_id="t", object_id="o", app_id="a")
GROUP = "/subscriptions/s/resourceGroups/rg"
GATEWAY = parse_path(f"{GROUP}/providers/Microsoft.Network/applicationGateways/g")
CLUSTER = parse_path(f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/c")


def make_board(clock: VirtualClock | None = None) -> FaultBoard:
    return FaultBoard(clock or VirtualClock(), Random(1))  # noqa: S311 - faults, not secrets


def operation(name: str = "PutApplicationGatewayOperation") -> Operation:
    return Operation(id="1", name=name, resource_id=GATEWAY.text, begun_s=0, duration_s=1)


def test_the_first_rule_that_matches_strikes_as_often_as_it_was_told() -> None:
    board = make_board()
    board.add(FaultRule(kind="error", method="PUT", path="applicationgateways/G$", times=2))
    board.add(FaultRule(kind="hang", caller="A"))

    struck = [board.strike("PUT", GATEWAY, CALLER) for _ in range(3)]

    assert [rule.id for rule in struck if rule] == ["f1", "f1", "f2"]
    other = Caller(tenant_id="t", object_id="x", app_id="y")
    assert board.strike("PUT", CLUSTER, other) is None
    assert [rule["struck"] for rule in board.list()] == [2, 1]
    assert (board.clear("f1"), board.clear(), board.list()) == (1, 1, [])


def test_a_rate_strikes_its_share_of_the_requests() -> None:
    board = make_board()
    board.add(FaultRule(kind="lose", rate=0.3))

    struck = [board.strike("GET", GATEWAY, CALLER) is not None for _ in range(1_000)]

    assert 250 < sum(struck) < 350


async def test_a_busy_spell_refuses_writes_in_the_providers_words_until_it_is_over() -> None:
    clock = VirtualClock()
    board = make_board(clock)
    rule = board.add(FaultRule(kind="busy", seconds=600, retry_after_s=0.5))

    assert board.strike("PUT", GATEWAY, CALLER) is rule
    assert board.strike("GET", GATEWAY, CALLER) is None
    network, aks, other = (refusal_of(rule, path) for path in (GATEWAY, CLUSTER, parse_path(GROUP)))
    assert (network.status, network.code, network.is_bare) == (429, "RetryableError", False)
    assert network.headers == {"retry-after-ms": "500"}
    assert (aks.status, aks.code, aks.is_bare) == (409, "OperationNotAllowed", True)
    assert (other.status, other.code) == (409, "AnotherOperationInProgress")

    await clock.advance(601)

    assert board.strike("PUT", GATEWAY, CALLER) is None


def test_errors_and_throttling_have_the_shape_of_their_provider() -> None:
    error = refusal_of(FaultRule(kind="error", status=502, code="BadGateway"), GATEWAY)
    throttled = refusal_of(FaultRule(kind="throttle"), GATEWAY)
    by_aks = refusal_of(FaultRule(kind="throttle", retry_after_s=8), CLUSTER)

    assert (error.status, error.code, error.headers) == (502, "BadGateway", {})
    assert (throttled.status, throttled.code) == (429, "TooManyRequests")
    assert throttled.headers == {"Retry-After": "1"}
    assert (by_aks.code, by_aks.is_bare, by_aks.headers) == (
        "Throttled",
        True,
        {"Retry-After": "8"},
    )


def test_operations_are_slowed_down_or_let_fail_where_they_are_meant() -> None:
    board = make_board()
    board.add(FaultRule(kind="slow", operation="^PutVirtual", seconds=5))
    board.add(FaultRule(kind="fail", path="/g$", times=1, code="Broken", message="Oh"))
    board.add(FaultRule(kind="fail", seconds=3))

    first, second = board.fate_of(operation()), board.fate_of(operation())

    assert first.error == {"code": "Broken", "message": "Oh"}
    assert second.error == {"code": "InternalOperationError", "message": "A fault of the lab."}
    assert second.extra_s == 3
    assert board.fate_of(operation("PutVirtualNetwork")).extra_s == 5
    assert board.strike("PUT", GATEWAY, CALLER) is None
    board.clear()
    assert board.fate_of(operation()).error is None


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "nonsense"},
        {"kind": "error", "path": "("},
        {"kind": "error", "rate": 2},
        {"kind": "error", "status": 200},
        {"kind": "busy"},
        {"kind": "hang", "seconds": -1},
        {"kind": "error", "unknown": 1},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ArmRefusal, match="InvalidFault"):
        make_board().add(parse_rule(body))


def test_there_is_a_limit_to_faults() -> None:
    board = make_board()
    for _ in range(100):
        board.add(FaultRule(kind="error"))

    with pytest.raises(ArmRefusal, match="100 rules"):
        board.add(FaultRule(kind="error"))
