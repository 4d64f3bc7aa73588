"""Runs one gateway: controller, executor, witness, Envoy and control socket in one task group.

The order of starting is the order of what can go wrong: files first, then the lock, then ports,
and only then what changes anything. Ending the runtime leaves Envoy serving unless told otherwise.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import msgspec
import structlog

from bascule.app import live, status, wiring
from bascule.app.clock import SystemClock
from bascule.app.collector import keep_aside
from bascule.app.control import ControlServer
from bascule.app.idle import NoChecks, NoHooks, NoMetrics
from bascule.app.knowledge import controller_document
from bascule.app.state_dir import StateDir, apply_state_dir
from bascule.app.traffic import ControllerTraffic
from bascule.app.witnessing import WitnessDesk, World
from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.controller.cache import ClusterState
from bascule.controller.loop import Controller
from bascule.errors import BasculeError
from bascule.gateway.envoy.driver import EnvoyDriver
from bascule.gateway.envoy.process import Death, EnvoyProcess
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.kube.client import KubeClient, ServerVersion
from bascule.probes.targets import choose_targets
from bascule.routing.documents import answer_explain
from bascule.routing.weights import Split, Weights
from bascule.spec.gateway import Gateway
from bascule.storage.lock import hold_lock
from bascule.storage.sqlite import SqliteJournal, open_journal
from bascule.upgrade.encoding import render_split
from bascule.upgrade.executor import Executor, Ports
from bascule.upgrade.ledger import open_history
from bascule.upgrade.state import GatewayState

VERSION_POLL_S = 60.0
VERSION_RETRY_S = 2.0
STATE_POLL_S = 0.2
FIRST_TABLE_POLL_S = 0.02
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.runtime")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How `bascule run` was called."""

    state_dir: StateDir
    elsewhere: wiring.Elsewhere | None = None
    stop_envoy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What is told once our own Envoy has its first table, or Envoys elsewhere can come."""

    envoy_pid: int | None
    is_adopted: bool
    xds_port: int | None


@dataclass(slots=True)
class _Stop:
    """Whether the runtime is to end, and Envoy with it."""

    envoy: bool
    event: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, *, envoy: bool = False) -> None:
        self.envoy = self.envoy or envoy
        self.event.set()


async def run_gateway(
    gateway: Gateway, options: RunOptions, *, on_started: Callable[[Started], None]
) -> int | None:
    """Run `gateway` until SIGTERM, SIGINT or `bascule stop`.

    Return the process id of the Envoy that goes on serving, if one does. Raises SpecError,
    UsageError, LockedError, JournalError or DriverError when it cannot start: then nothing was
    changed. Raises StaleWriterError when another owner has taken over.
    """
    stop = _Stop(envoy=options.stop_envoy)
    async with AsyncExitStack() as stack:
        runtime = await _assemble(stack, gateway, options, stop)
        await runtime.work(on_started)
        process = runtime.process
        if process is not None and stop.envoy:
            await process.stop()
            return None
        return process.find_running() if process is not None else None


async def _assemble(
    stack: AsyncExitStack, gateway: Gateway, options: RunOptions, stop: _Stop
) -> "_Runtime":
    clock = SystemClock()
    connections = wiring.load_connections(gateway)
    is_own = options.elsewhere is None
    process = wiring.build_process(gateway, options.state_dir, clock) if is_own else None
    apply_state_dir(options.state_dir)
    stack.enter_context(hold_lock(options.state_dir.lock))
    journal = stack.enter_context(open_journal(options.state_dir.journal, as_owner=True))
    await journal.read()
    driver = wiring.build_driver(options.state_dir, options.elsewhere, clock)
    await stack.enter_async_context(driver)
    clients = {
        cluster: await stack.enter_async_context(wiring.build_client(connection, clock))
        for cluster, connection in connections.items()
    }
    is_new, state = await _start_envoy(process, gateway, journal, clock)
    controller = wiring.build_controller(
        gateway,
        wiring.ControllerParts(
            driver=driver,
            clients=clients,
            last_good=options.state_dir.last_good,
            split=state.split,
            active=state.active,
            is_serving=not is_new,
        ),
        clock,
    )
    bell = Bell()
    witness = WitnessDesk(_outside(controller, driver, bell), clock)
    traffic = ControllerTraffic(controller, driver)
    ports = Ports(
        journal=journal,
        inbox=journal,
        traffic=traffic,
        witness=witness,
        clock=clock,
        checks=NoChecks(),
        metrics=NoMetrics(),
        hooks=NoHooks(),
    )
    return _Runtime(
        gateway=gateway,
        options=options,
        stop=stop,
        clock=clock,
        driver=driver,
        process=process,
        is_adopted=not is_new,
        clients=clients,
        controller=controller,
        executor=Executor(ports, state),
        witness=witness,
        bell=bell,
    )


async def _start_envoy(
    process: EnvoyProcess | None, gateway: Gateway, journal: SqliteJournal, clock: Clock
) -> tuple[bool, GatewayState]:
    """Start our own Envoy, or find it; return whether it is new, and what the journal says.

    The journal is begun only then: where Envoy cannot start, nothing has happened.
    """
    is_new = process is not None and await process.start()
    try:
        state = await open_history(journal, Split(Weights.all_to(gateway.active)), clock)
    except BasculeError:
        if process is not None and is_new:
            await process.stop()
        raise
    return is_new, state


def _outside(controller: Controller, driver: EnvoyDriver, bell: Bell) -> World:
    return World(
        targets=lambda: choose_targets(controller.view().routes, controller.certificates),
        observe=driver.observe,
        on_summary=bell.ring,
    )


@dataclass(slots=True, kw_only=True)
class _Runtime:
    """The parts of one runtime, all built and none at work yet."""

    gateway: Gateway
    options: RunOptions
    stop: _Stop
    clock: Clock
    driver: EnvoyDriver
    process: EnvoyProcess | None
    is_adopted: bool
    clients: Mapping[Cluster, KubeClient]
    controller: Controller
    executor: Executor
    witness: WitnessDesk
    bell: Bell
    versions: dict[Cluster, ServerVersion] = field(default_factory=dict)

    async def work(self, on_started: Callable[[Started], None]) -> None:
        """Work until told to stop, or until a part ends with an error, which is raised."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.stop.ask)
        try:
            async with (
                ControlServer(self.options.state_dir.control_socket, self._answer),
                asyncio.TaskGroup() as group,
            ):
                tasks = [group.create_task(part) for part in self._parts(on_started)]
                await self.stop.event.wait()
                _stop_listening(loop)
                for task in tasks:
                    task.cancel()
        except BaseExceptionGroup as failures:
            raise _first(failures) from failures

    def _parts(self, on_started: Callable[[Started], None]) -> list[Coroutine[None, None, None]]:
        parts = [
            self.controller.run(),
            self.executor.run(_Wakeup(self.bell, self.clock)),
            self.witness.run(),
            self._announce(on_started),
            self._log_changes(),
            keep_aside(self._count_objects, self.clock),
            *(self._follow_version(cluster) for cluster in self.clients),
        ]
        if self.process is not None:
            parts.append(self.process.supervise(_log_death))
        return parts

    async def _announce(self, on_started: Callable[[Started], None]) -> None:
        while self.process is not None and self.controller.view().applied_split is None:
            await self.clock.sleep_until(self.clock.monotonic_s() + FIRST_TABLE_POLL_S)
        on_started(
            Started(
                envoy_pid=self.process.pid if self.process is not None else None,
                is_adopted=self.is_adopted,
                xds_port=self.driver.port,
            )
        )

    async def _log_changes(self) -> None:
        """Say in one line when a cluster comes, goes away or comes back."""
        former: dict[Cluster, ClusterState] = {}
        while True:
            for cluster, known in self.controller.view().clusters.items():
                if former.get(cluster) is known.state:
                    continue
                former[cluster] = known.state
                if known.state is ClusterState.STALE:
                    _LOG.warning("cluster is away", cluster=cluster.value, reason=known.reason)
                else:
                    _LOG.info("cluster is " + known.state.value, cluster=cluster.value)
            await self.clock.sleep_until(self.clock.monotonic_s() + STATE_POLL_S)

    def _count_objects(self) -> int:
        view = self.controller.view()
        if view.applied_split is None:
            return 0
        return sum(known.objects for known in view.clusters.values())

    async def _follow_version(self, cluster: Cluster) -> None:
        while True:
            try:
                self.versions[cluster] = await self.clients[cluster].version()
                pause_s = VERSION_POLL_S
            except BasculeError:
                pause_s = VERSION_RETRY_S  # the controller says why a cluster is away
            await self.clock.sleep_until(self.clock.monotonic_s() + pause_s)

    async def _answer(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        match request.get("op"):
            case "wake":
                self.bell.ring()
                return {"ok": True}
            case "prepare":
                self.witness.prepare()
                return {"ok": True}
            case "status":
                return await self._status()
            case "explain":
                view = self.controller.view()
                return answer_explain(view.routes, view.wanted_split, request)
            case "table":
                return self._table()
            case "stop":
                self.stop.ask(envoy=request.get("envoy") is True)
                return {"ok": True, "pid": os.getpid()}
            case op:
                return {"error": f"unknown op {op!r}"}

    def _table(self) -> dict[str, Json]:
        view = self.controller.view()
        routes: Json = msgspec.to_builtins(view.routes, enc_hook=dict, str_keys=True)
        return {"routes": routes, "weights": render_split(view.wanted_split)}

    async def _status(self) -> dict[str, Json]:
        trouble = self.executor.trouble
        return {
            "gateway": self.gateway.name,
            "runtime": {"pid": os.getpid(), "trouble": trouble.message if trouble else None},
            **status.journal_document(self.executor.state),
            **controller_document(self.controller.view(), self.versions, now=self.clock.now()),
            "live": live.gateway_document(await self.driver.observe()),
            "envoy": None
            if self.process is None
            else live.envoy_document(self.process.pid, self.process.deaths, self.process.trouble),
        }


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


def _log_death(death: Death) -> None:
    if death.ready_at is None:
        _LOG.error(
            "Envoy died and is started again",
            died_at=death.died_at.isoformat(),
            exit_code=death.exit_code,
            last_words=death.last_words,
        )
    else:
        _LOG.warning("Envoy serves again", ready_at=death.ready_at.isoformat())


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
