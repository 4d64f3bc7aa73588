from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from tests.support.fake_journal import FakeDisk
from tests.support.fake_traffic import ClockBell, FakeTraffic, Life, begin_life
from tests.support.orders import GREEN
from tests.support.plans import build_plan, start_order
from tests.support.virtual_clock import VirtualClock

TICKS_MAX = 2_000


async def run_to_end(life: Life) -> UpgradeState:
    """Tick until the upgrade is over or waits for a person."""
    bell = ClockBell(life.clock)
    for _ in range(TICKS_MAX):
        await life.executor.tick()
        found = life.executor.state.upgrade
        if found is not None and (found.is_over or found.halted is not None):
            return found
        await bell.wait(life.clock.monotonic_s() + 0.5)
    raise AssertionError(f"no end: {life.executor.state.upgrade}")


async def test_a_healthy_upgrade_goes_through_all_stages_and_completes() -> None:
    clock = VirtualClock()
    traffic = FakeTraffic(clock)
    life = await begin_life(FakeDisk(), traffic, clock)
    await life.give(start_order(build_plan()))

    ended = await clock.drive(run_to_end(life))

    assert ended.stage is Stage.COMPLETED
    assert traffic.live == GREEN
    assert {c.value for c in traffic.retired} == {"blue"}
    assert [h.argv for h in life.hooks.ran] == [("do", "warm"), ("do", "move-data")]
