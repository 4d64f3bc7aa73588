from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId
from bascule.errors import OutcomeUnknownError, PlanError
from bascule.platform.apply import apply_resources
from bascule.platform.effects import Effects
from bascule.platform.pending import PendingFile
from bascule.platform.plan.gathering import build_desired
from bascule.platform.ports import Progress
from bascule.platform.stages import (
    has_started,
    has_stopped,
    is_gone,
    is_made,
    make_all,
    remove_all,
    start_cluster,
    stop_cluster,
)
from bascule.platform.stored import choose_part
from tests.support.fake_arm import FakeArm, Fault, KilledError
from tests.support.platforms import CONTROLLER, GREEN, SMALL, read_ids

IDS = read_ids(f"{SMALL}{GREEN}{CONTROLLER}")
ALL = build_desired(IDS, None).resources
NEW = IDS.cluster("new")
PART = choose_part(ALL, NEW)
REST = tuple(resource for resource in ALL if resource not in PART)
OWNER = IDS.spec.name
CALLS_MAX = 400


class World:
    """An Azure that outlives the processes that talk to it, and their state directory."""

    def __init__(self, folder: Path) -> None:
        self.arm = FakeArm()
        self.folder = folder
        self.told: list[Progress] = []

    @property
    def effects(self) -> Effects:
        """As a process that begins has them."""
        pending = PendingFile(self.folder)
        return Effects(arm=self.arm, pending=pending, on_progress=self.told.append)

    async def build_rest(self) -> None:
        """Have all there but green."""
        await self.drive(lambda: apply_resources(self.effects, REST, owner=OWNER))

    async def drive(self, work: Callable[[], Awaitable[object]]) -> object:
        async def run() -> object:
            return await work()

        try:
            return await self.arm.clock.drive(run())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def survive(self, work: Callable[[], Awaitable[object]]) -> int:
        """Do work that is killed before and after each call, once; return how many there were."""
        for number in range(1, CALLS_MAX):
            fault = Fault.KILL_AFTER if number % 2 else Fault.KILL_BEFORE
            self.arm.faults = {self.arm.calls + number: fault}
            try:
                await self.drive(work)
            except BaseExceptionGroup as group:
                if group.subgroup(KilledError) is None:
                    raise
                continue
            except KilledError:
                continue
            self.arm.faults = {}
            return number
        raise AssertionError("no end")


async def test_green_is_made_of_what_was_approved_and_found_to_be_made(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.build_rest()
    assert not await world.drive(lambda: is_made(world.arm, PART, owner=OWNER))

    await world.drive(lambda: make_all(world.effects, PART, owner=OWNER))

    assert await world.drive(lambda: is_made(world.arm, PART, owner=OWNER))
    assert not await world.drive(lambda: is_gone(world.arm, PART))


async def test_killed_at_any_call_everything_is_made_once_stopped_started_and_removed(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    await world.build_rest()

    made = await world.survive(lambda: make_all(world.effects, PART, owner=OWNER))
    stopped = await world.survive(lambda: stop_cluster(world.effects, NEW))
    assert has_stopped(world.arm.documents[NEW.key])
    started = await world.survive(lambda: start_cluster(world.effects, NEW))
    assert has_started(world.arm.documents[NEW.key])
    removed = await world.survive(lambda: remove_all(world.effects, PART, owner=OWNER))

    assert await world.drive(lambda: is_gone(world.arm, PART))
    assert all(world.arm.made[resource.id.key] <= 1 for resource in PART)
    assert min(made, stopped, started, removed) > 3
    assert all(resource.id.key in world.arm.documents for resource in REST)


async def test_what_is_so_already_is_not_done_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.build_rest()
    await world.drive(lambda: make_all(world.effects, PART, owner=OWNER))
    before = len(world.arm.writes)

    await world.drive(lambda: start_cluster(world.effects, NEW))
    await world.drive(lambda: make_all(world.effects, PART, owner=OWNER))

    assert len(world.arm.writes) == before


async def test_a_cluster_that_is_half_made_is_not_made(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.build_rest()
    await world.drive(lambda: make_all(world.effects, PART, owner=OWNER))
    world.arm.documents[NEW.key]["properties"]["provisioningState"] = "Updating"

    assert not await world.drive(lambda: is_made(world.arm, PART, owner=OWNER))


async def test_what_others_do_to_a_cluster_is_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.build_rest()
    await world.drive(lambda: make_all(world.effects, PART, owner=OWNER))
    world.arm.documents[NEW.key]["properties"]["provisioningState"] = "Upgrading"
    read = world.arm.get

    async def read_slowly(resource: ResourceId | str) -> Document | None:
        world.arm.clock._now_s += 1_800.0
        return await read(resource)

    world.arm.get = read_slowly  # type: ignore[method-assign]  # half an hour goes by at each look

    with pytest.raises(OutcomeUnknownError, match="stopping is not done"):
        await world.drive(lambda: stop_cluster(world.effects, NEW))

    assert Progress(resource="cluster new", what="waiting", detail="Upgrading") in world.told


async def test_a_cluster_that_somebody_removed_cannot_be_stopped(tmp_path: Path) -> None:
    world = World(tmp_path)

    with pytest.raises(PlanError, match="cluster new is not there any more"):
        await world.drive(lambda: stop_cluster(world.effects, NEW))
