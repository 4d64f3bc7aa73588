"""The story itself: what is done in which order, and what the generator is told of it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bascule.errors import BasculeError
from bascule.lab.load.orders import Drained, Effects
from bascule.lab.load.verdict import Verdict
from bascule.lab.shop.deploy import first_failure
from bascule.lab.story.acts import Acts, Display
from bascule.lab.story.generator import Generator
from bascule.lab.story.settings import AFTER_S, BASELINE_S, StorySettings
from bascule.lab.story.stage import Stage
from bascule.lab.story.traffic import WARM_UP_S, build_plan
from bascule.lab.story.upgrade import (
    NAME,
    Upgrade,
    as_called,
    await_moment,
    find_changes,
    require_end,
)
from bascule.lab.story.verbs import Called, call_verb

SHARES = (5, 25, 50, 100)
"""The shares of examples/demo.yaml."""
LAST = "shift-100"
ROLL_BACK_AT = "shift-25-hold"
DRAIN_LIMIT_S = 30.0
DRAIN_POLL_S = 1.0
"""Each look is a `bascule status`, whose start costs a third of a second of one core."""
LOOKS = 3
SHORT_HOLD_S = 1.0
WITNESS_LIMIT_S = 10.0


_ACTS = {
    "verify begins": "preview: green is checked before any user is there",
    "bake begins": "bake: green takes all, blue stays warm",
    **{f"shift-{share} begins": f"shift {share} % to green" for share in SHARES},
}


class NotDrainedError(BasculeError):
    """Requests or streams stayed on the cluster that was to go."""


@dataclass(slots=True)
class Told:
    """All that the story brought to light."""

    settings: StorySettings
    called_by_step: dict[str, Called] = field(default_factory=dict)
    drained_after_s: float | None = None
    status: Called | None = None
    upgrade: Mapping[str, Any] | None = None
    """The upgrade that completed, as `bascule upgrade status` tells of it."""
    report: str | None = None
    """Where its report was written."""
    verdict: Verdict | None = None
    seconds_by_act: dict[str, float] = field(default_factory=dict)


class Story:
    """Tells the story on a stage. Raises BasculeError where an act cannot be played."""

    def __init__(self, stage: Stage, display: Display) -> None:
        self._stage = stage
        self._display = display
        self._acts = Acts(display)
        self._generator = Generator(stage.directory, stage.environment)
        self.told = Told(stage.settings)

    async def tell(self) -> Told:
        """Play all acts and return what was seen."""
        self._acts.begin("two clusters, a shop in each")
        await self._stage.start_clusters()
        self._acts.begin("a gateway in front")
        await self._stage.start_gateway()
        try:
            await self._under_load()
        finally:
            await self._generator.end()
        self._acts.end()
        self.told.seconds_by_act = self._acts.seconds
        return self.told

    async def _under_load(self) -> None:
        await self._generator.start(build_plan(self._stage.settings, self._stage.places))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._generator.watch(self._display.show))
                blue = await self._move_the_shop()
        except BaseExceptionGroup as group:
            raise first_failure(group) from None
        self._acts.begin("verdicts")
        green = await self._stage.fetch_effects("green")
        self.told.status = await self._await_witness()
        self.told.report = await self._write_report()
        self.told.verdict = await self._generator.judge(
            [
                Effects(cluster="blue", count_by_key=blue),
                Effects(cluster="green", count_by_key=green),
            ]
        )

    async def _move_the_shop(self) -> dict[str, int]:
        """Play the acts under load; returns blue's ledger."""
        self._acts.begin("baseline: all traffic on blue")
        await asyncio.sleep(WARM_UP_S)
        await self._look_around()
        await self._try_and_roll_back()
        await self._upgrade()
        blue = await self._retire_blue()
        self._acts.begin("green alone")
        await asyncio.sleep(AFTER_S)
        await self._generator.settle()
        return blue

    async def _look_around(self) -> None:
        """Let the baseline pass as operators do: with a look at the gateway now and then.

        So the baseline bears the cost of the verbs' own processes, as the acts after it do.
        """
        end_s = time.monotonic() + BASELINE_S
        for _ in range(LOOKS):
            await call_verb(self._stage.environment, "status")
            await asyncio.sleep(BASELINE_S / LOOKS / 2)
        await asyncio.sleep(max(0.0, end_s - time.monotonic()))

    async def _try_and_roll_back(self) -> None:
        """Change one's mind while the first upgrade holds at a quarter of the traffic."""
        self._acts.begin("upgrade, first try")
        upgrade = Upgrade(self._stage.directory, self._stage.environment)
        await upgrade.start()
        holds = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            ends = tasks.create_task(upgrade.follow(lambda line: self._hear(line, holds)))
            await await_moment(holds, ends)
            await asyncio.sleep(min(SHORT_HOLD_S, self._stage.settings.scale))
            self._acts.begin("roll back: all traffic to blue in one step")
            called = await self._call("upgrade", "rollback", NAME)
        self.told.called_by_step["rollback"] = await self._tell_changes(ends.result(), called)
        await asyncio.sleep(self._stage.settings.scale)

    def _hear(self, line: str, holds: asyncio.Event) -> None:
        """Take note of a line of the upgrade's progress."""
        step = _find_act(line)
        if step:
            self._acts.begin(step)
        if f" {ROLL_BACK_AT} begins" in line:
            holds.set()

    async def _upgrade(self) -> None:
        self._acts.begin("upgrade, second try")
        upgrade = Upgrade(self._stage.directory, self._stage.environment)
        await upgrade.start()
        over = await upgrade.follow(lambda line: self._hear(line, asyncio.Event()))
        require_end(over, "completed")
        await self._tell_changes(over, None, is_kept=True)
        self.told.upgrade = over

    async def _tell_changes(
        self, over: Mapping[str, Any], rollback: Called | None, *, is_kept: bool = False
    ) -> Called:
        """Tell the generator what was switched when, as the product's own records say."""
        status = await self._call_reader("status")
        changes = find_changes(status, str(over.get("run_id")))
        for step, called in changes.items():
            name = step if is_kept else f"try-{step}"
            self._generator.tell(called.as_order(name, to="green" if step == LAST else ""))
            if is_kept:
                self.told.called_by_step[step] = called
        if rollback is None:
            return status
        signal_id = (rollback.document.get("signal") or {}).get("signal_id")
        orders = status.document.get("orders") or ()
        order: Mapping[str, Any] = next((o for o in orders if o.get("order_id") == signal_id), {})
        operator_ms = round((rollback.ended_s - rollback.begun_s) * 1000, 3)
        called = as_called({**order, "operator_ms": operator_ms})
        self._generator.tell(called.as_order("rollback", to="blue"))
        return called

    async def _call(self, *arguments: str) -> Called:
        return await call_verb(
            self._stage.environment, *arguments, "--yes", "--reason", "the demonstration"
        )

    async def _call_reader(self, *arguments: str) -> Called:
        return await call_verb(self._stage.environment, *arguments)

    async def _retire_blue(self) -> dict[str, int]:
        """Wait until blue is idle, then take it away; returns its ledger."""
        self._acts.begin("retire blue: drain")
        begun_s = time.monotonic()
        while await self._open_on_blue() != 0:
            if time.monotonic() - begun_s > DRAIN_LIMIT_S:
                raise NotDrainedError(
                    f"blue is not idle after {DRAIN_LIMIT_S:g} s; it was not taken away",
                    remedy="look with `bascule status`",
                )
            await asyncio.sleep(DRAIN_POLL_S)
        drained_s = time.monotonic()
        self.told.drained_after_s = drained_s - begun_s
        self._generator.tell(Drained(cluster="blue", at_s=drained_s))
        effects = await self._stage.fetch_effects("blue")
        self._acts.begin("retire blue: take it away")
        await self._stage.end_cluster("blue")
        return effects

    async def _write_report(self) -> str:
        """Write the product's own report of the upgrade, as a page and as JSON."""
        page = self._stage.settings.report
        data = page.with_suffix(".json")
        where = ("--html", str(page), "--json", str(data))
        await self._call_reader("upgrade", "report", NAME, *where)
        return str(page)

    async def _open_on_blue(self) -> int | None:
        """Return how many requests and streams the gateway has open on blue; None is not known."""
        called = await call_verb(self._stage.environment, "status")
        live = called.document.get("live") or {}
        traffic = (live.get("traffic") or {}).get("blue") or {}
        active = traffic.get("requests_active")
        return active if isinstance(active, int) else None

    async def _await_witness(self) -> Called:
        """Return the gateway's status once it holds the product's verdict on every command."""
        deadline_s = time.monotonic() + WITNESS_LIMIT_S
        while True:
            called = await call_verb(self._stage.environment, "status")
            orders = called.document.get("orders") or []
            is_complete = all(order.get("witness") for order in orders)
            if is_complete or time.monotonic() > deadline_s:
                return called
            await asyncio.sleep(DRAIN_POLL_S)


def _find_act(line: str) -> str:
    """Return the act that a line of the upgrade's progress begins; empty if it begins none."""
    return next((act for words, act in _ACTS.items() if f": {words}" in line), "")
