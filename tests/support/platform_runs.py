"""Runs of a platform against Azure in memory: applied, killed, said again, removed."""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bascule.errors import BasculeError
from bascule.platform.apply import Applied, apply_resources
from bascule.platform.desired.ids import Ids
from bascule.platform.destroy import fetch_found, remove_resources
from bascule.platform.effects import Effects
from bascule.platform.observe import fetch_existing
from bascule.platform.pending import PendingFile
from bascule.platform.plan.model import PlatformPlan
from bascule.platform.plan.planner import plan_platform
from bascule.platform.plan.unmaking import Found, UnmakingPlan, plan_unmaking
from bascule.platform.ports import Progress
from tests.support.fake_arm import FakeArm, KilledError
from tests.support.platforms import SMALL, read_ids

T = TypeVar("T")

RUNS_MAX = 12
"""So often a run that was ended is said again before it counts as never done."""


@dataclass
class PlatformRuns:
    """One platform, one Azure, one state directory, any number of lives."""

    directory: Path
    arm: FakeArm = field(default_factory=FakeArm)
    ids: Ids = field(default_factory=lambda: read_ids(SMALL))
    told: list[Progress] = field(default_factory=list)

    def effects(self) -> Effects:
        """Return what a new process would write with."""
        pending = PendingFile(self.directory)
        return Effects(arm=self.arm, pending=pending, on_progress=self.told.append)

    async def drive(self, work: Coroutine[object, object, T]) -> T:
        """Run `work` on the clock; what it raises comes as it was raised."""
        try:
            return await self.arm.clock.drive(work)
        except BaseExceptionGroup as group:
            error: BaseException = group
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            raise error from None

    async def plan(self) -> PlatformPlan:
        desired, existing = await self.drive(fetch_existing(self.arm, self.ids))
        return plan_platform(self.ids, desired, existing, cloud="AzureCloud")

    async def apply(self) -> Applied:
        async def run() -> Applied:
            desired, _ = await fetch_existing(self.arm, self.ids)
            return await apply_resources(
                self.effects(), desired.resources, owner=self.ids.spec.name
            )

        return await self.drive(run())

    async def find(self) -> Found:
        async def run() -> Found:
            desired, existing = await fetch_existing(self.arm, self.ids)
            return await fetch_found(self.arm, self.ids, desired, existing)

        return await self.drive(run())

    async def plan_destroy(self) -> UnmakingPlan:
        return plan_unmaking(self.ids, await self.find())

    async def destroy(self) -> tuple[str, ...]:
        plan = await self.plan_destroy()
        return await self.drive(remove_resources(self.effects(), plan))

    async def apply_until_done(self) -> int:
        """Say it again after each end, and return how many runs it took."""
        return await self._until_done("apply")

    async def destroy_until_done(self) -> int:
        return await self._until_done("destroy")

    async def _until_done(self, verb: str) -> int:
        for run in range(1, RUNS_MAX + 1):
            try:
                await getattr(self, verb)()
            except (KilledError, BasculeError):
                continue
            else:
                return run
        raise AssertionError(f"{verb} was not done after {RUNS_MAX} runs")
