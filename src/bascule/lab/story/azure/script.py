"""The story on Azure: what is done in which order, and what the generator is told of it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bascule.errors import BasculeError
from bascule.lab.load.orders import Command
from bascule.lab.load.plan import Lane, LaneKind, Plan, Target
from bascule.lab.load.verdict import Verdict
from bascule.lab.shop.manifests import API_HOST
from bascule.lab.story.acts import Acts, Display
from bascule.lab.story.azure.files import ALONE, BOTH, FRONTEND_PORT, NAME, Platform
from bascule.lab.story.azure.stage import AzureStage
from bascule.lab.story.generator import Generator
from bascule.lab.story.script import UpgradeFailedError
from bascule.lab.story.upgrade import Upgrade
from bascule.lab.story.verbs import call_verb

BASELINE_S = 2.0
AFTER_S = 1.5
DURATION_MAX_S = 150.0
SLOW_MS = 500
SLOW_RATE = 2.0
TIMEOUT_S = 5.0
HALTED = "halts and needs a person: "
ASKED = "a person has to say yes"
_SHARES = ((LaneKind.KEEP_ALIVE, 0.8), (LaneKind.FRESH, 0.2))
"""Kind, and share of the rate; slow requests come on top."""
_ACTS = {
    "make-green begins": "provision: green is made in the likeness of blue",
    "sync begins": "sync: the shop is deployed to green",
    "verify begins": "verify: green is checked before any user is there",
    f"hook-{BOTH} begins": "shift: green's pods join the pool, in one PUT",
    f"hook-{ALONE} begins": "shift: blue's pods leave the pool, in one PUT",
    "bake begins": "bake: green takes all, blue stays warm",
    "stop-blue begins": "blue is stopped, and could be started again",
    "remove-blue begins": "retire: blue is removed",
}


@dataclass(slots=True)
class Told:
    """All that the story brought to light."""

    rate: float
    upgrade: Mapping[str, Any] = field(default_factory=dict)
    report: str | None = None
    azure: Mapping[str, Any] = field(default_factory=dict)
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    verdict: Verdict | None = None
    seconds_by_act: dict[str, float] = field(default_factory=dict)


def build_plan(rate: float, address: str, platform: Platform) -> Plan:
    """Return the generator's plan; it runs until it is told to stop."""
    target = Target(host=API_HOST, address=address, port=FRONTEND_PORT)
    lanes = [
        Lane(
            name=str(kind),
            kind=kind,
            target=target,
            rate=rate * share,
        )
        for kind, share in _SHARES
    ]
    lanes.append(
        Lane(name="slow", kind=LaneKind.SLOW, target=target, rate=SLOW_RATE, slow_ms=SLOW_MS)
    )
    return Plan(
        lanes=tuple(lanes),
        duration_max_s=DURATION_MAX_S,
        timeout_s=TIMEOUT_S,
        cluster_by_name={platform.name_of(each): each for each in ("blue", "green")},
    )


class AzureStory:
    """Tells the story on a stage. Raises BasculeError where an act cannot be played."""

    def __init__(self, stage: AzureStage, display: Display) -> None:
        self._stage = stage
        self._display = display
        self._acts = Acts(display)
        self._generator = Generator(stage.directory, stage.environment)
        self._begun_s: dict[str, float] = {}
        self.told = Told(stage.settings.rate)

    async def tell(self) -> Told:
        """Play all acts and return what was seen."""
        self._acts.begin("a lab with an Azure")
        await self._stage.start_lab()
        self._acts.begin("platform apply: the article's values")
        await self._stage.apply_platform()
        self._acts.begin("the shop on blue; the demo writes its pods into the pool")
        await self._stage.deploy_to_blue()
        self._stage.write_upgrade()
        try:
            await self._under_load()
        finally:
            await self._generator.end()
        self._acts.end()
        self.told.seconds_by_act = self._acts.seconds
        return self.told

    async def _under_load(self) -> None:
        await self._generator.start(
            build_plan(self.told.rate, self._stage.address, self._stage.made)
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._generator.watch(self._display.show))
                await self._move_the_shop(tasks)
        except* BasculeError as group:
            raise group.exceptions[0] from group
        self._acts.begin("verdict, report, and what is in Azure now")
        self.told.report = await self._write_report()
        self.told.azure = await self._stage.look_at_azure()
        self.told.addresses = self._stage.addresses
        self.told.verdict = await self._generator.judge([])

    async def _move_the_shop(self, tasks: asyncio.TaskGroup) -> None:
        """Play the acts under load; `tasks` takes what is done beside the upgrade."""
        self._acts.begin("baseline: all traffic on blue")
        await asyncio.sleep(BASELINE_S)
        self._acts.begin("upgrade: planned and approved")
        upgrade = Upgrade(self._stage.directory, self._stage.environment)
        await upgrade.start()
        try:
            over = await upgrade.follow(lambda line: self._hear(line, tasks))
        finally:
            await upgrade.close()
        self.told.upgrade = over
        self._acts.begin(f"the upgrade is {over.get('stage')}; what the users see now")
        await asyncio.sleep(AFTER_S)
        await self._generator.settle()

    def _hear(self, line: str, tasks: asyncio.TaskGroup) -> None:
        """Do what a line of the upgrade's progress asks for. Raises UpgradeFailedError."""
        act = next((act for words, act in _ACTS.items() if f": {words}" in line), "")
        if act:
            self._acts.begin(act)
        if f"{NAME}: sync begins" in line:
            tasks.create_task(self._stage.deploy_to("green"))
        elif line.startswith(ASKED):
            tasks.create_task(self._approve())
        elif HALTED in line:
            raise UpgradeFailedError(f"the upgrade stands still: {line.partition(HALTED)[2]}")
        for hook in (BOTH, ALONE):
            if f": hook-{hook} begins" in line:
                self._begun_s[hook] = time.monotonic()
            elif f": hook-{hook} done" in line:
                self._tell_written(hook)

    async def _approve(self) -> None:
        """Say yes to the removal of blue, with its name, as a person would type it."""
        await call_verb(
            self._stage.environment,
            *(
                "upgrade",
                "approve",
                NAME,
                "--gate",
                "retire",
                "--typed",
                self._stage.made.name_of("blue"),
            ),
            *("--reason", "the demonstration"),
        )

    def _tell_written(self, hook: str) -> None:
        """Tell the generator of a pool that is in force: with green alone no other may answer."""
        now_s = time.monotonic()
        self._generator.tell(
            Command(
                name=hook,
                begun_s=self._begun_s[hook],
                ended_s=now_s,
                to="green" if hook == ALONE else "",
                effective_s=now_s,
            )
        )

    async def _write_report(self) -> str:
        page = self._stage.settings.report
        where = ("--html", str(page), "--json", str(page.with_suffix(".json")))
        await call_verb(self._stage.environment, "upgrade", "report", NAME, *where)
        return str(page)
