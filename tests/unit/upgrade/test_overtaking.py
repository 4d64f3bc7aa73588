from dataclasses import replace

import pytest

from bascule.errors import OutcomeUnknownError
from bascule.ids import Cluster, CommandId
from bascule.upgrade.overtaking import is_overtaken
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.signals import (
    RollBack,
    Signal,
    SteerUpgrade,
    Switch,
    UpgradeVerb,
    build_command,
)
from tests.support.executor_world import Slow, World
from tests.support.orders import BLUE, order
from tests.support.plans import approval, build_plan, start_order, weights

SWITCH = Switch(source=Cluster.BLUE, target=Cluster.GREEN)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("word", "is_back"),
    [
        (RollBack(), True),
        (SteerUpgrade(name="up", verb=UpgradeVerb.ROLLBACK), True),
        (SteerUpgrade(name="other", verb=UpgradeVerb.ROLLBACK), False),
        (SteerUpgrade(name="up", verb=UpgradeVerb.PAUSE), False),
    ],
    ids=["gateway", "upgrade", "of another", "pause"],
)
async def test_an_upgrade_that_is_called_back_need_not_wait_for_its_step(
    world: World, word: Signal, *, is_back: bool
) -> None:
    traffic = world.traffic = Slow(world.clock)
    life = await world.life()
    seen: list[bool] = []

    async def look() -> None:
        seen.append(await life.executor.is_overtaken())
        traffic.meanwhile = nothing
        await life.give(order(word, order_id="o2"))
        seen.append(await life.executor.is_overtaken())

    traffic.meanwhile = look
    await life.give(start_order(build_plan([weights(100)])))
    await world.tick(life)

    assert seen == [False, is_back]


BACK = RollBack(cancels=("bob",))


async def test_a_rollback_that_waits_is_overtaken_only_by_who_may_cancel_for_it(
    world: World,
) -> None:
    traffic = world.traffic = Slow(world.clock)
    life = await world.life()
    await life.give(order(SWITCH))
    traffic.meanwhile = nothing
    await world.tick(life)
    seen: list[bool] = []

    async def look() -> None:
        traffic.meanwhile = nothing
        await life.give(order(RollBack(), order_id="o3"), order(SWITCH, order_id="o4"))
        seen.append(await life.executor.is_overtaken())
        await life.journal.put(replace(build_command(order(BACK)), id=CommandId("x"), kind="dance"))
        seen.append(await life.executor.is_overtaken())
        await life.give(order(BACK, order_id="o5"))
        seen.append(await life.executor.is_overtaken())

    traffic.meanwhile = look
    await life.give(order(RollBack(), order_id="o2"))
    await world.tick(life)

    assert seen == [False, False, True]


async def test_who_may_cancel_already_is_not_overtaken_by_the_same_word(world: World) -> None:
    traffic = world.traffic = Slow(world.clock)
    life = await world.life()
    seen: list[bool] = []

    async def look() -> None:
        if len(traffic.sent) == 1:
            await life.give(order(BACK, order_id="o3"))
            seen.append(await life.executor.is_overtaken())
            await life.give(order(RollBack(cancels=("bob", "eve")), order_id="o4"))
            seen.append(await life.executor.is_overtaken())

    traffic.meanwhile = look
    await life.give(order(SWITCH), order(BACK, order_id="o2"))
    await world.tick(life)

    assert seen == [False, True]


async def test_the_rollback_of_an_upgrade_may_cancel_once_somebody_says_so(world: World) -> None:
    traffic = world.traffic = Slow(world.clock)
    life = await world.life()
    seen: list[bool] = []

    async def look() -> None:
        if len(traffic.sent) == 1:
            await life.give(order(RollBack(), order_id="o3"))
            seen.append(await life.executor.is_overtaken())
            await life.give(order(BACK, order_id="o4"))
            seen.append(await life.executor.is_overtaken())
            traffic.failures = [OutcomeUnknownError("it was called back")]

    traffic.meanwhile = nothing
    await life.give(start_order(build_plan([weights(100), approval("stay", Stage.SHIFT)])))
    await world.tick(life)
    traffic.meanwhile = look
    await life.give(order(RollBack(), order_id="o2"))
    await world.tick(life)
    await world.clock.advance(5.0)
    await world.tick(life)

    assert seen == [False, True]
    assert traffic.cancels == [(), (), ("bob",)]
    assert traffic.live == BLUE
    run = life.executor.state.upgrade
    assert run is not None
    taken = run.signal("o4")
    assert taken is not None
    assert (taken.mark.actor, taken.data) == ("ada@desk", {"cancels": ["bob"]})


async def test_what_the_journal_has_already_overtakes_nothing(world: World) -> None:
    traffic = world.traffic = Slow(world.clock)
    life = await world.life()
    traffic.meanwhile = nothing
    again = build_command(order(BACK, order_id="o2"))
    await life.give(order(SWITCH), order(BACK, order_id="o2"))
    await world.tick(life)
    seen: list[bool] = []

    async def look() -> None:
        state = life.executor.state
        seen.append(is_overtaken(state, [again]))
        seen.append(is_overtaken(state, [build_command(order(BACK, order_id="o9"))]))

    traffic.meanwhile = look
    await life.give(order(SWITCH, order_id="o3"))
    await world.tick(life)
    await life.give(order(RollBack(), order_id="o4"))
    await world.tick(life)

    assert seen == [False, True] * 2  # under a switch, and under a rollback
    assert not is_overtaken(life.executor.state, [build_command(order(BACK, order_id="o9"))])


async def nothing() -> None:
    """Happens while a split is on its way where a test does not care."""
