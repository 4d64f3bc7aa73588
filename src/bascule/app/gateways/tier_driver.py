"""An Application Gateway in front of Envoys as one gateway: Envoy chooses the cluster.

A switch, weights, previews by header and mirroring are Envoy's alone. The gateway in front changes
when hosts, certificates or what is asked of listeners do; that takes a cloud's time, so it follows
on its own, and nobody waits for it but whoever asks for a preview's host.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog
from typing_extensions import override

from bascule.app.gateways.front import Divider, Tier
from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.controller.holdoff import HoldOff, Pending, due_s, note_change
from bascule.errors import BasculeError, JournalError
from bascule.gateway.appgw.abilities import TRAFFIC_KINDS
from bascule.gateway.driver import (
    Applied,
    Capabilities,
    ClusterTraffic,
    Convergence,
    GatewayDriver,
    Observation,
)
from bascule.ids import Cluster
from bascule.kube.backoff import Backoff
from bascule.routing.arrangement import Arrangement
from bascule.routing.certificates import EMPTY_STORE, CertificateStore
from bascule.routing.model import Problem, RoutingTable
from bascule.routing.weights import Split

LOOK_EVERY_S = 30.0
"""How often the gateway in front is looked at while nothing changes there."""
TO_BE_WRITTEN = "what it is to serve is on its way there"
_FROM_GOOD_TO_BAD = (
    Convergence.CONVERGED,
    Convergence.PENDING,
    Convergence.UNKNOWN,
    Convergence.REFUSED,
    Convergence.FOREIGN_CHANGE,
)
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the gateway in front is written: what is gathered, and when it is tried again."""

    hold_off: HoldOff
    retry: Backoff
    rng: random.Random


@dataclass(frozen=True, slots=True)
class _Front:
    """What is to be in front."""

    table: RoutingTable
    certificates: CertificateStore


class TierDriver(GatewayDriver):
    """Implements the protocol over a driver of Envoys and one of the gateway in front of them."""

    def __init__(
        self,
        envoys: GatewayDriver,
        front: GatewayDriver,
        tier: Tier,
        *,
        clock: Clock,
        manner: Manner,
    ) -> None:
        self._envoys = envoys
        self._front = front
        self._clock = clock
        self._manner = manner
        self._divider = Divider(tier)
        self._wanted: _Front | None = None
        self._split: Split | None = None
        """Of the table that the Envoys acknowledged last."""
        self._live_digest = ""
        self._digests = ("", "")
        """Of the table that the Envoys acknowledged last: their part's, and its own."""
        self._pending: Pending | None = None
        self._changed = Bell()
        self._turn = asyncio.Lock()
        self._front_seen = Observation(convergence=Convergence.CONVERGED)
        """How the gateway in front was, when it was written or looked at last."""
        self.front_problems: tuple[Problem, ...] = ()
        self.on_front: Callable[[], None] = _tell_nobody
        """Told each time that the gateway in front was written or looked at."""

    @property
    def front_trouble(self) -> str:
        """Why the gateway in front is not as it should be; empty: it is, or is not written yet."""
        return self._front_seen.reason

    @override
    def capabilities(self) -> Capabilities:
        return behind_a_gateway(self._envoys.capabilities())

    @override
    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        divided = self._divider.divide(table.routes, table.arrangement)
        behind = replace(table, routes=divided.behind)
        applied = await self._envoys.apply(behind, EMPTY_STORE)
        self._digests = (behind.digest, table.digest)
        front = divided.front_table
        # Whoever moves traffic waits for nothing in front, and neither does the first table.
        is_waited_for = self._split == table.split and _shows_hosts(table.arrangement)
        self._split, self._wanted = table.split, _Front(front, certificates)
        if front.digest != self._live_digest:
            self._pending = note_change(self._pending, self._clock.monotonic_s())
            self._changed.ring()
            if is_waited_for:
                await self._push_front()
        problems = (*divided.problems, *self.front_problems)
        return replace(applied, table_digest=table.digest, problems=tuple(sorted(set(problems))))

    async def keep_front(self) -> None:
        """Bring what is wanted in front there, once changes pause, until cancelled."""
        failures = 0
        while True:
            due = self._clock.monotonic_s() + LOOK_EVERY_S
            await self._changed.wait_until(self._clock, due)
            await self._hold_off()
            try:
                await self._push_front()
                failures = 0
                await self._look()
            except JournalError:
                raise
            except BasculeError as error:
                failures += 1
                await self._look_for_fault(error)
                _LOG.warning(
                    "the gateway in front was not written",
                    reason=error.message,
                    remedy=error.remedy,
                    attempts=failures,
                )
                wait_s = self._manner.retry.wait_s(failures, self._manner.rng)
                await self._clock.sleep_until(self._clock.monotonic_s() + wait_s)
                self._changed.ring()

    @override
    async def observe(self) -> Observation:
        """Return what the Envoys show; what is worse of both halves, and why it is in each.

        The gateway in front is not asked: it is as it was last seen.
        """
        seen = await self._envoys.observe()
        part, whole = self._digests
        front = self._judge_front()
        halves = (("the Envoys", seen), ("the gateway in front", front))
        return replace(
            seen,
            convergence=max(seen.convergence, front.convergence, key=_FROM_GOOD_TO_BAD.index),
            reason="; ".join(f"{name}: {each.reason}" for name, each in halves if each.reason),
            table_digest=whole if seen.table_digest == part else seen.table_digest,
            is_split_settled=seen.goes_by_split,
        )

    def _judge_front(self) -> Observation:
        seen = self._front_seen
        is_behind = self._wanted is None or self._wanted.table.digest != self._live_digest
        if is_behind and seen.convergence is Convergence.CONVERGED:
            return Observation(convergence=Convergence.PENDING, reason=TO_BE_WRITTEN)
        return seen

    @override
    async def measure(self) -> Mapping[Cluster, ClusterTraffic]:
        return await self._envoys.measure()

    async def _push_front(self) -> None:
        async with self._turn:
            wanted = self._wanted
            if wanted is None or wanted.table.digest == self._live_digest:
                return
            self._pending, self._live_digest = None, ""  # until it is known how this ends
            applied = await self._front.apply(wanted.table, wanted.certificates)
            self._live_digest = wanted.table.digest
            self.front_problems = applied.problems
            self._front_seen = Observation(convergence=Convergence.CONVERGED)
        self.on_front()

    async def _look(self) -> None:
        """Look at the gateway in front; what was seen before or while it was written is let go."""
        digest = self._live_digest
        seen = await self._front.observe()
        if digest == self._live_digest and not self._turn.locked():
            self._front_seen = seen
        self.on_front()

    async def _look_for_fault(self, error: BasculeError) -> None:
        """Keep why it could not be written, as it says itself that things stand."""
        seen = await self._front.observe()
        if seen.convergence is Convergence.CONVERGED:
            seen = Observation(convergence=Convergence.PENDING)
        self._front_seen = replace(seen, reason=error.message)

    async def _hold_off(self) -> None:
        while self._pending is not None:
            due = due_s(self._pending, self._manner.hold_off)
            if due <= self._clock.monotonic_s():
                return
            await self._clock.sleep_until(due)


def behind_a_gateway(envoys: Capabilities) -> Capabilities:
    """Return what Envoys can do behind an Application Gateway."""
    return replace(envoys, traffic_kinds=envoys.traffic_kinds & TRAFFIC_KINDS)


def _shows_hosts(arrangement: Arrangement) -> bool:
    return arrangement.preview is not None and bool(arrangement.preview.hosts)


def _tell_nobody() -> None:
    """Nobody wants to know."""
