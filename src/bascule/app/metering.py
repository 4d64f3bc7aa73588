"""Counts what a gateway was asked for and how it went, and knows what it is at now."""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from typing_extensions import override

from bascule.clock import Clock
from bascule.errors import BasculeError, DriverError, ForeignChangeError, OutcomeUnknownError
from bascule.gateway.appgw.errors import HeldStillError
from bascule.gateway.driver import (
    Applied,
    Capabilities,
    ClusterTraffic,
    Convergence,
    GatewayDriver,
    Observation,
)
from bascule.ids import Cluster
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RoutingTable

BOUNDS_S = (0.005, 0.02, 0.1, 0.5, 2.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
STOP_OTHERS = "find out who it is, and keep other writers away while this one works"
STOPS_MAX = 16
"""So many reasons to stop wait to be taken; the oldest are let go beyond this."""
SAID_FROM_S = 1.0
"""A change that takes less is not worth a word."""


@dataclass(slots=True)
class Timed:
    """How often something was done, and how long it took."""

    total: int = 0
    """Those that are under way included."""
    seconds: float = 0.0
    """Of those that have ended, together."""
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    """How many took at most BOUNDS_S[i], and more than the bound before it."""

    def note_end(self, seconds: float) -> None:
        """Take in how long one took."""
        self.seconds += seconds
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1


@dataclass(slots=True)
class Figures:
    """Totals since the runtime began."""

    applied: Timed = field(default_factory=Timed)
    """Tables that were acknowledged and for which something was sent."""
    unchanged: int = 0
    """Tables that were live already."""
    refused: int = 0
    unknown: int = 0
    """Tables of which nobody knows whether they are live."""
    foreign: int = 0
    """How often somebody else's change was found."""


class MeteredDriver(GatewayDriver):
    """A driver like the one that it is made of, counted."""

    def __init__(
        self,
        driver: GatewayDriver,
        clock: Clock,
        *,
        on_table: Callable[[RoutingTable], None] | None = None,
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._on_table = on_table
        """Told of each table before it is applied."""
        self._begun_s: float | None = None
        self._told_foreign: str | None = None
        self._stops: deque[DriverError] = deque(maxlen=STOPS_MAX)
        self.figures = Figures()

    def progress(self, usual_s: float = 0.0) -> str:
        """Return what the gateway is at, for whoever waits; empty: nothing that takes time.

        `usual_s` is how long it mostly takes; 0: not worth a word.
        """
        if self._begun_s is None:
            return ""
        passed_s = self._clock.monotonic_s() - self._begun_s
        if passed_s < SAID_FROM_S:
            return ""
        usual = f" (mostly about {usual_s:.0f} s)" if usual_s else ""
        return f"the gateway is being updated, {passed_s:.0f} s{usual}"

    def take_stop(self) -> DriverError | None:
        """Return what stops an upgrade, each once, the oldest first.

        Somebody else's change, or that Azure refused what changed while traffic moves.
        """
        return self._stops.popleft() if self._stops else None

    @override
    def capabilities(self) -> Capabilities:
        return self._driver.capabilities()

    @override
    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        begun_s = self._begun_s = self._clock.monotonic_s()
        if self._on_table is not None:
            self._on_table(table)
        try:
            applied = await self._driver.apply(table, certificates)
        except BasculeError as error:
            self._count(error)
            raise
        finally:
            if self._begun_s == begun_s:  # else a newer one has taken its place
                self._begun_s = None
        if applied.acknowledged_s == applied.sent_s:
            self.figures.unchanged += 1
        else:
            self.figures.applied.total += 1
            self.figures.applied.note_end(self._clock.monotonic_s() - begun_s)
        return applied

    @override
    async def observe(self) -> Observation:
        seen = await self._driver.observe()
        is_foreign = seen.convergence is Convergence.FOREIGN_CHANGE
        if is_foreign and seen.reason != self._told_foreign:
            self.figures.foreign += 1
            self._stops.append(ForeignChangeError(seen.reason, remedy=STOP_OTHERS))
        self._told_foreign = seen.reason if is_foreign else None
        return seen

    @override
    async def measure(self) -> Mapping[Cluster, ClusterTraffic]:
        return await self._driver.measure()

    def _count(self, error: BasculeError) -> None:
        match error:
            case ForeignChangeError():
                self.figures.foreign += 1
                self._stops.append(error)
            case HeldStillError():
                self.figures.refused += 1
                self._stops.append(error)
            case DriverError():
                self.figures.refused += 1
            case OutcomeUnknownError():
                self.figures.unknown += 1
            case _:
                pass
