"""One upgrade under way in memory, ticked by hand."""

from collections.abc import Callable

from bascule.upgrade.plan.model import Plan, Policy, Step
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.signals import Order
from tests.support.fake_journal import FakeDisk
from tests.support.fake_traffic import FakeTraffic, Life, begin_life
from tests.support.plans import build_plan, hold, start_order, weights
from tests.support.virtual_clock import VirtualClock

FAST = (weights(5), hold("shift-5-hold", Stage.SHIFT, 1.0), weights(100))
"""The steps of a small upgrade that is soon over."""


class Desk:
    """One upgrade under way, ticked by hand."""

    def __init__(self, life: Life, disk: FakeDisk) -> None:
        self.life = life
        self.disk = disk
        self.clock = life.clock
        self.traffic = life.traffic

    @property
    def state(self) -> UpgradeState:
        found = self.life.executor.state.upgrade
        assert found is not None
        return found

    async def tick(self, times: int = 1, after_s: float = 0.0) -> UpgradeState:
        for _ in range(times):
            await self.clock.advance(after_s)
            await self.clock.drive(self.life.executor.tick())
        return self.state

    async def say(self, said: Order) -> UpgradeState:
        await self.life.give(said)
        return await self.tick()

    async def restart(self) -> None:
        """Begin another life on the same disk."""
        self.life = await begin_life(self.disk, self.traffic, self.clock, hooks=self.life.hooks)

    async def until(self, is_enough: Callable[[UpgradeState], bool]) -> UpgradeState:
        for _ in range(200):
            if is_enough(await self.tick(after_s=0.5)):
                return self.state
        raise AssertionError(f"it does not come to that: {self.state.current}")

    def refusal(self, order_id: str) -> str:
        signalled = self.state.signal(order_id)
        assert signalled is not None
        return signalled.refusal


async def begin(*steps: Step, policy: Policy | None = None, plan: Plan | None = None) -> Desk:
    clock, disk = VirtualClock(), FakeDisk()
    life = await begin_life(disk, FakeTraffic(clock), clock)
    desk = Desk(life, disk)
    await life.give(start_order(plan or build_plan(steps or None, policy=policy)))
    return desk


def is_over(state: UpgradeState) -> bool:
    return state.is_over
