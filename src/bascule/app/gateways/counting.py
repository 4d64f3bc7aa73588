"""Counts the updates of an Application Gateway, and knows which is under way."""

from datetime import datetime

from typing_extensions import override

from bascule.app.metering import Timed
from bascule.clock import Clock
from bascule.gateway.appgw.operations import BegunOperation, OperationLog, WatchedWrite


class CountingLog(OperationLog):
    """A log like the one that it is made of, counted."""

    def __init__(self, log: OperationLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._begun_s: dict[str, float] = {}
        self.puts = Timed()
        """What Azure took since the runtime began."""

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
            self.puts.note_end(self._clock.monotonic_s() - begun_s)

    @override
    def unfinished(self) -> tuple[BegunOperation, ...]:
        return self._log.unfinished()

    @override
    def ids(self) -> tuple[str, ...]:
        return self._log.ids()

    @override
    def watch(self, write: WatchedWrite) -> None:
        self._log.watch(write)

    @override
    def unwatch(self, correlation_id: str) -> None:
        self._log.unwatch(correlation_id)

    @override
    def watched(self) -> tuple[WatchedWrite, ...]:
        return self._log.watched()
