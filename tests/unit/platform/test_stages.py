from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bascule.ids import Cluster
from bascule.platform.apply import apply_resources
from bascule.platform.effects import Effects
from bascule.platform.observe import fetch_existing
from bascule.platform.pending import PendingFile
from bascule.platform.plan.gathering import build_desired
from bascule.platform.plan.planner import plan_platform
from bascule.platform.plan.staging import plan_stages
from bascule.platform.stages import AzurePlatform
from bascule.upgrade.plan.facts import PlatformFacts
from bascule.upgrade.ports import PlatformAct, PlatformProgress, PlatformSeen, PlatformVerb
from tests.support.fake_arm import FakeArm
from tests.support.platforms import GREEN, SMALL, read_ids

IDS = read_ids(SMALL + GREEN)
NEW = IDS.cluster("new")
MINUTES = 60


class World:
    """Blue and all around it, and what an upgrade would have the platform do."""

    def __init__(self, folder: Path) -> None:
        self.arm = FakeArm()
        self.folder = folder
        self.facts = PlatformFacts()

    def open(self) -> AzurePlatform:
        effects = Effects(
            arm=self.arm, pending=PendingFile(self.folder), on_progress=lambda _: None
        )
        return AzurePlatform(effects, owner=IDS.spec.name)

    async def build(self) -> None:
        blue = read_ids(SMALL)
        effects = Effects(
            arm=self.arm, pending=PendingFile(self.folder), on_progress=lambda _: None
        )
        wanted = build_desired(blue, None).resources
        await self.arm.clock.drive(apply_resources(effects, wanted, owner=blue.spec.name))
        desired, existing = await fetch_existing(self.arm, IDS)
        plan = plan_platform(IDS, desired, existing, cloud="AzureCloud")
        self.facts = plan_stages(IDS, plan)

    def act(self, verb: PlatformVerb, key: str) -> PlatformAct:
        return PlatformAct(
            key=f"run-1:{key}", verb=verb, cluster=Cluster.GREEN, platform=self.facts.make
        )

    async def see(self, platform: AzurePlatform, act: PlatformAct) -> PlatformSeen:
        """Look until it is not busy any more."""
        for _ in range(MINUTES):
            seen = await platform.observe(act)
            if seen.progress is not PlatformProgress.BUSY:
                return seen
            await self.arm.clock.advance(60.0)
        raise AssertionError("busy for an hour")


@asynccontextmanager
async def working(folder: Path) -> AsyncIterator[tuple[World, AzurePlatform]]:
    world = World(folder)
    await world.build()
    async with world.open() as platform:
        yield world, platform


async def test_green_is_made_as_it_was_approved_and_then_is_there(tmp_path: Path) -> None:
    async with working(tmp_path) as (world, platform):
        make = world.act(PlatformVerb.MAKE, "make-green")

        before = await platform.observe(make)
        await platform.begin(make)
        await platform.begin(make)
        after = await world.see(platform, make)

    assert before.progress is PlatformProgress.ABSENT
    assert after.progress is PlatformProgress.DONE
    assert after.output["name"] == "new"
    assert world.arm.made[NEW.key] == 1


async def test_what_is_still_being_made_is_not_made_again_after_its_removal(tmp_path: Path) -> None:
    async with working(tmp_path) as (world, platform):
        make = world.act(PlatformVerb.MAKE, "make-green")
        remove = world.act(PlatformVerb.REMOVE, "undo-make-green")
        await platform.begin(make)
        await world.arm.clock.advance(1.0)
        assert NEW.key in world.arm.documents

        await platform.begin(remove)
        assert (await platform.observe(make)).progress is not PlatformProgress.BUSY
        gone = await world.see(platform, remove)
        await world.arm.clock.advance(3_600.0)

    assert gone.progress is PlatformProgress.DONE
    assert NEW.key not in world.arm.documents
    assert world.arm.made[NEW.key] == 1
