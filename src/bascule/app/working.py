"""The parts of one runtime at work in one task group, until one fails or it is told to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeAlias

from bascule.app.answers import Answers
from bascule.app.collector import keep_aside
from bascule.app.control import ControlServer
from bascule.app.following import Following, log_death
from bascule.app.metrics_place import MetricsPlace
from bascule.app.platform_desk import PlatformDesk
from bascule.app.reports import Reports
from bascule.app.state_dir import StateDir
from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.errors import BasculeError
from bascule.gateway.envoy.process import EnvoyProcess
from bascule.probes.measuring import MeasuringDesk
from bascule.storage.opening import Owned, Store
from bascule.upgrade.pace import Pace
from bascule.upgrade.state import GatewayState

FIRST_TABLE_POLL_S = 0.02
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What is told once our own Envoy has its first table, or Envoys elsewhere can come."""

    envoy_pid: int | None
    is_adopted: bool
    xds_port: int | None
    azure_id: str
    """Of the gateway in Azure that is written; empty: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What a companion sees of the runtime that it works beside."""

    state: Callable[[], GatewayState]
    store: Store
    ring: Callable[[], None]
    """Tell the executor that there is something in the inbox."""
    reports: Reports
    settle: Callable[[], Awaitable[bool]]
    """Wait until all news is sent, or given up, or late."""
    pace: Pace
    """How long the gateway takes for a change."""
    clock: Clock


Companion: TypeAlias = Callable[[Inside], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """The parts of one runtime, all built and none at work yet."""

    state_dir: StateDir
    owned: Owned
    answers: Answers
    measuring: MeasuringDesk
    following: Following
    platform: PlatformDesk
    reports: Reports
    metrics: MetricsPlace | None
    is_adopted: bool

    @property
    def process(self) -> EnvoyProcess | None:
        """Our own Envoy, if we run one."""
        return self.answers.gateway.process

    async def work(
        self, on_started: Callable[[Started], None], companion: Companion | None
    ) -> None:
        """Work until told to stop, or until a part ends with an error, which is raised."""
        loop = asyncio.get_running_loop()
        stop = self.answers.stop
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop.ask)
        try:
            async with (
                ControlServer(self.state_dir.control_socket, self.answers.answer),
                self._serve_metrics(),
                asyncio.TaskGroup() as group,
            ):
                parts = [*self._parts(), self._accompany(on_started, companion)]
                tasks = [group.create_task(part) for part in parts]
                await stop.event.wait()
                _stop_listening(loop)
                for task in tasks:
                    task.cancel()
        except BaseExceptionGroup as failures:
            raise _first(failures) from failures

    def _serve_metrics(self) -> AbstractAsyncContextManager[None]:
        if self.metrics is None:
            return nullcontext()
        from bascule.app.metrics import Scraped, serve_metrics

        gateway = self.answers.gateway
        scraped = Scraped(
            gateway=self.answers.name,
            view=self.answers.controller.view,
            figures=gateway.driver.figures,
            puts=gateway.puts,
        )
        return serve_metrics(self.metrics, scraped)

    def _parts(self) -> list[Coroutine[None, None, None]]:
        answers, following = self.answers, self.following
        parts = [
            self.owned.lease.keep(),
            answers.gateway.watch(),
            *(part() for part in answers.gateway.beside),
            answers.controller.run(),
            answers.executor.run(_Wakeup(answers.bell, answers.clock)),
            answers.witness.run(),
            self.measuring.run(),
            self.platform.run(),
            answers.news.run(),
            self.reports.keep_written(self._state),
            following.log_changes(),
            keep_aside(following.count_objects, answers.clock),
            *(following.follow_version(cluster) for cluster in following.clients),
        ]
        if answers.foreign is not None:
            parts.append(answers.foreign.run())
        if self.process is not None:
            parts.append(self.process.supervise(log_death))
        return parts

    def _state(self) -> GatewayState:
        return self.answers.executor.state

    async def _accompany(
        self, on_started: Callable[[Started], None], companion: Companion | None
    ) -> None:
        clock = self.answers.clock
        view = self.answers.controller.view
        while self.process is not None and view().applied_split is None:
            await clock.sleep_until(clock.monotonic_s() + FIRST_TABLE_POLL_S)
        on_started(
            Started(
                envoy_pid=self.process.pid if self.process is not None else None,
                is_adopted=self.is_adopted,
                xds_port=self.answers.gateway.xds_port,
                azure_id=self.answers.gateway.azure_id,
            )
        )
        if companion is None:
            return
        inside = Inside(
            state=self._state,
            store=self.owned.store,
            ring=self.answers.bell.ring,
            reports=self.reports,
            settle=self.answers.news.drain,
            pace=self.answers.gateway.pace,
            clock=clock,
        )
        await companion(inside)
        self.answers.stop.ask()


@dataclass(frozen=True, slots=True)
class _Wakeup:
    """Implements `bascule.upgrade.ports.Wakeup` with a bell."""

    bell: Bell
    clock: Clock

    async def wait(self, deadline_s: float) -> None:
        await self.bell.wait_until(self.clock, deadline_s)


def _stop_listening(loop: asyncio.AbstractEventLoop) -> None:
    """Let a second signal end the process at once, as it would end any other."""
    for number in _SIGNALS:
        loop.remove_signal_handler(number)


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error that a person should read: ours before others."""
    flat: list[BaseException] = []
    waiting: list[BaseException] = [failures]
    while waiting:
        error = waiting.pop(0)
        if isinstance(error, BaseExceptionGroup):
            waiting.extend(error.exceptions)
        else:
            flat.append(error)
    return next((error for error in flat if isinstance(error, BasculeError)), flat[0])
