"""Runs an upgrade in this process, with the runtime that `bascule run` would be."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bascule.app.logs import set_up_logs
from bascule.app.runtime import Listeners, RunOptions, run_gateway
from bascule.app.state_dir import StateDir, apply_state_dir
from bascule.app.working import Inside, Started
from bascule.cli.options import operator_name
from bascule.cli.patience import Patience
from bascule.cli.rendering import Output, print_lines
from bascule.cli.upgrade.following import follow
from bascule.cli.upgrade.progress import Progress, build_progress
from bascule.cli.upgrade.sending import await_answer
from bascule.errors import LockedError, OutcomeUnknownError
from bascule.spec.appgw import AppGwPlace
from bascule.spec.gateway import Gateway
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.signals import Order, build_command
from bascule.upgrade.state import GatewayState

REPORT_S = 15.0
"""How long the end waits for the report to be written."""
POLL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An upgrade to run here; without an order the one that is unfinished is gone on with."""

    spec: Upgrade
    place: StateDir
    file: Path
    order: Order | None
    name: str
    where: str
    """What names the gateway in other verbs."""
    place_option: str
    """How the state directory was named to this verb, if it was."""


@dataclass(slots=True)
class _Course:
    """What is known of the run so far."""

    task: Task
    output: Output
    run: UpgradeState | None = None
    state: GatewayState | None = None
    progress: Progress | None = None
    notes: list[str] = field(default_factory=list)

    async def accompany(self, inside: Inside) -> None:
        """Give the order, show how it goes, and return when it is over and all is told."""
        run = await self._begin(inside)
        self.run, self.state = run, inside.state()
        self.progress = build_progress(self.output, self.task.where)
        self.run = await follow(inside.store, run.run_id, self.progress, inside.clock)
        self.state = inside.state()
        await self._wait_for_report(inside, self.run)
        await inside.settle()

    async def _begin(self, inside: Inside) -> UpgradeState:
        order = self.task.order
        unfinished = inside.state().unfinished
        if order is None:
            if unfinished is None:
                raise OutcomeUnknownError(
                    f"{self.task.name} ended while this was starting",
                    remedy=f"look with `bascule upgrade status {self.task.name}`",
                )
            return unfinished
        await inside.store.put(build_command(order))
        inside.ring()
        patience = Patience(clock=inside.clock, limit_s=inside.pace.outcome_s)
        found = await await_answer(inside.store, order, patience)
        return found.run

    async def _wait_for_report(self, inside: Inside, run: UpgradeState) -> None:
        clock = inside.clock
        deadline_s = clock.monotonic_s() + REPORT_S
        while not inside.reports.has(run) and clock.monotonic_s() < deadline_s:
            await clock.sleep_until(clock.monotonic_s() + POLL_S)
        if inside.reports.has(run):
            self.notes.append(f"report: {inside.reports.path(run)}")


def run_here(task: Task, output: Output) -> tuple[UpgradeState, GatewayState, Output]:
    """Run the upgrade in the foreground until it is over, and return it.

    Raises OutcomeUnknownError when it was interrupted before, else what a runtime raises.
    """
    course = _Course(task, output)
    options = RunOptions(state_dir=task.place, owner=operator_name())
    listeners = Listeners(
        on_started=_ignore_start, on_standby=_ignore_standby, companion=course.accompany
    )
    with _logging(task.place, output):
        try:
            envoy_pid = asyncio.run(run_gateway(task.spec.gateway_model(), options, listeners))
        finally:
            if course.progress is not None:
                course.progress.close()
    serves = say_who_serves(task.spec.gateway_model(), envoy_pid)
    again = f"-f {task.file}{task.place_option}"
    run, state = course.run, course.state
    if run is None or state is None or not run.is_over:
        raise OutcomeUnknownError(
            f"{task.name} is unfinished: this was told to stop; {serves} as it is",
            remedy=f"go on with `bascule upgrade start {again}`, or `bascule run {again}`",
        )
    if output is Output.TEXT:
        follow_on = f"nobody follows the clusters until `bascule run {again}`"
        print_lines([*course.notes, f"{serves}; {follow_on}"])
    return run, state, output


def say_who_serves(gateway: Gateway, envoy_pid: int | None) -> str:
    """Return who goes on serving once nobody looks after the gateway."""
    if envoy_pid is not None:
        return f"Envoy (process {envoy_pid}) goes on serving"
    if isinstance(gateway.gateway, AppGwPlace):
        return f"the gateway {gateway.gateway.name} goes on serving"
    return "no Envoy runs here"


@contextmanager
def _logging(place: StateDir, output: Output) -> Iterator[None]:
    """Log to standard error; to a file where a picture is drawn on the terminal."""
    if output is Output.JSON or not sys.stdout.isatty():
        set_up_logs()
        yield
        return
    apply_state_dir(place)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    with os.fdopen(os.open(place.run_log, flags, 0o600), "a") as file:
        set_up_logs(file)
        yield


def _ignore_start(started: Started) -> None:
    del started


def _ignore_standby(error: LockedError) -> None:
    del error
