from dataclasses import replace

import pytest

from bascule.errors import InvariantError, JournalError
from bascule.ids import Cluster, CommandId
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.weights import Split, Weights
from bascule.upgrade.events import (
    ClustersNamed,
    ClustersSwapped,
    Event,
    Finished,
    GatewayKept,
    Intended,
    Opened,
    Refused,
    Result,
    Witnessed,
)
from bascule.upgrade.names import Identity
from bascule.upgrade.plan.model import StepKind
from bascule.upgrade.run.events import Ended, StageEntered, StepResult
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.state import (
    HOMES_MAX,
    RECENT_MAX,
    AnyEvent,
    GatewayState,
    Stamp,
    evolve,
    fold,
    is_settled,
)
from tests.support.orders import BLUE, GREEN, START, moved, percent, records_of, state_after
from tests.support.plans import PREVIEW, arrange, build_plan, build_step, by_host
from tests.support.runs import begin_event, ended, entered, started

ID = CommandId("o1")
STAMP = Stamp(seq=9, at=START, actor="ada@desk")
INTENT = Intended(order_id=ID, kind="switch", before=BLUE, wanted=GREEN)


CLUSTERS = {cluster: Identity(server=f"https://{cluster}:443") for cluster in Cluster}
SWAPPED = ClustersSwapped(clusters=CLUSTERS)
NEW_GREEN = ClustersNamed(clusters=CLUSTERS, replaced=(Cluster.GREEN,))


def homes_after(*events: Event) -> tuple[Split, ...]:
    return state_after(*events).homes


def rolled_back(state: GatewayState) -> GatewayState:
    wanted = state.homes[-1]
    order_id = CommandId("back")
    intent = Intended(order_id=order_id, kind="rollback", before=state.split, wanted=wanted)
    done = Finished(order_id=order_id, result=Result.DONE, split=wanted)
    return evolve(evolve(state, intent, STAMP), done, STAMP)


def test_an_empty_journal_has_no_state() -> None:
    assert fold([]) is None


def test_a_fold_of_records_is_the_state_after_its_events() -> None:
    events = moved(percent(5), GREEN)

    state = fold(records_of(Opened(split=BLUE), *events))

    assert state == state_after(*events)
    assert state is not None
    assert state.seq == 5


def test_an_intent_moves_the_wanted_split_at_once() -> None:
    state = state_after(INTENT)

    assert state.split == GREEN
    assert state.in_flight is not None
    assert state.in_flight.intent == INTENT


def test_a_failed_intent_leaves_everything_as_it_was() -> None:
    before = state_after()

    state = state_after(INTENT, Finished(order_id=ID, result=Result.FAILED, split=BLUE))

    assert (state.split, state.homes, state.in_flight) == (before.split, before.homes, None)


def test_an_unknown_outcome_leaves_the_intent_wanted() -> None:
    state = state_after(INTENT, Finished(order_id=ID, result=Result.UNKNOWN, split=GREEN))

    assert (state.split, state.homes) == (GREEN, (BLUE,))


def test_the_outcome_names_who_gave_the_order() -> None:
    executor = Stamp(seq=3, at=START, actor="executor")
    begun = evolve(state_after(), INTENT, Stamp(seq=2, at=START, actor="ada@desk"))

    state = evolve(begun, Finished(order_id=ID, result=Result.DONE, split=GREEN), executor)

    outcome = state.outcome_of(ID)
    assert outcome is not None
    assert (outcome.stamp.actor, outcome.before, outcome.split) == ("ada@desk", BLUE, GREEN)


def test_an_order_that_was_refused_is_remembered_and_changes_nothing() -> None:
    state = state_after(Refused(order_id=ID, kind="switch", reason="not active"))

    outcome = state.outcome_of(ID)
    assert outcome is not None
    assert (outcome.result, state.split) == (Result.REFUSED, BLUE)
    assert state.outcome_of(CommandId("other")) is None


def test_what_the_witness_saw_is_kept_beside_its_order() -> None:
    other = Refused(order_id=CommandId("o2"), kind="switch", reason="not active")
    seen = Witnessed(order_id=ID, summary={"failed": 0})

    state = state_after(Refused(order_id=ID, kind="switch", reason="not active"), other, seen)

    assert [outcome.witness for outcome in state.recent] == [{"failed": 0}, None]


def test_only_the_last_orders_are_remembered() -> None:
    refusals = [
        Refused(order_id=CommandId(f"o{n}"), kind="switch", reason="no")
        for n in range(RECENT_MAX + 3)
    ]

    state = state_after(*refusals)

    assert len(state.recent) == RECENT_MAX
    assert state.recent[-1].order_id == f"o{RECENT_MAX + 2}"


def test_a_shift_in_steps_is_rolled_back_whole() -> None:
    state = state_after(*moved(percent(5), percent(25), GREEN))

    assert state.homes == (BLUE,)
    assert rolled_back(state).split == BLUE


def test_an_unfinished_shift_is_rolled_back_to_where_it_began() -> None:
    assert homes_after(*moved(percent(5), percent(25))) == (BLUE,)


def test_after_a_rollback_there_is_nothing_more_to_roll_back() -> None:
    assert rolled_back(state_after(*moved(GREEN))).homes == ()


def test_each_switch_can_be_rolled_back_newest_first() -> None:
    state = state_after(*moved(GREEN, BLUE))

    once = rolled_back(state)

    assert (once.split, once.homes) == (GREEN, (BLUE,))


def test_hosts_that_moved_one_by_one_are_rolled_back_one_by_one() -> None:
    first = by_host("a.test")
    state = state_after(*moved(first, GREEN))

    assert state.homes == (BLUE, first)
    assert rolled_back(state).split == first


def test_who_goes_back_far_leaves_what_lay_between() -> None:
    state = state_after(*moved(by_host("a.test"), GREEN))
    intent = replace(INTENT, kind="rollback", before=GREEN, wanted=BLUE)

    assert evolve(state, intent, STAMP).homes == ()


def test_a_shift_that_was_taken_back_by_hand_is_forgotten() -> None:
    assert homes_after(*moved(GREEN, percent(90), GREEN)) == (BLUE,)


def test_the_same_split_again_adds_no_way_back() -> None:
    assert homes_after(*moved(GREEN, GREEN)) == (BLUE,)


def test_the_way_back_is_bounded() -> None:
    there_and_back = [GREEN, BLUE] * HOMES_MAX

    assert len(homes_after(*moved(*there_and_back))) == HOMES_MAX


@pytest.mark.parametrize(
    ("splits", "active"),
    [
        ((), Cluster.BLUE),
        ((percent(25),), Cluster.BLUE),
        ((percent(75),), Cluster.BLUE),
        ((GREEN,), Cluster.GREEN),
        ((GREEN, percent(10)), Cluster.GREEN),
    ],
    ids=["at first", "early shift", "late shift", "switched", "shift back"],
)
def test_a_cluster_is_active_until_the_other_one_has_everything(
    splits: tuple[Split, ...], active: Cluster
) -> None:
    assert state_after(*moved(*splits)).active is active


@pytest.mark.parametrize(
    ("split", "active"), [(percent(40), Cluster.BLUE), (percent(60), Cluster.GREEN)]
)
def test_a_gateway_opened_amid_a_shift_is_of_the_cluster_with_more(
    split: Split, active: Cluster
) -> None:
    assert evolve(None, Opened(split=split), STAMP).active is active


def test_a_split_is_settled_when_every_host_has_one_cluster() -> None:
    host = {"shop.example.com": Weights(0)}

    assert is_settled(Split(Weights(10_000), host))
    assert not is_settled(Split(Weights(10_000), {"shop.example.com": Weights(1)}))


@pytest.mark.parametrize(
    "events",
    [
        [Opened(split=BLUE)],
        [INTENT, INTENT],
        [Intended(order_id=ID, kind="switch", before=GREEN, wanted=BLUE)],
        [Finished(order_id=ID, result=Result.DONE, split=GREEN)],
        [INTENT, Finished(order_id=CommandId("other"), result=Result.DONE, split=GREEN)],
    ],
    ids=["opened twice", "two intents", "wrong start", "no intent", "outcome of another"],
)
def test_an_illegal_move_raises(events: list[Event]) -> None:
    with pytest.raises(InvariantError):
        state_after(*events)


def test_a_journal_that_does_not_begin_with_its_opening_raises() -> None:
    with pytest.raises(InvariantError, match="does not open"):
        fold(records_of(INTENT))


def test_a_journal_with_a_record_that_is_not_understood_raises() -> None:
    (record,) = records_of(Opened(split=BLUE))
    object.__setattr__(record.entry, "data", {})

    with pytest.raises(JournalError):
        fold([record])


def test_an_upgrade_is_remembered_by_its_name() -> None:
    state = state_after(begin_event())

    assert state.unfinished is not None
    assert state.upgrade_named("up") == state.unfinished == state.upgrade
    assert state.upgrade_named("other") is None
    assert state_after().unfinished is None


@pytest.mark.parametrize(
    "events",
    [
        [begin_event(), begin_event()],
        [entered(Stage.PROVISION)],
        [begin_event(), StageEntered(upgrade="other", stage=Stage.PROVISION)],
    ],
    ids=["a second upgrade", "none is under way", "another's event"],
)
def test_an_event_of_an_upgrade_that_is_not_under_way_raises(events: list[AnyEvent]) -> None:
    with pytest.raises(InvariantError):
        state_after(*events)


def test_what_an_upgrade_is_about_to_do_is_wanted_from_then_on() -> None:
    arrangement = Arrangement(preview=PREVIEW)
    plan = build_plan(
        [
            arrange("preview-on", Stage.PREFLIGHT, arrangement),
            build_step("retire-blue", Stage.PREFLIGHT, StepKind.RETIRE, cluster="blue"),
        ]
    )

    state = state_after(
        begin_event(plan), started("preview-on"), ended("preview-on"), started("retire-blue")
    )

    assert state.arrangement == arrangement
    assert state.retired == {Cluster.BLUE}
    assert state_after(begin_event(), started("preflight")).arrangement == NOTHING_ARRANGED


def test_what_was_refused_for_good_is_not_wanted_any_more() -> None:
    arrangement = Arrangement(preview=PREVIEW)
    plan = build_plan(
        [
            arrange("preview-on", Stage.PREFLIGHT, arrangement),
            arrange("preview-off", Stage.PREFLIGHT, NOTHING_ARRANGED),
        ]
    )
    shown: list[AnyEvent] = [begin_event(plan), started("preview-on"), ended("preview-on")]

    refused = state_after(*shown, started("preview-off"), ended("preview-off", StepResult.FAILED))

    assert state_after(*shown, started("preview-off")).arrangement == NOTHING_ARRANGED
    assert refused.arrangement == arrangement


def test_a_cluster_whose_retirement_failed_is_in_the_gateway() -> None:
    retire = build_step("retire-blue", Stage.PREFLIGHT, StepKind.RETIRE, cluster="blue")
    begun: list[AnyEvent] = [begin_event(build_plan([retire])), started("retire-blue")]

    assert state_after(*begun, ended("retire-blue", StepResult.FAILED)).retired == frozenset()
    assert state_after(*begun, ended("retire-blue")).retired == {Cluster.BLUE}


def test_a_swap_tells_the_same_traffic_in_new_names() -> None:
    state = state_after(*moved(percent(5), GREEN), SWAPPED)

    assert (state.split, state.active) == (BLUE, Cluster.BLUE)
    assert state.homes == ()
    assert state.names.clusters == CLUSTERS
    assert dict(state.names.naming.tags) == {"blue": "blue-1", "green": "green-1"}


def test_a_swap_with_the_old_blue_keeps_the_way_back_to_it() -> None:
    state = state_after(*moved(GREEN), ClustersSwapped(clusters=CLUSTERS, is_blue_kept=True))

    assert (state.split, state.homes) == (BLUE, (GREEN,))


def test_after_a_swap_nothing_is_retired_and_nothing_arranged() -> None:
    plan = build_plan(
        [
            arrange("on", Stage.PREFLIGHT, Arrangement(preview=PREVIEW)),
            build_step("gone", Stage.PREFLIGHT, StepKind.RETIRE, cluster="blue"),
        ]
    )
    steps = [e for key in ("on", "gone") for e in (started(key), ended(key))]
    over = Ended(upgrade=plan.name, stage=Stage.COMPLETED)
    before = state_after(*moved(GREEN), begin_event(plan), *steps)

    kept = ClustersSwapped(clusters=CLUSTERS, is_blue_kept=True)
    state = evolve(evolve(before, over, STAMP), kept, STAMP)

    assert before.retired == {Cluster.BLUE}
    assert (state.retired, state.arrangement) == (frozenset(), NOTHING_ARRANGED)
    assert state.homes == ()


def test_a_new_green_leaves_no_way_back_to_the_old_one() -> None:
    state = state_after(*moved(GREEN, BLUE), NEW_GREEN)

    assert state.homes == ()
    assert state.split == BLUE
    assert dict(state.names.naming.tags) == {"blue": "blue", "green": "green-1"}


def test_clusters_that_are_only_named_change_nothing_else() -> None:
    before = state_after(*moved(GREEN, percent(50)))

    state = evolve(before, ClustersNamed(clusters=CLUSTERS), STAMP)

    assert (state.split, state.homes) == (before.split, before.homes)
    assert state.names.naming == before.names.naming


@pytest.mark.parametrize(
    ("events", "event"),
    [
        (moved(), SWAPPED),
        (moved(percent(50)), SWAPPED),
        ([*moved(GREEN), begin_event()], SWAPPED),
        ([INTENT], SWAPPED),
        (moved(GREEN), NEW_GREEN),
        (moved(percent(1)), NEW_GREEN),
        ([begin_event()], NEW_GREEN),
        ([INTENT], NEW_GREEN),
    ],
)
def test_no_cluster_with_traffic_becomes_another_one(
    events: list[AnyEvent], event: AnyEvent
) -> None:
    state = state_after(*events)

    with pytest.raises(InvariantError):
        evolve(state, event, STAMP)


def test_of_a_gateway_that_was_kept_its_digest_is_remembered() -> None:
    state = state_after(GatewayKept(gateway="/id", digest="ab"))

    assert state.kept == {"/id": "ab"}
