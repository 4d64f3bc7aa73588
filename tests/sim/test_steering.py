"""What people say to an upgrade under way, from the inbox to what comes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bascule.errors import JournalError
from bascule.ids import CommandId
from bascule.journal.store import Command
from bascule.routing.weights import Weights
from bascule.upgrade.plan.model import Policy
from bascule.upgrade.run.stages import Posture, Stage
from bascule.upgrade.run.state import StepStatus
from bascule.upgrade.signals import Order, RollBack, SetWeights, UpgradeVerb, build_command
from tests.support.orders import BLUE, order, percent
from tests.support.plans import approval, hook, weights
from tests.support.run_desk import FAST, begin
from tests.support.runs import steer


@pytest.mark.parametrize("said", [RollBack(), None], ids=["gateway's verb", "upgrade's verb"])
async def test_a_rollback_does_not_wait_for_a_command_that_runs(said: RollBack | None) -> None:
    desk = await begin(weights(5), hook("move", Stage.SHIFT), weights(100))
    back = steer(UpgradeVerb.ROLLBACK) if said is None else order(said, order_id="s1")
    command = build_command(replace(back, at=desk.clock.now()))
    desk.life.hooks.when_run = lambda _: desk.disk.inbox.update({command.id: command})

    halted = await desk.tick()
    desk.life.hooks.when_run = lambda _: None
    state = await desk.tick()

    assert halted.halted is not None
    assert halted.halted.is_in_doubt
    assert state.stage is Stage.ROLLED_BACK
    assert desk.traffic.live == BLUE
    assert [h.argv for h in desk.life.hooks.ran] == [("do", "move"), ("undo", "move")]


@pytest.mark.parametrize(
    "said",
    [
        steer(UpgradeVerb.PAUSE),
        steer(UpgradeVerb.ABORT),
        steer(UpgradeVerb.ROLLBACK, name="other"),
        order(SetWeights(weights=Weights(0)), order_id="s1"),
    ],
    ids=lambda said: said.kind,
)
async def test_a_command_goes_on_when_what_is_said_is_no_way_back(said: Order) -> None:
    desk = await begin(weights(5), hook("move", Stage.SHIFT), weights(100))
    command = build_command(replace(said, at=desk.clock.now()))
    odd = replace(command, id=CommandId("odd"), kind="odd")

    def say(_: object) -> None:
        desk.disk.inbox.update({odd.id: odd, command.id: command})

    desk.life.hooks.when_run = say

    state = await desk.tick()

    assert state.step("hook-move").status is StepStatus.DONE


async def test_an_inbox_that_cannot_be_read_calls_no_command_back() -> None:
    desk = await begin(weights(5), hook("move", Stage.SHIFT), weights(100))

    async def broken() -> tuple[Command, ...]:
        raise JournalError("no space left")

    def break_inbox(_: object) -> None:
        desk.life.journal.pending = broken  # type: ignore[method-assign]  # it breaks

    desk.life.hooks.when_run = break_inbox

    with pytest.raises(ExceptionGroup) as failed:
        await desk.tick()

    assert failed.group_contains(JournalError)
    assert desk.state.step("hook-move").status is StepStatus.DONE


async def test_what_is_said_while_a_command_runs_is_heard_before_the_next_step() -> None:
    desk = await begin(weights(5), hook("move", Stage.SHIFT), weights(100))
    command = build_command(replace(steer(UpgradeVerb.PAUSE), at=desk.clock.now()))
    desk.life.hooks.when_run = lambda _: desk.disk.inbox.update({command.id: command})

    state = await desk.tick()

    assert state.posture is Posture.PAUSED
    assert state.step("hook-move").status is StepStatus.DONE
    assert desk.traffic.live == percent(5)


@pytest.mark.parametrize(
    ("verb", "is_obeyed"),
    [
        (UpgradeVerb.PAUSE, True),
        (UpgradeVerb.ROLLBACK, True),
        (UpgradeVerb.APPROVE, False),
        (UpgradeVerb.EXTEND, False),
    ],
)
async def test_what_stops_or_goes_back_is_obeyed_however_long_it_waited_for_a_runtime(
    verb: UpgradeVerb,
    is_obeyed: bool,  # noqa: FBT001 — a case of the table
) -> None:
    desk = await begin(weights(5), approval("go", Stage.SHIFT), weights(100))
    await desk.tick()
    await desk.life.give(steer(verb))

    state = await desk.tick(after_s=3_600.0)

    assert (state.signal("s1") is not None) is is_obeyed


async def test_an_old_way_back_that_was_said_to_an_earlier_run_of_the_name_is_not_obeyed() -> None:
    desk = await begin(weights(5), approval("go", Stage.SHIFT), weights(100))
    earlier = replace(steer(UpgradeVerb.ROLLBACK), at=desk.clock.now() - timedelta(hours=1))
    await desk.tick()

    await desk.life.journal.put(build_command(earlier))
    state = await desk.tick()

    assert state.rollback is None
    assert state.signal("s1") is None


async def test_the_gateways_rollback_is_the_upgrades() -> None:
    desk = await begin(*FAST)
    await desk.until(lambda s: s.step("shift-5-hold").attempt > 0)

    state = await desk.say(order(RollBack(), order_id="back"))

    assert state.stage is Stage.ROLLED_BACK
    outcome = desk.life.executor.state.outcome_of(CommandId("back"))
    assert outcome is not None
    assert (outcome.kind, outcome.split) == ("rollback", BLUE)
    await desk.say(order(RollBack(), order_id="back"))
    assert desk.traffic.live == BLUE


async def test_the_gateways_rollback_says_why_when_there_is_no_way_back() -> None:
    desk = await begin(
        weights(5), approval("go", Stage.SHIFT), policy=Policy(unsafe_after="shift-5")
    )
    await desk.tick()

    await desk.say(order(RollBack(), order_id="back"))

    signalled = desk.state.signal("back")
    assert signalled is not None
    assert "shift-5 has begun" in signalled.refusal
    assert desk.traffic.live == percent(5)


async def test_other_weights_are_the_upgrades_business_while_it_is_under_way() -> None:
    desk = await begin(*FAST)
    await desk.tick()

    await desk.say(order(SetWeights(weights=Weights(0)), order_id="w"))

    outcome = desk.life.executor.state.outcome_of(CommandId("w"))
    assert outcome is not None
    assert "bascule upgrade weights up" in outcome.remedy
