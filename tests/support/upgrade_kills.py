"""Kills whoever runs an upgrade at seeded moments of it, under load, and checks how it ends.

What must hold, whatever the moments: it ends as it would have; its journal is whole; no request
failed but those that green itself failed; a hook that may run once ran once, or a person was asked.
"""

import asyncio
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random

from bascule.ids import Cluster
from bascule.storage.lock import read_holder
from bascule.storage.sqlite import open_journal
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.state import fold
from tests.support.asking import Answer, Load, under_load
from tests.support.site import Site
from tests.support.upgrades import Shape, find_answering, go_back, plant, write_upgrade
from tests.support.waiting import eventually

REVIVAL_S = 1.0
"""How much longer it takes for each death: what a runner does before it goes on."""
ORDER_MAX_S = 7.0
"""A rollback is asked for by then."""
POLL_S = 0.1
LOOK_S = 0.02
END_S = 150.0
HOOK_S = 0.3
VERB_PAUSE_S = 0.5
HOOK = "moves-data"
SHAPE_STEPS = ((5, 1.0), (50, 1.5), (100, 1.0))

_HOOK = """\
echo "begun $2" >> "$1"
sleep {hook_s}
echo "done $2" >> "$1"
"""


class Way(StrEnum):
    """What becomes of an upgrade if nobody kills its runner."""

    COMPLETES = "completes"
    FAULTY = "faulty green"
    """Green fails three of ten requests, and a gate rolls it back."""
    ORDERED = "rollback ordered"
    """A person asks for it at some moment."""


LENGTH_S = {Way.COMPLETES: 9.0, Way.FAULTY: 7.0, Way.ORDERED: 8.0}
"""About how long an upgrade that nobody kills takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One death of a runner, and how far the upgrade was by the journal that it left."""

    runner: str
    moment_s: float
    stage: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeTrial:
    """One upgrade whose runner was killed, and how it ended."""

    way: Way
    kills: tuple[Kill, ...]
    end: str
    took_s: float
    answered_by: frozenset[str]
    is_journal_clean: bool
    requests: int
    failures: tuple[Answer, ...]
    hook_runs: Counter[str]
    """How often each of the hooks began, by its name."""
    asked: Counter[str]
    """How often a person was asked what became of each."""
    redone: Counter[str]
    """How often that person said `redo`."""

    @property
    def others(self) -> tuple[Answer, ...]:
        """Return the failures that a faulty green has not made itself."""
        is_faulty = self.way is Way.FAULTY
        return tuple(f for f in self.failures if not (is_faulty and f.cluster == "green"))

    @property
    def wrongs(self) -> list[str]:
        """Return what is not as it must be; nothing if all is."""
        ends = {
            Way.COMPLETES: {Stage.COMPLETED},
            Way.FAULTY: {Stage.ROLLED_BACK},
            Way.ORDERED: {Stage.ROLLED_BACK, Stage.COMPLETED},
        }[self.way]
        home = Cluster.GREEN if self.end == Stage.COMPLETED else Cluster.BLUE
        twice = {n: c for n, c in self.hook_runs.items() if c > 1 + self.redone[n]}
        found = {
            f"ended {self.end}": self.end not in ends,
            f"answered by {sorted(self.answered_by)}": self.answered_by != {home.value},
            "the journal is not clean": not self.is_journal_clean,
            f"{len(self.others)} requests failed": bool(self.others),
            f"hooks ran twice: {twice}": bool(twice),
        }
        return [what for what, is_so in found.items() if is_so]


@dataclass(slots=True)
class _Runners:
    """Whoever runs the upgrade, one life after the other; each is one kind or the other."""

    site: Site
    file: Path
    rng: Random
    process: "subprocess.Popen[bytes] | None" = None
    kind: str = ""

    def begin(self) -> Path:
        """Let a runner start, which is not waited for; return the file with what it says."""
        self.kind = self.rng.choice(("run", "start"))
        if self.kind == "run":
            out = self.site.begin_runtime()
            self.process = self.site.runtime
            return out
        begun = self.site.begin_upgrade(self.file)
        self.process = begun.process
        return begun.out

    def kill(self) -> None:
        """End the runner as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def await_rest(self) -> None:
        """Return when a runner in the foreground has ended; `bascule run` goes on."""
        if self.process is not None and self.kind == "start":
            self.process.wait(END_S)

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass(slots=True)
class _Trial:
    """An upgrade under way."""

    site: Site
    name: str
    way: Way
    rng: Random
    runners: _Runners
    kills: list[Kill] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    redone: Counter[str] = field(default_factory=Counter)

    @property
    def hook_log(self) -> Path:
        return self.site.directory / f"{self.name}.hooks"

    def state(self) -> UpgradeState | None:
        """Return what the journal says of the upgrade."""
        with open_journal(self.site.state_dir.journal) as journal:
            state = fold(journal.read_now())
        return None if state is None else state.upgrade_named(self.name)

    def require_state(self) -> UpgradeState:
        """Return what the journal says of the upgrade, which has begun."""
        run = self.state()
        assert run is not None
        return run

    async def kill_at(self, moments_s: list[float]) -> None:
        """Kill the runner at each moment of the time at work, and start one again at once.

        Time is at work while a runner holds the gateway: what passes until the next one does would
        draw all kills to the beginning.
        """
        loop = asyncio.get_running_loop()
        worked_s, seen_s = 0.0, loop.time()
        for moment_s in moments_s:
            while worked_s < moment_s:
                await asyncio.sleep(LOOK_S)
                was_s, seen_s = seen_s, loop.time()
                if read_holder(self.site.state_dir.lock) is not None:
                    worked_s += seen_s - was_s
            if not self.runners.is_alive():
                return
            kind = self.runners.kind
            self.runners.kill()
            run = self.require_state()
            if run.is_over:
                return
            step = run.current
            killed = Kill(
                runner=kind,
                moment_s=worked_s,
                stage=run.stage.value,
                step=step.key if step is not None else "",
            )
            self.kills.append(killed)
            self.runners.begin()

    async def order_rollback(self, at_s: float) -> None:
        """Ask for a rollback until the journal has it, or the upgrade is over."""
        await asyncio.sleep(at_s)
        while (run := self.require_state()).rollback is None and not run.is_over:
            said = ("rollback", self.name, "--yes", "--reason", "proof")
            await asyncio.to_thread(self.site.on_upgrade, *said)
            await asyncio.sleep(VERB_PAUSE_S)

    async def accompany(self) -> UpgradeState:
        """Answer for hooks in doubt until the upgrade is over, and a runner lives; return it."""
        async with asyncio.timeout(END_S):
            while True:
                is_alive = self.runners.is_alive()
                run = self.require_state()
                if run.is_over:
                    return run
                if run.halted is not None and run.halted.is_in_doubt:
                    await self._answer(run.halted.key)
                elif not is_alive:
                    self.runners.begin()
                await asyncio.sleep(POLL_S)

    async def _answer(self, key: str) -> None:
        """Look what became of a hook whose runner died, as a person would, and say it."""
        await asyncio.sleep(2 * HOOK_S)
        answer = "done" if f"done {key}" in read_lines(self.hook_log) else "redo"
        said = await asyncio.to_thread(self.site.on_upgrade, "answer", answer)
        if said.code == 0:
            self.asked[key] += 1
            self.redone[key] += answer == "redo"


def read_lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


async def prepare(site: Site, way: Way) -> None:
    """Bring all traffic to blue, the fault to green, and leave an Envoy without a runtime."""
    if site.runtime is None or site.runtime.poll() is not None:
        await asyncio.to_thread(site.start_runtime)
    if await find_answering(site) != {"blue"}:
        said = await asyncio.to_thread(go_back, site)
        assert said.code == 0, said.err
    await plant(site, "broken" if way is Way.FAULTY else "healthy")
    await asyncio.to_thread(site.terminate_runtime)


def build_shape(site: Site, name: str) -> Shape:
    """Return an upgrade with a hook that may run once, and another one that undoes it."""
    script = site.directory / "hook.sh"
    script.write_text(_HOOK.format(hook_s=HOOK_S))
    log = str(site.directory / f"{name}.hooks")
    hook = {
        "name": HOOK,
        "after": "shift-50",
        "run": ["sh", str(script), log, f"hook-{HOOK}"],
        "undo": ["sh", str(script), log, f"undo-hook-{HOOK}"],
    }
    return Shape(steps=SHAPE_STEPS, hooks=(hook,), min_requests=5, checks=())


async def kill_runners(site: Site, rng: Random, way: Way, name: str, *, kills: int) -> UpgradeTrial:
    """Run an upgrade, killing its runner so many times at moments spread over all of it."""
    await prepare(site, way)
    file = write_upgrade(site, name, build_shape(site, name))
    trial = _Trial(site, name, way, rng, _Runners(site, file, rng))
    whole_s = LENGTH_S[way] + kills * REVIVAL_S
    moments_s = sorted(rng.uniform(0.0, whole_s) for _ in range(kills))
    order_s = rng.uniform(0.0, ORDER_MAX_S)
    loop = asyncio.get_running_loop()
    async with under_load(site.port) as load:
        await _start(trial, file)
        begun_s = loop.time()
        async with asyncio.TaskGroup() as group:
            killing = group.create_task(trial.kill_at(moments_s))
            if way is Way.ORDERED:
                group.create_task(trial.order_rollback(order_s))
            run = await trial.accompany()
            killing.cancel()
        took_s = loop.time() - begun_s
        answered_by = await find_answering(site)
    return await _conclude(trial, run, load, took_s=took_s, answered_by=answered_by)


async def _start(trial: _Trial, file: Path) -> None:
    """Start the upgrade, in the foreground or handed to a runtime; return once it is recorded."""
    runners = trial.runners
    at_work = runners.begin()
    if runners.kind == "run":
        await eventually(at_work.read_text, within_s=END_S)
        with trial.site.starting_upgrade(file, "--detach") as handing:
            assert await asyncio.to_thread(handing.await_end) == 0, handing.said
    async with asyncio.timeout(END_S):
        while trial.state() is None:
            assert runners.is_alive()
            await asyncio.sleep(POLL_S)


async def _conclude(
    trial: _Trial, run: UpgradeState, load: Load, *, took_s: float, answered_by: set[str]
) -> UpgradeTrial:
    site = trial.site
    await asyncio.to_thread(trial.runners.await_rest)
    checked = await asyncio.to_thread(site.on_upgrade, "verify-journal")
    begun = [line.removeprefix("begun ") for line in read_lines(trial.hook_log)]
    return UpgradeTrial(
        way=trial.way,
        kills=tuple(trial.kills),
        end=run.stage.value,
        took_s=took_s,
        answered_by=frozenset(answered_by),
        is_journal_clean=checked.code == 0 and bool(checked.document["is_clean"]),
        requests=load.sent,
        failures=load.failures,
        hook_runs=Counter(line for line in begun if not line.startswith("done ")),
        asked=trial.asked,
        redone=trial.redone,
    )
