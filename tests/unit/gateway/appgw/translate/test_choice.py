"""By what routes change clusters, where nobody says."""

from dataclasses import replace

import pytest

from bascule.gateway.appgw.limits import Headroom
from bascule.gateway.appgw.part import LISTENERS, POOLS, Choice, Standing
from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind, LoadBalancer, Mechanism
from bascule.gateway.appgw.translate.choice import Outcome, choose, may_change, tell
from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from tests.support.appgw_tables import SETTINGS

AUTO = replace(SETTINGS, mechanism=Mechanism.AUTO)
BLUE = Split(Weights.all_to(Cluster.BLUE))
GREEN = Split(Weights.all_to(Cluster.GREEN))
RULES, POOLED = Mechanism.RULES, Mechanism.POOLS
BY_RULES = Standing(mechanism=RULES, split=BLUE)
BY_POOLS = Standing(mechanism=POOLED, split=BLUE)


def _room(ours: int, others: int = 0, collection: str = POOLS) -> Headroom:
    return Headroom(collection=collection, ours=ours, others=others, limit=100)


ROOMY = Outcome(room=(_room(50), _room(99, collection=LISTENERS)), left_out=0)
NEAR = Outcome(room=(_room(85, 6),), left_out=0)
OVER = Outcome(room=(_room(98, 6),), left_out=4)


def _choose(
    rules: Outcome,
    pools: Outcome | None = None,
    standing: Standing | None = None,
    *,
    settings: AppGwSettings = AUTO,
    split: Split = BLUE,
) -> Choice:
    """Return the choice; who asks for pools where nothing is said of them fails."""
    outcomes = {RULES: rules, **({POOLED: pools} if pools else {})}
    return choose(settings, split, standing, outcomes.__getitem__)


@pytest.mark.parametrize("mechanism", [RULES, POOLED])
def test_what_is_asked_for_is_done_without_a_look(mechanism: Mechanism) -> None:
    found = _choose(OVER, standing=BY_POOLS, settings=replace(SETTINGS, mechanism=mechanism))

    assert (found.mechanism, found.why) == (mechanism, f"switchBy: {mechanism}")


@pytest.mark.parametrize("standing", [None, BY_RULES])
@pytest.mark.parametrize("rules", [ROOMY, NEAR])
def test_rules_where_everything_has_room(rules: Outcome, standing: Standing | None) -> None:
    assert _choose(rules, standing=standing).mechanism is RULES


@pytest.mark.parametrize("standing", [None, BY_RULES, BY_POOLS])
def test_pools_where_everything_has_room_by_them_alone(standing: Standing | None) -> None:
    found = _choose(OVER, ROOMY, standing)

    assert found.mechanism is POOLED
    assert found.why == (
        "by rules it needs 104 backend pools of 100, 6 of them not ours, and by pools everything "
        "has room"
    )


def test_who_is_by_pools_goes_back_to_rules_once_these_leave_some_room() -> None:
    assert _choose(NEAR, ROOMY, BY_POOLS).mechanism is POOLED
    assert _choose(NEAR, ROOMY, BY_POOLS).why.startswith("by rules it needs 91 backend pools")
    assert _choose(ROOMY, standing=BY_POOLS).mechanism is RULES


def test_rules_that_have_room_are_better_than_pools_that_have_none() -> None:
    assert _choose(NEAR, OVER, BY_POOLS).mechanism is RULES


@pytest.mark.parametrize(
    ("left_by_rules", "left_by_pools", "standing", "expected"),
    [
        (4, 3, BY_RULES, POOLED),
        (4, 4, BY_RULES, RULES),
        (4, 4, BY_POOLS, POOLED),
        (4, 5, BY_POOLS, POOLED),
        (4, 4, None, RULES),
    ],
)
def test_where_neither_has_room_for_all_the_one_that_leaves_out_less(
    left_by_rules: int, left_by_pools: int, standing: Standing | None, expected: Mechanism
) -> None:
    rules, pools = (replace(OVER, left_out=left) for left in (left_by_rules, left_by_pools))

    assert _choose(rules, pools, standing).mechanism is expected


@pytest.mark.parametrize("standing", [BY_RULES, BY_POOLS])
def test_what_is_live_stays_while_traffic_moves(standing: Standing) -> None:
    found = _choose(OVER if standing is BY_RULES else ROOMY, standing=standing, split=GREEN)

    assert found.mechanism is standing.mechanism
    assert found.why == "it stays while traffic moves or is split"


@pytest.mark.parametrize(
    ("split", "standing", "is_free"),
    [
        (BLUE, BY_RULES, True),
        (GREEN, BY_RULES, False),
        (BLUE, replace(BY_RULES, is_held=True), False),
        (BLUE, replace(BY_RULES, split=None), False),
        (Split(Weights(5_000)), replace(BY_RULES, split=Split(Weights(5_000))), False),
        (
            Split(BLUE.default, {"a.test": GREEN.default}),
            replace(BY_RULES, split=Split(BLUE.default, {"a.test": GREEN.default})),
            False,
        ),
    ],
)
def test_it_may_change_while_all_is_at_rest_at_one_cluster(
    split: Split, standing: Standing, *, is_free: bool
) -> None:
    assert may_change(split, standing) is is_free


@pytest.mark.parametrize(("port", "expected"), [(80, POOLED), (8080, RULES)])
def test_load_balancers_are_exchanged_where_their_addresses_alone_differ(
    port: int, expected: Mechanism
) -> None:
    balancers = {
        Cluster.BLUE: LoadBalancer(address="10.0.0.1"),
        Cluster.GREEN: LoadBalancer(address="10.0.0.2", port=port),
    }
    settings = replace(AUTO, backends=BackendsKind.LOAD_BALANCER, load_balancers=balancers)

    assert _choose(OVER, ROOMY, settings=settings).mechanism is expected


def test_pools_that_nobody_asked_for_are_told_on_the_gateway() -> None:
    problem = tell(Choice(mechanism=POOLED, why="it is full"), SETTINGS.gateway_id)

    assert (problem.kind, problem.name, problem.code) == (
        "Gateway",
        "AppGateway",
        "SwitchedByPools",
    )
    assert problem.message == (
        "gateway AppGateway switches by pools: it is full; the cluster without requests is not "
        "probed before a switch, and Azure Monitor does not tell the clusters apart; serve some "
        "hosts by a second gateway, or write `switchBy: pools` to hear no more of it"
    )
