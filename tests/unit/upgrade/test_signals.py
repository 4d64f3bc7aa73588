from dataclasses import replace

import pytest

from bascule.errors import PlanError
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.journal.store import Command
from bascule.routing.weights import Weights
from bascule.upgrade.signals import (
    RollBack,
    SetWeights,
    Signal,
    Switch,
    build_command,
    parse_order,
)
from tests.support.orders import START, order

SWITCH = Switch(source=Cluster.BLUE, target=Cluster.GREEN)


@pytest.mark.parametrize(
    ("signal", "kind"),
    [
        (SWITCH, "switch"),
        (replace(SWITCH, is_forced=True), "switch"),
        (SetWeights(weights=Weights(9_000)), "weights"),
        (SetWeights(weights=Weights(1), host="shop.example.com", is_forced=True), "weights"),
        (RollBack(), "rollback"),
    ],
    ids=["switch", "forced switch", "weights", "weights of a host", "rollback"],
)
def test_an_order_is_read_from_the_inbox_as_it_was_put_there(signal: Signal, kind: str) -> None:
    sent = order(signal, reason="the release is out")

    command = build_command(sent)

    assert command.kind == kind
    assert parse_order(command) == sent


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("dance", {}),
        ("switch", {"from": "blue"}),
        ("switch", {"from": "blue", "to": "red"}),
        ("weights", {"weights": {"blue_bp": "all"}}),
        ("weights", {}),
        ("rollback", {"reason": 7}),
    ],
    ids=["verb", "no target", "unknown cluster", "text", "no weights", "reason"],
)
def test_a_command_that_is_none_of_ours_is_refused(kind: str, data: dict[str, Json]) -> None:
    command = Command(id=CommandId("c"), at=START, actor="ada", kind=kind, data=data)

    with pytest.raises(PlanError, match="the command c cannot be understood"):
        parse_order(command)


def test_weights_out_of_range_are_refused() -> None:
    data: dict[str, Json] = {"weights": {"blue_bp": 10_001}}
    command = Command(id=CommandId("c"), at=START, actor="ada", kind="weights", data=data)

    with pytest.raises(PlanError, match="not between 0 and 100"):
        parse_order(command)
