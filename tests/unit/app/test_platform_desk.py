import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bascule.app.platform_desk import LOOK_EVERY_S, PlatformDesk
from bascule.errors import BasculeError, DriverError, TransportError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.ports import PlatformAct, PlatformProgress, PlatformSeen, PlatformVerb
from tests.support.fake_platform import FakePlatform
from tests.support.virtual_clock import VirtualClock

ACT = PlatformAct(
    key="run-1:make-green",
    verb=PlatformVerb.MAKE,
    cluster=Cluster.GREEN,
    platform={"type": "azure", "cloud": "AzureCloud", "platform": "shop"},
)


class World:
    """A desk, and what it opens."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.platform = FakePlatform()
        self.errors: list[BasculeError] = []
        self.opened: list[Mapping[str, Json]] = []
        self.closed = 0
        self.desk = PlatformDesk(self._open, self.clock)

    @asynccontextmanager
    async def _open(self, platform: Mapping[str, Json]) -> AsyncIterator[FakePlatform]:
        if self.errors:
            raise self.errors.pop(0)
        self.opened.append(platform)
        yield self.platform
        self.closed += 1


@asynccontextmanager
async def working() -> AsyncIterator[World]:
    world = World()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(world.desk.run())
        yield world
        running.cancel()


async def test_a_platform_is_opened_once_and_held_until_the_end() -> None:
    async with working() as world:
        assert world.opened == []
        await world.desk.begin(ACT)
        busy = await world.desk.observe(ACT)
        done = await world.desk.observe(ACT)
        await world.desk.observe(replace(ACT, platform={**ACT.platform, "platform": "other"}))
        held = world.closed

    assert [seen.progress for seen in (busy, done)] == [
        PlatformProgress.BUSY,
        PlatformProgress.DONE,
    ]
    assert [each["platform"] for each in world.opened] == ["shop", "other"]
    assert held == 0


async def test_what_nobody_is_at_is_looked_at_now_and_then() -> None:
    async with working() as world:
        first = await world.desk.observe(ACT)
        world.platform.states[Cluster.GREEN] = "runs"
        early = await world.desk.observe(ACT)
        await world.clock.advance(LOOK_EVERY_S)
        late = await world.desk.observe(ACT)

    assert first == early == PlatformSeen(progress=PlatformProgress.ABSENT)
    assert late.progress is PlatformProgress.DONE


async def test_what_was_begun_is_looked_at_at_once() -> None:
    async with working() as world:
        await world.desk.observe(ACT)
        await world.desk.begin(ACT)

        assert (await world.desk.observe(ACT)).progress is PlatformProgress.BUSY


async def test_a_cloud_that_cannot_be_opened_is_unknown_and_is_tried_again() -> None:
    async with working() as world:
        world.errors = [TransportError("no route", remedy="dial"), TransportError("no route")]
        away = await world.desk.observe(ACT)
        with pytest.raises(DriverError, match="no route"):
            await world.desk.begin(ACT)
        await world.desk.begin(ACT)

    assert away == PlatformSeen(progress=PlatformProgress.UNKNOWN, reason="no route", remedy="dial")
    assert [act.key for act in world.platform.begun] == [ACT.key]
