"""Counts the updates of an Application Gateway, and knows which is under way."""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime

from typing_extensions import override

from bascule.app.metering import BOUNDS_S
from bascule.clock import Clock
from bascule.gateway.appgw.operations import BegunOperation, OperationLog


@dataclass(slots=True)
class Puts:
    """Totals since the runtime began, of what Azure took."""

    total: int = 0
    seconds: float = 0.0
    """How long those took whose end was seen, together."""
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    """How many took at most BOUNDS_S[i], and more than the bound before it."""


class CountingLog(OperationLog):
    """A log like the one that it is made of, counted."""

    def __init__(self, log: OperationLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._begun_s: dict[str, float] = {}
        self.puts = Puts()

    @property
    def under_way_since(self) -> datetime | None:
        """When the newest update began whose end was not seen; None: there is none."""
        found = self.unfinished()
        return found[-1].begun_at if found else None

    @override
    def record(self, operation: BegunOperation) -> None:
        self._log.record(operation)
        name = operation.correlation_id
        if operation.operation_url and name not in self._begun_s:
            self._begun_s[name] = self._clock.monotonic_s()
            self.puts.total += 1

    @override
    def forget(self, correlation_id: str) -> None:
        self._log.forget(correlation_id)
        begun_s = self._begun_s.pop(correlation_id, None)
        if begun_s is not None:
            passed_s = self._clock.monotonic_s() - begun_s
            self.puts.seconds += passed_s
            self.puts.counts[bisect_left(BOUNDS_S, passed_s)] += 1

    @override
    def unfinished(self) -> tuple[BegunOperation, ...]:
        return self._log.unfinished()
