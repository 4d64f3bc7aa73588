"""An executor with a disk and a gateway that outlive it."""

from collections.abc import Awaitable, Callable

from typing_extensions import override

from bascule.gateway.driver import Applied
from bascule.ids import CommandId
from bascule.routing.weights import Split
from bascule.upgrade.state import Outcome
from tests.support.fake_journal import FakeDisk
from tests.support.fake_traffic import FakeTraffic, Life, begin_life
from tests.support.virtual_clock import VirtualClock


class World:
    """A disk and a gateway that outlive any number of executors."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.disk = FakeDisk()
        self.traffic = FakeTraffic(self.clock)

    async def life(self) -> Life:
        return await begin_life(self.disk, self.traffic, self.clock)

    async def tick(self, life: Life) -> None:
        await self.clock.drive(life.executor.tick())

    def kinds(self) -> list[str]:
        return [record.entry.kind for record in self.disk.records]


def outcome_of(life: Life, order_id: str = "o1") -> Outcome:
    outcome = life.executor.state.outcome_of(CommandId(order_id))
    assert outcome is not None
    return outcome


class Slow(FakeTraffic):
    """Lets something happen while a split is on its way."""

    meanwhile: Callable[[], Awaitable[None]]

    @override
    async def set_split(self, split: Split, cancels: tuple[str, ...] = ()) -> Applied:
        await self.meanwhile()
        return await super().set_split(split, cancels)
