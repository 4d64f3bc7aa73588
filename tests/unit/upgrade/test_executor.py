import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from typing_extensions import override

from bascule.checks.findings import Finding, Severity
from bascule.errors import (
    BasculeError,
    DriverError,
    JournalError,
    OutcomeUnknownError,
    StaleWriterError,
)
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Entry, Record
from bascule.journal.store import Command
from bascule.routing.weights import Split
from bascule.upgrade.events import Result
from bascule.upgrade.executor import MOVES_MAX
from bascule.upgrade.plan.model import Policy
from bascule.upgrade.readiness import ClusterLists
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.signals import Order, RollBack, Switch, build_command
from bascule.upgrade.state import fold
from tests.support.executor_world import Slow, World, outcome_of
from tests.support.fake_journal import FakeJournal
from tests.support.fake_traffic import ClockBell, begin_life
from tests.support.orders import BLUE, GREEN, START, order, view
from tests.support.plans import approval, build_plan, hook, start_order, weights

SWITCH = Switch(source=Cluster.BLUE, target=Cluster.GREEN)


@pytest.fixture
def world() -> World:
    return World()


async def test_an_empty_journal_is_opened_with_the_split_of_the_file(world: World) -> None:
    life = await world.life()

    assert life.executor.state.split == BLUE
    assert world.kinds() == ["gateway_opened"]


async def test_a_second_life_goes_on_from_the_journal(world: World) -> None:
    first = await world.life()
    await first.give(order(SWITCH))
    await world.tick(first)

    second = await world.life()

    assert second.executor.state == first.executor.state
    assert second.executor.state.split == GREEN


async def test_an_order_is_intent_effect_outcome(world: World) -> None:
    life = await world.life()
    await life.give(order(SWITCH, reason="the release is out"))

    await world.tick(life)

    assert world.kinds() == ["gateway_opened", "weights_intended", "weights_finished"]
    assert world.disk.records[1].entry.data["reason"] == "the release is out"
    assert world.disk.records[1].entry.actor == "ada@desk"
    assert world.traffic.sent == [GREEN]
    assert outcome_of(life).result is Result.DONE
    assert await life.journal.pending() == ()


async def test_the_command_time_runs_from_the_durable_intent_to_the_last_acknowledgement(
    world: World,
) -> None:
    life = await world.life()
    await life.give(order(SWITCH))

    await world.tick(life)

    assert outcome_of(life).command_ms == 4.0
    assert outcome_of(life).instances == 1


async def test_the_command_time_is_unknown_when_no_instance_acknowledged(world: World) -> None:
    world.traffic.instances = 0
    life = await world.life()
    await life.give(order(SWITCH))

    await world.tick(life)

    assert outcome_of(life).result is Result.DONE
    assert outcome_of(life).command_ms is None


async def test_an_order_that_is_refused_changes_nothing(world: World) -> None:
    life = await world.life()
    await life.give(order(Switch(source=Cluster.GREEN, target=Cluster.BLUE)))

    await world.tick(life)

    assert outcome_of(life).result is Result.REFUSED
    assert world.traffic.sent == []
    assert await life.journal.pending() == ()


async def test_a_command_that_is_none_of_ours_is_refused(world: World) -> None:
    life = await world.life()
    await life.journal.put(
        Command(id=CommandId("o1"), at=START, actor="ada", kind="dance", data={})
    )

    await world.tick(life)

    assert "cannot be understood" in outcome_of(life).reason


async def test_orders_are_carried_out_in_the_order_in_which_they_came(world: World) -> None:
    life = await world.life()
    await life.give(order(SWITCH), order(RollBack(), order_id="o2"))

    await world.tick(life)

    assert world.traffic.sent == [GREEN, BLUE]
    assert life.executor.state.split == BLUE


async def test_the_same_order_twice_is_one_order(world: World) -> None:
    life = await world.life()
    await life.give(order(SWITCH))
    await world.tick(life)
    world.disk.done.clear()

    await world.tick(life)

    assert world.traffic.sent == [GREEN]
    assert await life.journal.pending() == ()


async def test_an_order_waits_in_the_inbox_while_its_target_is_being_listed(world: World) -> None:
    world.traffic.known = view(green=ClusterLists(is_complete=False))
    life = await world.life()
    await life.give(order(SWITCH))

    await world.tick(life)

    assert len(await life.journal.pending()) == 1
    world.traffic.known = view()
    await world.tick(life)
    assert outcome_of(life).result is Result.DONE


async def test_a_later_order_never_overtakes_one_that_waits(world: World) -> None:
    world.traffic.known = view(green=ClusterLists(is_complete=False))
    life = await world.life()
    await life.give(order(SWITCH), order(RollBack(), order_id="o2"))

    await world.tick(life)
    assert len(await life.journal.pending()) == 2
    world.traffic.known = view()
    await world.tick(life)

    assert outcome_of(life).result is Result.DONE
    assert outcome_of(life, "o2").result is Result.DONE
    assert world.traffic.live == BLUE


async def test_a_refusal_by_the_gateway_leaves_the_former_split_wanted(world: World) -> None:
    world.traffic.failures = [DriverError("no such key", remedy="report it")]
    life = await world.life()
    await life.give(order(SWITCH))

    await world.tick(life)

    found = outcome_of(life)
    assert (found.result, found.reason, found.remedy) == (
        Result.FAILED,
        "no such key",
        "report it",
    )
    assert life.executor.state.split == BLUE


async def test_a_silent_gateway_is_an_unknown_outcome_and_never_a_success(world: World) -> None:
    world.traffic.failures = [OutcomeUnknownError("no acknowledgement")]
    life = await world.life()
    await life.give(order(SWITCH))

    await world.tick(life)

    assert outcome_of(life).result is Result.UNKNOWN
    assert outcome_of(life).command_ms is None
    assert life.executor.state.split == GREEN


async def test_what_was_acknowledged_and_is_not_read_back_is_unknown(world: World) -> None:
    world.traffic.is_deaf = True
    life = await world.life()
    await life.give(order(SWITCH))

    await world.tick(life)

    assert outcome_of(life).result is Result.UNKNOWN
    assert "did not show the new weights in 10 s (pending: waiting)" in outcome_of(life).reason


async def _die_after_intent(world: World, said: Order = order(SWITCH)) -> None:  # noqa: B008 - frozen
    """Leave an intent without outcome behind, as a kill right after it does."""
    life = await world.life()
    await life.give(said)
    async with asyncio.TaskGroup() as group:
        working = group.create_task(life.executor.tick())
        await world.clock.settle()
        working.cancel()
    assert world.kinds()[-1] == "weights_intended"


async def test_after_a_restart_the_intent_is_carried_out(world: World) -> None:
    await _die_after_intent(world)

    life = await world.life()
    await world.tick(life)

    assert world.traffic.live == GREEN
    assert outcome_of(life).result is Result.DONE
    assert outcome_of(life).command_ms is None
    assert await life.journal.pending() == ()


async def test_after_a_restart_what_is_in_place_is_not_sent_again(world: World) -> None:
    await _die_after_intent(world)
    world.traffic.live = GREEN
    world.traffic.sent.clear()

    life = await world.life()
    await world.tick(life)

    assert world.traffic.sent == []
    assert outcome_of(life).reason == "found in place after a restart"


async def test_what_is_refused_after_a_restart_is_taken_back(world: World) -> None:
    await _die_after_intent(world)
    world.traffic.sent.clear()
    world.traffic.failures = [DriverError("no endpoint of green is healthy")]

    life = await world.life()
    await world.tick(life)

    assert world.traffic.sent == [GREEN, BLUE]
    assert outcome_of(life).result is Result.FAILED
    assert life.executor.state.split == BLUE


@pytest.mark.parametrize(
    ("second", "asked_for"),
    [(OutcomeUnknownError("no acknowledgement"), BLUE), (DriverError("no such key"), GREEN)],
)
async def test_what_cannot_be_taken_back_is_unknown_and_the_journal_tells_what_is_asked_for(
    world: World, second: BasculeError, asked_for: Split
) -> None:
    await _die_after_intent(world)
    world.traffic.failures = [DriverError("no endpoint of green is healthy"), second]

    life = await world.life()
    await world.tick(life)

    assert outcome_of(life).result is Result.UNKNOWN
    assert "nor could it be taken back" in outcome_of(life).reason
    assert life.executor.state.split == asked_for


async def test_a_journal_that_cannot_take_the_intent_changes_nothing_and_says_so(
    world: World,
) -> None:
    life = await world.life()
    await life.give(order(SWITCH))
    life.journal.fail_next(JournalError("the disk is full"))

    async with asyncio.TaskGroup() as group:
        running = group.create_task(life.executor.run(ClockBell(world.clock)))
        await world.clock.settle()
        trouble, sent = life.executor.trouble, list(world.traffic.sent)
        await world.clock.advance(2.0)
        running.cancel()

    assert trouble is not None
    assert trouble.message == "the disk is full"
    assert sent == []
    assert life.executor.trouble is None
    assert outcome_of(life).result is Result.DONE


async def test_an_outcome_that_was_not_written_is_found_in_place_later(world: World) -> None:
    life = await world.life()
    await life.give(order(SWITCH))
    world.traffic.when_sent = lambda: life.journal.fail_next(JournalError("the disk is full"))

    async with asyncio.TaskGroup() as group:
        running = group.create_task(life.executor.run(ClockBell(world.clock)))
        await world.clock.advance(2.0)
        running.cancel()

    assert world.traffic.sent == [GREEN]
    assert outcome_of(life).result is Result.DONE
    assert outcome_of(life).reason == "found in place after a restart"


async def test_who_was_taken_over_stops(world: World) -> None:
    old = await world.life()
    await world.life()
    await old.give(order(SWITCH))

    with pytest.raises(StaleWriterError):
        await old.executor.run(ClockBell(world.clock))

    assert world.traffic.sent == []


async def test_a_journal_that_cannot_be_read_again_keeps_orders_waiting(world: World) -> None:
    life = await world.life()
    await life.give(order(SWITCH))
    life.journal.fail_next(JournalError("the disk is full"))
    spoiled = world.disk.records[0]
    world.disk.records[0] = world.disk.records[0].__class__(
        seq=7,
        entry=spoiled.entry,
        generation=spoiled.generation,
        previous=spoiled.previous,
        digest=spoiled.digest,
    )

    async with asyncio.TaskGroup() as group:
        running = group.create_task(life.executor.run(ClockBell(world.clock)))
        await world.clock.advance(1.0)
        running.cancel()

    assert life.executor.trouble is not None
    assert "record 1" in life.executor.trouble.message


class CutOff(FakeJournal):
    """A journal whose answers are lost: what is written lands, and nothing can be read."""

    is_cut_off = False

    @override
    async def append(self, entries: Sequence[Entry], *, expected_seq: int) -> tuple[Record, ...]:
        records = await super().append(entries, expected_seq=expected_seq)
        if self.is_cut_off:
            raise JournalError("the database is away")
        return records

    @override
    async def read(self, *, after_seq: int = 0) -> tuple[Record, ...]:
        if self.is_cut_off:
            raise JournalError("the database is away")
        return await super().read(after_seq=after_seq)


async def test_what_landed_without_an_answer_is_read_before_anything_else_is_written(
    world: World,
) -> None:
    journal = CutOff(world.disk)
    life = await begin_life(world.disk, world.traffic, world.clock, journal=journal)
    await life.give(order(SWITCH))
    journal.is_cut_off = True

    async with asyncio.TaskGroup() as group:
        running = group.create_task(life.executor.run(ClockBell(world.clock)))
        await world.clock.advance(3.0)
        troubles = [life.executor.trouble]
        journal.is_cut_off = False
        await world.clock.advance(3.0)
        troubles.append(life.executor.trouble)
        running.cancel()

    assert [trouble is None for trouble in troubles] == [False, True]
    assert outcome_of(life).result is Result.DONE
    assert world.kinds() == ["gateway_opened", "weights_intended", "weights_finished"]


async def test_what_the_witness_saw_is_recorded_when_it_is_ready(world: World) -> None:
    life = await world.life()
    await life.give(order(SWITCH))
    await world.tick(life)
    life.witness.ready = {CommandId("o1"): {"failed": 0}}

    await world.tick(life)

    assert life.witness.begun == life.witness.ended == [CommandId("o1")]
    assert outcome_of(life).witness == {"failed": 0}


async def test_the_journal_alone_tells_the_state(world: World) -> None:
    life = await world.life()
    await life.give(order(SWITCH), order(RollBack(), order_id="o2"), order(SWITCH, order_id="o3"))
    await world.tick(life)

    guest = FakeJournal(world.disk, as_owner=False)

    assert fold(await guest.read()) == life.executor.state


async def test_a_signal_to_an_upgrade_that_waited_too_long_is_not_meant_any_more(
    world: World,
) -> None:
    life = await world.life()
    await life.give(start_order(build_plan()))
    await world.clock.advance(120.0)

    await world.tick(life)

    assert "too long to be still meant" in outcome_of(life, "run-1").reason
    assert life.executor.state.upgrade is None


async def test_an_order_to_an_upgrade_that_comes_twice_is_one_order(world: World) -> None:
    life = await world.life()
    await life.give(start_order(build_plan([weights(5), approval("go", Stage.SHIFT)])))
    await world.tick(life)
    await life.give(order(RollBack(), order_id="back"))
    await world.tick(life)
    world.disk.done.clear()

    records = len(world.disk.records)
    await world.tick(life)

    assert len(world.disk.records) == records
    assert life.executor.state.split == BLUE


async def test_the_gateways_rollback_that_comes_twice_is_one_signal(world: World) -> None:
    life = await world.life()
    stuck = hook("move", Stage.SHIFT)
    await life.give(start_order(build_plan([weights(5), stuck, approval("go", Stage.SHIFT)])))
    await world.tick(life)
    life.hooks.failures = [DriverError("stuck")]
    await life.give(order(RollBack(), order_id="back"))
    await world.tick(life)
    world.disk.done.clear()

    await world.tick(life)

    upgrade = life.executor.state.unfinished
    assert upgrade is not None
    assert [s.signal_id for s in upgrade.signals] == ["back"]


async def test_a_rollback_of_before_an_upgrade_that_comes_again_is_none_of_it(world: World) -> None:
    life = await world.life()
    await life.give(order(SWITCH), order(RollBack(), order_id="back"))
    await world.tick(life)
    await life.give(start_order(build_plan([weights(5), approval("go", Stage.SHIFT)])))
    await world.tick(life)
    world.disk.done.clear()

    await world.tick(life)

    upgrade = life.executor.state.unfinished
    assert upgrade is not None
    assert upgrade.rollback is None
    assert upgrade.signals == ()


async def test_a_command_of_an_upgrade_is_ended_by_the_gateways_rollback(world: World) -> None:
    life = await world.life()
    await life.give(start_order(build_plan([weights(5), hook("move", Stage.SHIFT)])))
    back = build_command(replace(order(RollBack(), order_id="back"), at=world.clock.now()))
    odd = replace(back, id=CommandId("odd"), kind="odd")
    life.hooks.when_run = lambda _: world.disk.inbox.update({odd.id: odd, back.id: back})

    await world.tick(life)

    upgrade = life.executor.state.unfinished
    assert upgrade is not None
    assert upgrade.halted is not None
    await world.tick(life)
    assert life.executor.state.split == BLUE


async def test_an_inbox_that_cannot_be_read_ends_no_command(world: World) -> None:
    life = await world.life()
    await life.give(start_order(build_plan([weights(5), hook("move", Stage.SHIFT)])))

    async def broken() -> tuple[Command, ...]:
        raise JournalError("the disk is away")

    def break_inbox(_: object) -> None:
        life.journal.pending = broken  # type: ignore[method-assign]  # it breaks

    life.hooks.when_run = break_inbox
    with pytest.raises(ExceptionGroup):
        await world.tick(life)

    upgrade = life.executor.state.upgrade
    assert upgrade is not None
    assert upgrade.step("hook-move").is_over


async def test_the_gateways_rollback_is_refused_where_an_upgrade_has_no_way_back(
    world: World,
) -> None:
    life = await world.life()
    policy = Policy(unsafe_after="shift-5")
    steps = [weights(5), approval("go", Stage.SHIFT)]
    await life.give(start_order(build_plan(steps, policy=policy)))
    await world.tick(life)
    await life.give(order(RollBack(), order_id="back"))

    await world.tick(life)

    upgrade = life.executor.state.unfinished
    assert upgrade is not None
    assert [s.refusal != "" for s in upgrade.signals] == [True]


async def test_one_tick_makes_so_many_moves_at_most(world: World) -> None:
    life = await world.life()
    hooks = [hook(f"n{n}", Stage.PREFLIGHT) for n in range(MOVES_MAX + 1)]
    await life.give(start_order(build_plan(hooks)))

    await world.tick(life)

    assert len(life.hooks.ran) == MOVES_MAX


async def test_a_way_back_need_not_wait_for_the_change_in_flight(world: World) -> None:
    traffic = world.traffic = Slow(world.clock)
    life = await world.life()
    seen: list[bool] = []

    async def look() -> None:
        seen.append(await life.executor.is_overtaken())
        await life.give(order(RollBack(), order_id="o2"))
        seen.append(await life.executor.is_overtaken())

    traffic.meanwhile = look
    await life.give(order(SWITCH))
    await world.tick(life)
    await world.tick(life)

    assert seen == [False, True, False, False]
    assert not await life.executor.is_overtaken()


BACK = RollBack(cancels=("bob",))


async def test_only_a_rollback_may_cancel_and_the_journal_says_whose_by_whom(world: World) -> None:
    life = await world.life()
    await life.give(order(SWITCH), order(BACK, order_id="o2"), order(SWITCH, order_id="o3"))

    await world.tick(life)

    assert world.traffic.cancels == [(), ("bob",), ()]
    intents = [each.entry for each in world.disk.records if each.entry.kind == "weights_intended"]
    assert [each.data["cancels"] for each in intents] == [[], ["bob"], []]
    assert intents[1].actor == "ada@desk"
    assert outcome_of(life, "o2").notes == ("it may cancel an operation of bob on the gateway",)


async def test_after_a_restart_a_rollback_may_still_cancel_and_its_taking_back_may_not(
    world: World,
) -> None:
    life = await world.life()
    await life.give(order(SWITCH))
    await world.tick(life)
    await _die_after_intent(world, order(BACK, order_id="o2"))
    world.traffic.cancels.clear()
    world.traffic.failures = [DriverError("no")]

    await world.tick(await world.life())

    assert world.traffic.cancels == [("bob",), ()]


async def test_a_move_by_hand_looks_who_else_writes_the_gateway_and_a_way_back_does_not(
    world: World,
) -> None:
    life = await world.life()
    agic = Finding(severity=Severity.BLOCKER, code="AgicInside", subject="blue", message="is back")
    life.checks.findings = (agic,)
    await life.give(order(SWITCH))
    await world.tick(life)
    assert outcome_of(life).result is Result.REFUSED
    assert "blue: is back" in outcome_of(life).reason
    life.checks.findings = ()
    await life.give(order(SWITCH, order_id="o2"))
    await world.tick(life)
    assert world.traffic.live == GREEN
    life.checks.findings = (agic,)

    await life.give(order(Switch(source=Cluster.GREEN, target=Cluster.BLUE), order_id="o3"))
    await world.tick(life)
    assert world.traffic.live == BLUE
    await life.give(order(Switch(source=Cluster.BLUE, target=Cluster.BLUE), order_id="o4"))
    await world.tick(life)

    assert "to itself" in outcome_of(life, "o4").reason
