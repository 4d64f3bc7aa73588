"""The story on Azure: what is done in which order, and what the generator is told of it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bascule.lab.load.orders import Drained, Effects
from bascule.lab.load.verdict import Verdict
from bascule.lab.shop.deploy import first_failure
from bascule.lab.story.acts import Acts, Display
from bascule.lab.story.azure.course import BY_HOST, ROLLBACK, SWITCH, TRY, Course
from bascule.lab.story.azure.files import NAME
from bascule.lab.story.azure.stage import AzureStage
from bascule.lab.story.azure.traffic import build_plan
from bascule.lab.story.generator import Generator
from bascule.lab.story.upgrade import (
    Upgrade,
    UpgradeFailedError,
    as_called,
    await_moment,
    find_changes,
    require_end,
)
from bascule.lab.story.verbs import Called, call_verb

BASELINE_S = 2.0
AFTER_S = 1.5
HALTED = "halts and needs a person: "
ASKED = "a person has to say yes"
_ACTS = {
    "make-green begins": "provision: green is made in the likeness of blue",
    "sync begins": "sync: the shop is deployed to green",
    "bake begins": "bake: green takes all, blue stays warm",
    "retire-idle begins": "blue has to be idle, and is shown to be",
    "stop-blue begins": "blue is stopped, and could be started again",
    "retire-blue begins": "retire: blue is taken out of the gateway, and removed",
}


@dataclass(slots=True)
class Told:
    """All that the story brought to light."""

    rate: float
    model: str = "fast"
    speed: float = 1.0
    course: Course = BY_HOST
    tries: list[Mapping[str, Any]] = field(default_factory=list)
    """The upgrades, as `bascule upgrade status` tells of them: one rolled back, one completed."""
    called: dict[str, Called] = field(default_factory=dict)
    """The commands, as the product's own records tell of them."""
    puts: dict[str, int] = field(default_factory=dict)
    """How often the gateway was written by each command, as Azure counts."""
    report: str | None = None
    azure: Mapping[str, Any] = field(default_factory=dict)
    verdict: Verdict | None = None
    seconds_by_act: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Try:
    """One upgrade as it goes: `prefix` begins the names of its commands."""

    prefix: str
    puts_before: int = 0
    bakes: asyncio.Event = field(default_factory=asyncio.Event)


class AzureStory:
    """Tells the story on a stage. Raises BasculeError where an act cannot be played."""

    def __init__(self, stage: AzureStage, display: Display) -> None:
        self._stage = stage
        self._display = display
        self._acts = Acts(display)
        self._generator = Generator(stage.directory, stage.environment)
        settings = stage.settings
        self.told = Told(settings.rate, settings.model, settings.speed, settings.course)
        steps = {f"{key} begins": act for key, act in settings.course.acts.items()}
        self._act_by_words = {**_ACTS, **steps}

    async def tell(self) -> Told:
        """Play all acts and return what was seen."""
        self._acts.begin("a lab with an Azure")
        await self._stage.start_lab()
        self._acts.begin("platform apply: the article's values")
        await self._stage.apply_platform()
        self._acts.begin("the shop is deployed to blue")
        await self._stage.deploy_to_blue()
        self._acts.begin("bascule run: the gateway leads to blue's pods")
        await self._stage.start_gateway()
        try:
            await self._under_load()
        finally:
            await self._generator.end()
        self._acts.end()
        self.told.seconds_by_act = self._acts.seconds
        return self.told

    async def _under_load(self) -> None:
        stage = self._stage
        await self._generator.start(build_plan(self.told.rate, stage.door, stage.made))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._generator.watch(self._display.show))
                await self._move_the_shop()
        except BaseExceptionGroup as group:
            raise first_failure(group) from None
        self._acts.begin("verdict, report, and what is in Azure now")
        await stage.keep_effects("green")
        self.told.report = await self._write_report()
        self.told.azure = await stage.look_at_azure()
        self.told.verdict = await self._generator.judge(
            [Effects(cluster=c, count_by_key=found) for c, found in stage.effects.items()]
        )

    async def _move_the_shop(self) -> None:
        self._acts.begin("baseline: all traffic on blue")
        await asyncio.sleep(BASELINE_S)
        await self._try_and_roll_back()
        await self._upgrade()
        self._acts.begin("green alone; what the users see now")
        await asyncio.sleep(AFTER_S)
        await self._generator.settle()

    async def _try_and_roll_back(self) -> None:
        """Change one's mind while green bakes."""
        self._acts.begin("upgrade, first try")
        course = _Try(prefix=TRY)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self._follow(course))
            await await_moment(course.bakes, running)
            before = await self._stage.count_puts()
            self._acts.begin("roll back: everything to blue, in one step")
            called = await self._call("upgrade", "rollback", NAME)
        over = running.result()
        require_end(over, "rolled_back")
        self.told.tries.append(over)
        self.told.puts[ROLLBACK] = await self._stage.count_puts() - before
        status = await self._tell_changes(over, course)
        signal_id = (called.document.get("signal") or {}).get("signal_id")
        orders = status.document.get("orders") or ()
        order: Mapping[str, Any] = next((o for o in orders if o.get("order_id") == signal_id), {})
        operator_ms = round((called.ended_s - called.begun_s) * 1000, 3)
        self._tell(ROLLBACK, as_called({**order, "operator_ms": operator_ms}), to="blue")

    async def _upgrade(self) -> None:
        self._acts.begin("upgrade, second try")
        course = _Try(prefix="")
        over = await self._follow(course)
        require_end(over, "completed")
        self.told.tries.append(over)
        await self._tell_changes(over, course)

    async def _follow(self, course: _Try) -> Mapping[str, Any]:
        """Run one upgrade to its end, whichever it is, and do what it asks for."""
        stage = self._stage
        upgrade = Upgrade(stage.directory, stage.environment, limit_s=stage.settings.limit_s)
        await upgrade.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                return await upgrade.follow(lambda line: self._hear(line, course, tasks))
        finally:
            await upgrade.close()

    def _hear(self, line: str, course: _Try, tasks: asyncio.TaskGroup) -> None:
        """Do what a line of the upgrade's progress asks for. Raises UpgradeFailedError."""
        act = next(
            (act for words, act in self._act_by_words.items() if f"{NAME}: {words}" in line), ""
        )
        if act:
            self._acts.begin(f"{act}{' (first try)' if course.prefix else ''}")
        if f"{NAME}: sync begins" in line:
            tasks.create_task(self._stage.deploy_to("green"))
        elif f"{NAME}: bake begins" in line:
            course.bakes.set()
        elif f"{NAME}: verify begins" in line:
            tasks.create_task(self._count(course, ""))
        elif line.startswith(ASKED):
            tasks.create_task(self._approve())
        elif HALTED in line:
            raise UpgradeFailedError(f"the upgrade stands still: {line.partition(HALTED)[2]}")
        for step, name in self.told.course.names.items():
            if f"{NAME}: {step} done" in line:
                tasks.create_task(self._count(course, f"{course.prefix}{name}"))

    async def _count(self, course: _Try, name: str) -> None:
        """Count the PUTs since the last look as those of a command; no name: of none."""
        now = await self._stage.count_puts()
        if name:
            self.told.puts[name] = now - course.puts_before
        course.puts_before = now

    async def _approve(self) -> None:
        """Say yes to the removal of blue, with its name, as a person would type it."""
        self._generator.tell(Drained(cluster="blue", at_s=time.monotonic()))
        await self._stage.keep_effects("blue")
        typed = ("--typed", self._stage.made.name_of("blue"))
        reason = ("--reason", "the demonstration")
        await self._stage.call("upgrade", "approve", NAME, "--gate", "retire", *typed, *reason)

    async def _call(self, *arguments: str) -> Called:
        return await self._stage.call(*arguments, "--yes", "--reason", "the demonstration")

    async def _tell_changes(self, over: Mapping[str, Any], course: _Try) -> Called:
        """Tell the generator what was switched when, as the product's own records say."""
        status = await self._stage.call("status")
        for step, called in find_changes(status, str(over.get("run_id"))).items():
            name = self.told.course.names.get(step)
            if name is not None:
                to = "green" if name == SWITCH else ""
                self._tell(f"{course.prefix}{name}", called, to=to)
        return status

    def _tell(self, name: str, called: Called, *, to: str) -> None:
        self.told.called[name] = called
        self._generator.tell(called.as_order(name, to=to))

    async def _write_report(self) -> str:
        page = self._stage.settings.report
        where = ("--html", str(page), "--json", str(page.with_suffix(".json")))
        await call_verb(self._stage.environment, "upgrade", "report", NAME, *where)
        return str(page)
