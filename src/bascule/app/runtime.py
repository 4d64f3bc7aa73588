"""Runs one gateway: everything is opened in order, works together, and is closed again.

The order of opening is the order of what can go wrong: files first, then the lease, then ports,
and only then what changes anything. Ending the runtime leaves Envoy serving unless told otherwise.
"""

import os
import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bascule.app import wiring
from bascule.app.answers import Answers
from bascule.app.checking import build_live_checks, build_survey
from bascule.app.clock import SystemClock
from bascule.app.following import Following
from bascule.app.foreign import ForeignDesk
from bascule.app.gateways.envoy import Elsewhere
from bascule.app.gateways.opening import OpenGateway
from bascule.app.measuring import build_measuring
from bascule.app.metrics_place import MetricsPlace, require_free
from bascule.app.naming import NamesOfFile, read_names
from bascule.app.platform_desk import PlatformDesk
from bascule.app.reports import Reports
from bascule.app.state_dir import StateDir, apply_state_dir
from bascule.app.stop import Stop
from bascule.app.traffic import CallBack, ControllerTraffic
from bascule.app.witnessing import WitnessDesk, World
from bascule.app.working import Companion, Started, Working
from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.controller.loop import Controller
from bascule.errors import BasculeError, LockedError, StaleWriterError
from bascule.gateway.driver import GatewayDriver
from bascule.gateway.envoy.process import EnvoyProcess
from bascule.ids import Cluster
from bascule.kube.client import KubeClient
from bascule.kube.connection import Connection
from bascule.notify.sender import NewsDesk
from bascule.probes.hooks import CommandHooks
from bascule.probes.measuring import MeasuringDesk
from bascule.probes.targets import choose_targets
from bascule.routing.weights import Split, Weights
from bascule.spec.gateway import Gateway
from bascule.storage.lock import hold_lock
from bascule.storage.opening import Owned, Store, acquire_store
from bascule.upgrade.events import GatewayKept
from bascule.upgrade.executor import Executor, Ports
from bascule.upgrade.ledger import Ledger, open_history
from bascule.upgrade.run.stages import MOVING
from bascule.upgrade.state import GatewayState


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a runtime was called for."""

    state_dir: StateDir
    owner: str
    """Who it is to people, as `user@host`."""
    elsewhere: Elsewhere | None = None
    metrics: MetricsPlace | None = None
    stop_envoy: bool = False
    is_standby: bool = False
    """Wait until the gateway's journal is free."""
    same_because: str = ""
    """Why the clusters of the file are those of the journal, at whatever addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who is told how a runtime fares."""

    on_started: Callable[[Started], None]
    on_standby: Callable[[LockedError], None]
    """Told who holds the gateway, when one has to wait."""
    companion: Companion | None = None
    """Works beside the runtime once that has started; the runtime ends when it returns."""


async def run_gateway(gateway: Gateway, options: RunOptions, listeners: Listeners) -> int | None:
    """Run `gateway` until SIGTERM, SIGINT, SIGHUP or `bascule stop`.

    Return the process id of the Envoy that goes on serving, if one does. Raises SpecError,
    PlanError, UsageError, LockedError, JournalError or DriverError when it cannot start: then
    nothing was changed. Raises StaleWriterError when another owner has taken over, and what the
    companion does.
    """
    stop = Stop(envoy=options.stop_envoy)
    async with AsyncExitStack() as stack:
        opened = await _open(stack, gateway, options, listeners)
        working = _build(gateway, options, opened, stop)
        process = working.process
        try:
            await working.work(listeners.on_started, listeners.companion)
        except StaleWriterError as error:
            serving = process.find_running() if process is not None else None
            goes_on = f"; Envoy (process {serving}) goes on serving" if serving else ""
            raise StaleWriterError(f"{error.message}{goes_on}", remedy=error.remedy) from error
        if process is not None and stop.envoy:
            await process.stop()
            return None
        return process.find_running() if process is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """What is held open, and has to be closed again, while a runtime works."""

    clock: Clock
    owned: Owned
    gateway: OpenGateway
    is_new: bool
    """Whether our own Envoy was started, not found."""
    connections: Mapping[Cluster, Connection]
    clients: Mapping[Cluster, KubeClient]
    state: GatewayState


async def _open(
    stack: AsyncExitStack, gateway: Gateway, options: RunOptions, listeners: Listeners
) -> _Opened:
    clock = SystemClock()
    connections = wiring.load_connections(gateway)
    open_gateway = wiring.prepare_gateway(
        gateway, options.state_dir, clock, elsewhere=options.elsewhere
    )
    apply_state_dir(options.state_dir)
    owned = await _take_over(stack, options, listeners, clock)
    if options.metrics is not None:
        require_free(options.metrics)  # before an Envoy is started that nobody would look after
    names = read_names(connections, options.same_because)
    names.check(await owned.store.read())
    opened = await stack.enter_async_context(open_gateway(owned.lease.check))
    clients = {
        cluster: await stack.enter_async_context(wiring.build_client(connection, clock))
        for cluster, connection in connections.items()
    }
    history = _History(gateway=gateway, names=names, journal=owned.store, clock=clock)
    is_new, state = await _start_envoy(opened.process, history)
    state = await record_kept(opened.kept, state, owned.store, clock)
    opened.set_tags(state.names.naming.tags)
    return _Opened(
        clock=clock,
        owned=owned,
        gateway=opened,
        is_new=is_new,
        connections=connections,
        clients=clients,
        state=state,
    )


def _build(gateway: Gateway, options: RunOptions, opened: _Opened, stop: Stop) -> Working:
    clock, owned = opened.clock, opened.owned
    parts = wiring.ControllerParts(
        opened=opened.gateway,
        clients=opened.clients,
        last_good=options.state_dir.last_good,
        state=opened.state,
        is_serving=not opened.is_new,
    )
    controller = wiring.build_controller(gateway, parts, clock)
    bell = Bell()
    desks = _build_desks(options, opened, controller, bell)
    executor = _build_executor(gateway, opened, desks)
    answers = Answers(
        name=gateway.name,
        gateway=opened.gateway,
        controller=controller,
        executor=executor,
        witness=desks.witness,
        news=_build_news(gateway, opened),
        foreign=_build_foreign(opened, executor, bell),
        versions=desks.following.versions,
        bell=bell,
        stop=stop,
        clock=clock,
    )
    return Working(
        state_dir=options.state_dir,
        owned=owned,
        answers=answers,
        measuring=desks.measuring,
        following=desks.following,
        platform=desks.platform,
        metrics=options.metrics,
        reports=Reports(folder=options.state_dir.reports, store=owned.store, clock=clock),
        is_adopted=not opened.is_new,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desks:
    """Who tells an executor of the world, beside the driver."""

    controller: Controller
    witness: WitnessDesk
    following: Following
    measuring: MeasuringDesk
    platform: PlatformDesk


def _build_desks(
    options: RunOptions, opened: _Opened, controller: Controller, bell: Bell
) -> _Desks:
    clock, driver = opened.clock, opened.gateway.driver
    witness = WitnessDesk(_outside(controller, driver, bell), clock)
    return _Desks(
        controller=controller,
        witness=witness,
        following=Following(controller=controller, clients=opened.clients, clock=clock),
        measuring=build_measuring(
            controller, driver, witness, samples=opened.owned.store, clock=clock
        ),
        platform=wiring.build_platform_desk(os.environ, options.state_dir, clock),
    )


def _build_executor(gateway: Gateway, opened: _Opened, desks: _Desks) -> Executor:
    checks = build_live_checks(
        gateway,
        desks.controller,
        opened.gateway.driver,
        connections=opened.connections,
        versions=desks.following.versions,
        state=lambda: executor.state,
        survey=build_survey(gateway, opened.clients, opened.gateway.look, opened.clock),
    )

    async def is_overtaken() -> bool:
        return await executor.is_overtaken()

    call_back = CallBack(is_overtaken=is_overtaken, clock=opened.clock)
    is_slow = bool(opened.gateway.pace.usual_s)
    driver = opened.gateway.driver
    ports = Ports(
        journal=opened.owned.store,
        inbox=opened.owned.store,
        traffic=ControllerTraffic(
            desks.controller,
            driver,
            call_back if is_slow else None,
            may_cancel=opened.gateway.may_cancel,
            puts=opened.gateway.puts,
        ),
        witness=desks.witness,
        clock=opened.clock,
        checks=checks,
        metrics=desks.measuring,
        hooks=CommandHooks(os.environ),
        platform=desks.platform,
        backends=opened.gateway.backends,
        pace=opened.gateway.pace,
    )
    executor = Executor(ports, opened.state)
    opened.gateway.follow_upgrade(lambda: is_moving(executor.state))
    return executor


def is_moving(state: GatewayState) -> bool:
    """Whether an upgrade moves traffic now, or judges it where it went."""
    run = state.unfinished
    return run is not None and run.stage in MOVING


def _build_foreign(opened: _Opened, executor: Executor, bell: Bell) -> ForeignDesk | None:
    if opened.gateway.shared is None:
        return None
    return ForeignDesk(
        driver=opened.gateway.shared,
        state=lambda: executor.state,
        inbox=opened.owned.store,
        ring=bell.ring,
        clock=opened.clock,
    )


def _build_news(gateway: Gateway, opened: _Opened) -> NewsDesk:
    return NewsDesk(
        opened.owned.store,
        gateway=gateway.name,
        environ=os.environ,
        clock=opened.clock,
        rng=random.SystemRandom(),
    )


async def _take_over(
    stack: AsyncExitStack, options: RunOptions, listeners: Listeners, clock: Clock
) -> Owned:
    """Become the owner of the journal, and of the local files where that lies elsewhere."""
    place = options.state_dir
    owner = f"{options.owner} (process {os.getpid()})"
    try:
        store = await stack.enter_async_context(
            acquire_store(place.location, owner=owner, clock=clock)
        )
    except LockedError as error:
        if not options.is_standby:
            raise
        listeners.on_standby(error)
        store = await stack.enter_async_context(
            acquire_store(place.location, owner=owner, clock=clock, wait=True)
        )
    if place.url:
        stack.enter_context(hold_lock(place.lock))
    return store


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """The gateway's journal, and who its file says that the clusters are."""

    gateway: Gateway
    names: NamesOfFile
    journal: Store
    clock: Clock

    async def open(self) -> GatewayState:
        """Return the state that it tells of, in the names of the file."""
        initial = Split(Weights.all_to(self.gateway.active))
        state = await open_history(self.journal, initial, self.clock)
        return await self.names.settle(self.journal, state, self.clock)


async def _start_envoy(
    process: EnvoyProcess | None, history: _History
) -> tuple[bool, GatewayState]:
    """Start our own Envoy, or find it; return whether it is new, and what the journal says.

    The journal is begun only then: where Envoy cannot start, nothing has happened.
    """
    is_new = process is not None and await process.start()
    try:
        state = await history.open()
    except BasculeError:
        if process is not None and is_new:
            await process.stop()
        raise
    return is_new, state


async def record_kept(
    kept: GatewayKept | None, state: GatewayState, journal: Store, clock: Clock
) -> GatewayState:
    """Record what was there before us, once."""
    if kept is None or kept.gateway in state.kept:
        return state
    ledger = Ledger(journal, state, clock)
    await ledger.append(kept)
    return ledger.state


def _outside(controller: Controller, driver: GatewayDriver, bell: Bell) -> World:
    return World(
        targets=lambda: choose_targets(controller.view().routes, controller.certificates),
        observe=driver.observe,
        on_summary=bell.ring,
        is_previewed=lambda: controller.arrangement.preview is not None,
    )
