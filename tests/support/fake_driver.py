"""A gateway in memory: passes the driver contract suite and can be told to fail."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bascule.clock import Clock
from bascule.errors import BasculeError, DriverError, ForeignChangeError
from bascule.gateway.driver import (
    Applied,
    Capabilities,
    ClusterTraffic,
    Convergence,
    Observation,
)
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE, CertificateStore
from bascule.routing.model import Problem, RoutingTable


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedCall:
    """One call of `apply` that took effect."""

    table: RoutingTable
    certificates: CertificateStore
    applied: Applied


class FakeDriver:
    """Implements `bascule.gateway.driver.GatewayDriver`.

    `fail_next` makes coming calls raise, `hold` keeps calls waiting for `release`, as a gateway
    that is slow to acknowledge does. A call that is cancelled while it is held has taken no effect.
    """

    def __init__(self, clock: Clock, *, instances: int = 1) -> None:
        self._clock = clock
        self._instances = instances
        self._failures: list[BasculeError] = []
        self._gate = asyncio.Event()
        self._gate.set()
        self.calls: list[AppliedCall] = []
        self.attempts: list[RoutingTable] = []
        self.waiting = 0
        self.table: RoutingTable | None = None
        self.certificates = EMPTY_STORE
        self.traffic: Mapping[Cluster, ClusterTraffic] = {}
        """What `observe` and `measure` tell, the former without latencies."""
        self.trouble: tuple[Convergence, str] | None = None
        """What `observe` tells beside what is live, until the next call that takes effect."""
        self.problems: tuple[Problem, ...] = ()
        """What `apply` says that it made otherwise."""
        self._looks = asyncio.Event()
        self._looks.set()

    def fail_next(self, *errors: BasculeError) -> None:
        """Let the next calls of `apply` raise these, one each."""
        self._failures.extend(errors)

    def hold(self) -> None:
        """Keep every call of `apply` waiting until `release`."""
        self._gate.clear()

    def release(self) -> None:
        """Let the calls that wait go on."""
        self._gate.set()

    def capabilities(self) -> Capabilities:
        return Capabilities(
            weight_step_bp=1,
            has_sticky_sessions=True,
            has_mirroring=True,
            has_preview_by_header=True,
            has_drain=True,
            is_switch_atomic=True,
            traffic_kinds=frozenset({"http1", "http2", "websocket", "grpc"}),
        )

    def hold_looks(self) -> None:
        """Keep every call of `observe` waiting, with what it has seen, until `release_looks`."""
        self._looks.clear()

    def release_looks(self) -> None:
        """Let them go on."""
        self._looks.set()

    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        sent_s = self._clock.monotonic_s()
        self.attempts.append(table)
        if self._failures:
            error = self._failures.pop(0)
            self.trouble = (_convergence_of(error), error.message)
            raise error
        await self._pass_gate()
        applied = Applied(
            table_digest=table.digest,
            sent_s=sent_s,
            acknowledged_s=self._clock.monotonic_s(),
            instances=self._instances,
            is_split_only=self._is_split_only(table),
            problems=self.problems,
        )
        self.table, self.certificates, self.trouble = table, certificates, None
        self.calls.append(AppliedCall(table=table, certificates=certificates, applied=applied))
        return applied

    async def observe(self) -> Observation:
        seen = self._see()
        await self._looks.wait()
        return seen

    def _see(self) -> Observation:
        convergence, reason = self.trouble or (Convergence.CONVERGED, "")
        if self.table is None:
            if self.trouble is None:
                convergence, reason = Convergence.PENDING, "nothing was applied yet"
            return Observation(convergence=convergence, reason=reason)
        return Observation(
            convergence=convergence,
            reason=reason,
            table_digest=self.table.digest,
            split=self.table.split,
            instances=self._instances,
            traffic={c: replace(seen, latency=None) for c, seen in self.traffic.items()},
        )

    async def measure(self) -> Mapping[Cluster, ClusterTraffic]:
        return self.traffic

    async def _pass_gate(self) -> None:
        self.waiting += 1
        try:
            await self._gate.wait()
        finally:
            self.waiting -= 1

    def _is_split_only(self, table: RoutingTable) -> bool:
        return (
            self.table is not None
            and self.table.split != table.split
            and self.table.arrangement == table.arrangement
            and self.table.routes.digest == table.routes.digest
        )


def _convergence_of(error: BasculeError) -> Convergence:
    match error:
        case ForeignChangeError():
            return Convergence.FOREIGN_CHANGE
        case DriverError():
            return Convergence.REFUSED
        case _:
            return Convergence.PENDING
