"""Brings routes and split to the gateway, the split first, and remembers what it acknowledged."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.controller.cache import ClusterKnowledge
from bascule.controller.ports import ControllerPorts
from bascule.controller.view import ControllerView, Fault
from bascule.errors import (
    BasculeError,
    DriverError,
    InvariantError,
    JournalError,
    OutcomeUnknownError,
)
from bascule.gateway.driver import Applied
from bascule.ids import Cluster
from bascule.kube.backoff import Backoff
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import Problem, RouteSet, RoutingTable
from bascule.routing.weights import Split

BACKOFF = Backoff(first_s=0.2, max_s=30.0)
FIRST_OFFER_S = 30.0
"""How long a switch waits for the first routes."""

STORE_PAUSE_S = 1.0
STORE_RETRY_S = 5.0
EMPTY_ROUTES = RouteSet(listeners=(), hosts=())
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.controller")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is wanted when the pusher begins."""

    split: Split
    arrangement: Arrangement = NOTHING_ARRANGED


@dataclass(frozen=True, slots=True)
class _Offer:
    """Routes with the certificates that they name."""

    routes: RouteSet
    certificates: CertificateStore

    def asks_the_same(self, other: "_Offer | None") -> bool:
        """Whether the gateway would be sent the same; problems and staleness do not count."""
        if other is None:
            return False
        mine, others = self.routes, other.routes
        return mine is others or (mine.hosts == others.hosts and mine.listeners == others.listeners)


class Pusher:
    """The only caller of `GatewayDriver.apply`, one call at a time."""

    def __init__(
        self,
        ports: ControllerPorts,
        wanted: Wanted,
        *,
        clock: Clock,
        rng: random.Random,
        retry: Backoff = BACKOFF,
    ) -> None:
        self._driver = ports.driver
        self._last_good = ports.last_good
        self._reporters = ports.reporters
        self._clock = clock
        self._rng = rng
        self._retry = retry
        self.wanted_split = wanted.split
        self.wanted_arrangement = wanted.arrangement
        self._offered: _Offer | None = None
        self._applied: _Offer | None = None
        self._applied_table: RoutingTable | None = None
        self._is_offered = asyncio.Event()
        self._turn = asyncio.Lock()
        self._switches = 0
        self._no_switches = asyncio.Event()
        self._no_switches.set()
        self._bulk: asyncio.Timeout | None = None
        self._wake = Bell()
        self._to_store = Bell()
        self._gateway_problems: tuple[Problem, ...] = ()
        self._gateway_fault: Fault | None = None
        self._store_fault: Fault | None = None

    def offer(self, routes: RouteSet, certificates: CertificateStore) -> None:
        """Make these the routes to push next; what was offered before and not pushed is dropped."""
        self._offered = _Offer(routes, certificates)
        self._is_offered.set()
        self._wake.ring()

    async def wait_for_switches(self) -> None:
        """Return when no switch is under way: bulk work can wait for that long."""
        await self._no_switches.wait()

    async def set_split(self, split: Split) -> Applied:
        """See `Controller.set_split`."""
        former, self.wanted_split = self.wanted_split, split
        await self._wait_for_offer()
        self._begin_switch()
        try:
            async with self._turn:
                return await self._apply(self._best_offer(), split, self._live_arrangement())
        except DriverError:
            if self.wanted_split is split:
                self.wanted_split = former
            raise
        finally:
            self._end_switch()
            self._wake.ring()

    async def set_arrangement(self, arrangement: Arrangement) -> None:
        """See `Controller.set_arrangement`. A switch overtakes it."""
        former, self.wanted_arrangement = self.wanted_arrangement, arrangement
        await self._wait_for_offer()
        try:
            while not await self._push_in_bulk(self._best_offer):
                _LOG.info("an arrangement waits for a switch")
        except DriverError:
            if self.wanted_arrangement is arrangement:
                self.wanted_arrangement = former
            raise
        finally:
            self._wake.ring()

    async def push_offered(self) -> None:
        """Return when the gateway has acknowledged the newest routes, or newer ones.

        Raises as `set_split`. A switch overtakes it.
        """
        await self._wait_for_offer()
        while not await self._push_in_bulk(lambda: self._offered):
            _LOG.info("routes wait for a switch")

    async def push_routes(self, routes: RouteSet, certificates: CertificateStore) -> None:
        """Return when the gateway has acknowledged these routes; they are offered from then on.

        Raises as `set_split`: where they are refused, what was offered before still is. A switch
        overtakes it.
        """
        offer = _Offer(routes, certificates)
        try:
            while not await self._push_in_bulk(lambda: offer):
                _LOG.info("routes wait for a switch")
        except OutcomeUnknownError:
            self.offer(routes, certificates)
            raise
        self._offered = offer

    async def keep_pushed(self) -> None:
        """Push whatever differs from what the gateway acknowledged, until cancelled."""
        while True:
            await self._wake.wait()
            while self._is_behind():
                await self._push()
                if (fault := self._gateway_fault) is not None:
                    wait_s = self._retry.wait_s(fault.attempts, self._rng)
                    await self._wake.wait_until(self._clock, self._clock.monotonic_s() + wait_s)

    async def keep_stored(self) -> None:
        """Store each acknowledged table, at most one a second, until cancelled."""
        while True:
            await self._to_store.wait()
            table, offer = self._applied_table, self._applied
            if table is None or offer is None:
                continue
            try:
                await asyncio.to_thread(self._last_good.store, table, offer.certificates)
                self._store_fault = None
            except JournalError as error:
                self._store_fault = self._fault(self._store_fault, error)
                self._to_store.ring()
                _LOG.warning("the last good table is not stored", reason=error.message)
            await self._clock.sleep_until(self._clock.monotonic_s() + self._store_pause_s())

    def view(
        self, clusters: Mapping[Cluster, ClusterKnowledge], routes: RouteSet | None
    ) -> ControllerView:
        """Return what is known and done now."""
        table = self._applied_table
        return ControllerView(
            clusters=clusters,
            routes=routes or EMPTY_ROUTES,
            wanted_split=self.wanted_split,
            wanted_arrangement=self.wanted_arrangement,
            applied_split=table.split if table else None,
            applied_table_digest=table.digest if table else None,
            gateway_problems=self._gateway_problems,
            is_pending=self._is_behind(),
            gateway_fault=self._gateway_fault,
            last_good_fault=self._store_fault,
        )

    def _is_behind(self) -> bool:
        if self._offered is None:
            return False
        table = self._applied_table
        if table is None or table.split != self.wanted_split:
            return True
        if table.arrangement != self.wanted_arrangement:
            return True
        return not self._offered.asks_the_same(self._applied)

    async def _push(self) -> None:
        try:
            if not await self._push_in_bulk(lambda: self._offered if self._is_behind() else None):
                _LOG.info("routes wait for a switch")
        except (DriverError, OutcomeUnknownError) as error:
            self._gateway_fault = self._fault(self._gateway_fault, error)
            _LOG.warning(
                "the gateway did not take the routing table",
                reason=error.message,
                remedy=error.remedy,
                attempts=self._gateway_fault.attempts,
            )

    async def _push_in_bulk(self, choose: Callable[[], _Offer | None]) -> bool:
        """Apply an offer, the wanted split and arrangement; False when a switch broke it off.

        What is to be applied is chosen when it is our turn. A switch breaks it off once at most.
        """
        await self._no_switches.wait()
        async with self._turn:
            if self._switches:  # It began while others had the turn, and waits behind us.
                return False
            offer = choose()
            if offer is None:
                return True
            try:
                async with asyncio.timeout(None) as self._bulk:
                    await self._apply(offer, self.wanted_split, self.wanted_arrangement)
            except TimeoutError:
                return False
            finally:
                self._bulk = None
        return True

    async def _apply(self, offer: _Offer, split: Split, arrangement: Arrangement) -> Applied:
        table = RoutingTable(routes=offer.routes, split=split, arrangement=arrangement)
        applied = await self._driver.apply(table, offer.certificates)
        self._applied, self._applied_table = offer, table
        self._gateway_problems = applied.problems
        self._gateway_fault = None
        self._to_store.ring()
        for reporter in self._reporters:
            reporter.tell_applied(offer.routes, applied.problems)
        return applied

    async def _wait_for_offer(self) -> None:
        """Return when there are routes.

        Raises OutcomeUnknownError in the end: a later order may need none of the cluster that
        they wait for.
        """
        if self._is_offered.is_set():
            return
        async with asyncio.TaskGroup() as group:
            offered = group.create_task(self._is_offered.wait())
            late = group.create_task(
                self._clock.sleep_until(self._clock.monotonic_s() + FIRST_OFFER_S)
            )
            await asyncio.wait((offered, late), return_when=asyncio.FIRST_COMPLETED)
            offered.cancel()
            late.cancel()
        if not self._is_offered.is_set():
            raise OutcomeUnknownError(
                f"no cluster that gets requests could be listed within {FIRST_OFFER_S:g} s",
                remedy="look with `bascule status`; it is sent when the cluster is back",
            )

    def _best_offer(self) -> _Offer:
        """Return the routes for a switch: those that are live, so that nothing else is sent."""
        offer = self._applied or self._offered
        if offer is None:
            raise InvariantError("a switch began before there were routes")
        return offer

    def _live_arrangement(self) -> Arrangement:
        """Return the arrangement for a switch: the one that is live, as with routes."""
        table = self._applied_table
        return self.wanted_arrangement if table is None else table.arrangement

    def _store_pause_s(self) -> float:
        return STORE_RETRY_S if self._store_fault else STORE_PAUSE_S

    def _begin_switch(self) -> None:
        """Hold back the pushing of routes; one that is under way is broken off and begun again.

        What the gateway has of it already stays in force, and the split overtakes it.
        """
        self._switches += 1
        self._no_switches.clear()
        if self._bulk is not None and not self._bulk.expired():
            self._bulk.reschedule(asyncio.get_running_loop().time())

    def _end_switch(self) -> None:
        self._switches -= 1
        if self._switches == 0:
            self._no_switches.set()

    def _fault(self, former: Fault | None, error: BasculeError) -> Fault:
        return Fault(
            message=error.message,
            remedy=error.remedy,
            since=former.since if former else self._clock.now(),
            attempts=former.attempts + 1 if former else 1,
        )
