from dataclasses import replace

import pytest

from bascule.errors import PlanError
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.journal.store import Command
from bascule.routing.weights import Weights
from bascule.upgrade.plan.model import render_plan
from bascule.upgrade.signals import (
    RollBack,
    SetWeights,
    Signal,
    StartUpgrade,
    SteerUpgrade,
    Switch,
    UpgradeVerb,
    build_command,
    parse_order,
)
from tests.support.orders import START, order
from tests.support.plans import build_plan

SWITCH = Switch(source=Cluster.BLUE, target=Cluster.GREEN)


@pytest.mark.parametrize(
    ("signal", "kind"),
    [
        (SWITCH, "switch"),
        (replace(SWITCH, is_forced=True), "switch"),
        (SetWeights(weights=Weights(9_000)), "weights"),
        (SetWeights(weights=Weights(1), host="shop.example.com", is_forced=True), "weights"),
        (RollBack(), "rollback"),
        (RollBack(cancels=("bob@example.com", "somebody")), "rollback"),
        (StartUpgrade(build_plan()), "upgrade_start"),
        (
            SteerUpgrade(name="up", verb=UpgradeVerb.APPROVE, data={"gate": "bake"}),
            "upgrade_approve",
        ),
    ],
    ids=[
        *("switch", "forced switch", "weights", "weights of a host", "rollback"),
        "rollback that may cancel",
        *("start of an upgrade", "approval"),
    ],
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
        ("upgrade_dance", {"name": "up", "data": {}}),
        ("upgrade_start", {"plan": render_plan(build_plan()), "digest": "another"}),
    ],
    ids=[
        *("verb", "no target", "unknown cluster", "text", "no weights", "reason"),
        *("verb of an upgrade", "another plan"),
    ],
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


def test_a_plan_of_a_later_version_is_refused_with_what_to_do() -> None:
    data: dict[str, Json] = {"plan": {**render_plan(build_plan()), "format": 99}}
    command = Command(id=CommandId("c"), at=START, actor="ada", kind="upgrade_start", data=data)

    with pytest.raises(PlanError, match="layout 99"):
        parse_order(command)
