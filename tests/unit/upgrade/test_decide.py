from dataclasses import replace
from datetime import timedelta

import pytest

from bascule.checks.findings import Finding, Severity
from bascule.errors import PlanError
from bascule.gateway.driver import Capabilities
from bascule.ids import Cluster, CommandId
from bascule.routing.weights import Split, Weights
from bascule.upgrade.decide import (
    PATIENCE_S,
    SAME_AGAIN,
    Act,
    AlreadyEnded,
    Decision,
    Facts,
    Refuse,
    Wait,
    decide,
    leads_back,
    plan_split,
)
from bascule.upgrade.events import Finished, Intended, Refused, Result
from bascule.upgrade.pace import AT_ONCE
from bascule.upgrade.readiness import ClusterLists, TrafficView
from bascule.upgrade.run.events import Ended
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.signals import RollBack, SetWeights, SplitSignal, Switch
from bascule.upgrade.state import GatewayState, Stamp, evolve
from tests.support.orders import (
    BLUE,
    GREEN,
    START,
    moved,
    order,
    percent,
    shop_routes,
    state_after,
    view,
)
from tests.support.runs import after, at_step, ended, started

SWITCH = Switch(source=Cluster.BLUE, target=Cluster.GREEN)
STAMP = Stamp(seq=99, at=START, actor="ada@desk")
FORCED = replace(SWITCH, is_forced=True)
LOADING = ClusterLists(is_complete=False)
STALE = ClusterLists(is_complete=True, is_stale=True)
ANY_STEP = Capabilities(
    weight_step_bp=1,
    has_sticky_sessions=True,
    has_mirroring=False,
    has_preview_by_header=False,
    has_drain=True,
    is_switch_atomic=True,
    traffic_kinds=frozenset({"http1"}),
)


AGIC = Finding(
    severity=Severity.BLOCKER, code="AgicInside", subject="green", message="AGIC is back"
)


def decided(
    signal: SplitSignal,
    state: GatewayState | None = None,
    known: TrafficView | None = None,
    *,
    reason: str = "",
    age_s: float = 0.0,
    capabilities: Capabilities = ANY_STEP,
    writers: tuple[Finding, ...] = (),
) -> Decision:
    facts = Facts(view=known or view(), capabilities=capabilities, age_s=age_s, writers=writers)
    found = order(signal, reason=reason)
    return decide(state or state_after(), found, signal, facts)


def refusal(decision: Decision) -> str:
    assert isinstance(decision, Refuse)
    return decision.reason


def test_a_switch_from_the_active_cluster_moves_everything() -> None:
    assert decided(SWITCH) == Act(wanted=GREEN)


def test_a_switch_ends_the_splits_of_single_hosts() -> None:
    own = Split(BLUE.default, {"shop.example.com": Weights(5_000)})

    assert decided(SWITCH, state_after(*moved(own))) == Act(wanted=GREEN)


def test_a_switch_from_a_cluster_that_is_not_active_is_refused_and_names_the_active_one() -> None:
    found = decided(Switch(source=Cluster.GREEN, target=Cluster.BLUE))

    assert refusal(found) == "green is not the active cluster: blue is"


def test_a_cluster_is_not_switched_to_itself() -> None:
    found = decided(Switch(source=Cluster.BLUE, target=Cluster.BLUE))

    assert "to itself" in refusal(found)


def test_a_switch_ends_a_shift_that_is_under_way() -> None:
    assert decided(SWITCH, state_after(*moved(percent(25)))) == Act(wanted=GREEN)


def test_an_order_that_ended_is_one_order_however_often_it_comes() -> None:
    ended = Refused(order_id=order(SWITCH).id, kind="switch", reason="no")

    assert isinstance(decided(SWITCH, state_after(ended)), AlreadyEnded)


def test_an_order_that_waited_too_long_is_not_meant_any_more() -> None:
    assert "it waited 61 s" in refusal(decided(SWITCH, age_s=AT_ONCE.order_age_max_s + 1))


def test_a_switch_to_a_cluster_without_endpoints_is_refused_with_what_is_missing() -> None:
    found = decided(SWITCH, known=view(shop_routes(green=False)))

    assert refusal(found) == "green has no ready endpoint for shop.example.com/"


def test_a_switch_to_a_cluster_whose_api_is_away_is_refused() -> None:
    assert "the API of green is away" in refusal(decided(SWITCH, known=view(green=STALE)))


def test_a_dead_api_of_the_active_cluster_never_blocks_the_switch_away_from_it() -> None:
    assert decided(SWITCH, known=view(blue=STALE)) == Act(wanted=GREEN)


def test_force_goes_on_with_a_reason_and_keeps_what_it_overrode() -> None:
    found = decided(FORCED, known=view(green=STALE), reason="blue is on fire")

    assert isinstance(found, Act)
    assert found.notes[0].startswith("forced: the API of green is away")


def test_force_without_a_reason_is_refused() -> None:
    assert refusal(decided(FORCED, known=view(green=STALE))) == "--force needs a reason"


def test_an_order_waits_a_little_for_a_cluster_that_is_still_being_listed() -> None:
    assert isinstance(decided(SWITCH, known=view(green=LOADING)), Wait)
    assert isinstance(decided(SWITCH, known=view(green=LOADING), age_s=PATIENCE_S), Refuse)


def test_an_order_waits_for_a_cluster_that_nobody_follows_yet() -> None:
    assert isinstance(decided(SWITCH, known=replace(view(), lists={})), Wait)


def test_weights_are_set_for_every_host_without_a_split_of_its_own() -> None:
    own = Split(BLUE.default, {"shop.example.com": Weights(5_000)})

    found = decided(SetWeights(weights=Weights(9_000)), state_after(*moved(own)))

    assert found == Act(wanted=Split(Weights(9_000), own.by_host))


def test_weights_of_one_host_leave_the_others_as_they_are() -> None:
    found = decided(SetWeights(weights=Weights(9_000), host="shop.example.com"))

    assert found == Act(wanted=Split(BLUE.default, {"shop.example.com": Weights(9_000)}))


def test_weights_of_a_host_that_no_ingress_names_are_refused() -> None:
    found = decided(SetWeights(weights=Weights(9_000), host="shpo.example.com"))

    assert refusal(found) == "no Ingress names the host shpo.example.com"


def test_weights_finer_than_the_gateway_can_are_refused_not_rounded() -> None:
    coarse = replace(ANY_STEP, weight_step_bp=100)

    found = decided(SetWeights(weights=Weights(9_950)), capabilities=coarse)

    assert refusal(found) == "the gateway takes weights in steps of 1 %, not 0.5 %"


def test_less_weight_for_a_cluster_asks_nothing_of_it() -> None:
    state = state_after(*moved(percent(50)))

    found = decided(SetWeights(weights=Weights(9_000)), state, view(green=STALE))

    assert found == Act(wanted=percent(10))


def test_a_rollback_goes_to_where_the_shift_began() -> None:
    state = state_after(*moved(percent(5), percent(25), GREEN))

    assert decided(RollBack(), state) == Act(wanted=BLUE)


def rolled_back(result: Result, split: Split = BLUE) -> GatewayState:
    """Return the state after a rollback from all green ended so."""
    back = Intended(order_id=CommandId("back"), kind="rollback", before=GREEN, wanted=BLUE)
    return state_after(
        *moved(GREEN, BLUE, GREEN),
        back,
        Finished(order_id=CommandId("back"), result=result, split=split),
    )


def test_who_may_cancel_for_a_rollback_means_the_one_that_waits_and_goes_back_no_further() -> None:
    state = rolled_back(Result.UNKNOWN)
    again = Intended(order_id=CommandId("o"), kind="rollback", before=BLUE, wanted=BLUE)
    failed = Finished(order_id=CommandId("o"), result=Result.FAILED, split=BLUE)
    moved_on = evolve(evolve(state, again, STAMP), failed, STAMP)

    assert plan_split(state, RollBack(cancels=("bob",)), START) == BLUE
    assert plan_split(moved_on, RollBack(cancels=("bob",)), START) == BLUE


def test_a_rollback_that_is_said_again_as_nobody_saw_its_end_goes_back_no_further() -> None:
    unknown, done = rolled_back(Result.UNKNOWN), rolled_back(Result.DONE)

    again = decided(RollBack(), unknown)

    assert again == Act(wanted=BLUE, notes=(SAME_AGAIN,))
    assert decided(RollBack(), done) == Act(wanted=GREEN)


def test_once_its_end_was_seen_the_next_rollback_goes_further() -> None:
    again = Intended(order_id=CommandId("o"), kind="rollback", before=BLUE, wanted=BLUE)
    ended = Finished(order_id=CommandId("o"), result=Result.DONE, split=BLUE)
    state = evolve(evolve(rolled_back(Result.UNKNOWN), again, STAMP), ended, STAMP)

    assert decided(RollBack(), state) == Act(wanted=GREEN)


def test_who_may_cancel_for_a_rollback_that_ended_meanwhile_wants_no_further_one() -> None:
    state = rolled_back(Result.DONE)
    later = START + timedelta(seconds=1)

    assert plan_split(state, RollBack(cancels=("bob",)), START) == BLUE
    assert plan_split(state, RollBack(cancels=("bob",)), later) == GREEN


def test_a_rollback_that_may_cancel_is_one_of_its_own_where_none_is_under_way() -> None:
    signal = RollBack(cancels=("bob",))
    back = Intended(order_id=CommandId("back"), kind="rollback", before=GREEN, wanted=BLUE)

    assert plan_split(state_after(*moved(GREEN)), signal, START) == BLUE
    assert plan_split(rolled_back(Result.FAILED, GREEN), signal, START) == BLUE
    assert plan_split(state_after(*moved(GREEN), back), signal, START) == BLUE
    with pytest.raises(PlanError, match="nothing to roll back to"):
        plan_split(state_after(), signal, START)


def test_a_rollback_with_nothing_to_go_back_to_is_refused() -> None:
    assert "nothing to roll back to" in refusal(decided(RollBack()))


def test_a_rollback_needs_no_healthy_api_but_says_what_is_wrong() -> None:
    found = decided(RollBack(), state_after(*moved(GREEN)), view(blue=STALE))

    assert isinstance(found, Act)
    assert found.notes == ("the API of blue is away, its endpoints are the last known ones",)


def test_a_rollback_does_not_wait_for_lists() -> None:
    found = decided(RollBack(), state_after(*moved(GREEN)), view(blue=LOADING))

    assert isinstance(found, Act)


def test_a_rollback_to_a_cluster_without_any_endpoint_is_refused() -> None:
    found = decided(RollBack(), state_after(*moved(GREEN)), view(shop_routes(blue=False)))

    assert refusal(found) == "blue has no ready endpoint for any route"


def test_a_rollback_to_a_cluster_that_was_retired_names_the_upgrade_that_did_it() -> None:
    on_green = replace(state_after(*moved(GREEN)), retired=frozenset({Cluster.BLUE}))
    run = after(at_step("retire-blue"), started("retire-blue"), ended("retire-blue"))
    over = after(run, Ended(upgrade="up", stage=Stage.COMPLETED))

    found = decided(RollBack(), replace(on_green, upgrades=(over,)))

    assert refusal(found) == "blue was retired by the upgrade up: there is no way back to it"
    assert "an earlier upgrade" in refusal(decided(RollBack(), on_green))


def test_a_plan_that_cannot_be_raises() -> None:
    with pytest.raises(PlanError, match="not the active cluster"):
        plan_split(state_after(*moved(GREEN)), SWITCH, START)


def test_while_an_upgrade_is_unfinished_it_chooses_the_weights() -> None:
    meanwhile = replace(state_after(), upgrades=(at_step("bake"),))

    switched, back = decided(SWITCH, meanwhile), decided(RollBack(), meanwhile)

    assert refusal(switched) == "the upgrade up is under way and chooses the weights"
    assert isinstance(switched, Refuse)
    assert isinstance(back, Refuse)
    assert "bascule upgrade weights up" in switched.remedy
    assert "bascule upgrade rollback up" in back.remedy


def test_nobody_moves_forward_beside_another_writer_unless_it_is_forced() -> None:
    found = decided(SWITCH, writers=(AGIC,))
    forced = decided(
        Switch(source=Cluster.BLUE, target=Cluster.GREEN, is_forced=True),
        reason="it is ours too",
        writers=(AGIC,),
    )

    assert refusal(found) == "green: AGIC is back"
    assert isinstance(found, Refuse)
    assert found.remedy.startswith("stop it first")
    assert forced == Act(wanted=GREEN, notes=("forced: green: AGIC is back",))


@pytest.mark.parametrize(
    ("now", "homes", "wanted", "is_back"),
    [
        (BLUE, (), GREEN, False),
        (BLUE, (), percent(5), False),
        (BLUE, (), BLUE, True),
        (GREEN, (BLUE,), BLUE, True),
        (GREEN, (BLUE,), percent(50), True),
        (percent(25), (BLUE,), percent(5), True),
        (percent(25), (BLUE,), percent(50), False),
        (percent(25), (BLUE,), Split(BLUE.default, {"a.test": GREEN.default}), False),
        (BLUE, (BLUE, GREEN), GREEN, False),
    ],
)
def test_only_what_gives_blue_back_what_was_taken_from_it_leads_back(
    now: Split, homes: tuple[Split, ...], wanted: Split, *, is_back: bool
) -> None:
    state = replace(state_after(), split=now, homes=homes)

    assert leads_back(state, wanted) is is_back
