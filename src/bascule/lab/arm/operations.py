"""Long-running operations: they advance with time, whether anybody polls them or not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from bascule.clock import Clock

OPERATIONS_MAX = 10_000
_log = logging.getLogger(__name__)
_BROKEN = {"code": "InternalServerError", "message": "An internal error occurred; see the log."}

Work = Callable[["Operation"], Awaitable[None]]
"""What an operation does; raise OperationFailedError to let it fail."""


class OperationFailedError(Exception):
    """An operation ends as `Failed` with this code and message."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        target: str = "",
        details: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.target = target
        self.details = tuple(details)

    def render(self) -> Mapping[str, Any]:
        """Return the error as a poll shows it."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target:
            error["target"] = self.target
        if self.details:
            error["details"] = list(self.details)
        return error


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What a fault plan has in store for an operation."""

    extra_s: float = 0.0
    """It takes so much longer."""
    error: Mapping[str, Any] | None = None
    """It fails with this, wherever its work has got to by half its time."""


@dataclass(slots=True, kw_only=True)
class Operation:
    """One operation; `status` is what a poll shows."""

    id: str
    name: str
    """Such as `PutApplicationGatewayOperation`."""
    resource_id: str
    begun_s: float
    duration_s: float
    """How long it is to take, of the lab's clock."""
    status: str = "InProgress"
    error: Mapping[str, Any] | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    """More of what a poll shows."""
    kind: str = ""
    """Such as `appgw.put`: by it the durations choose what Retry-After says."""
    result: Any = None
    """What `operationResults` answers once it has succeeded; None: no content."""
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    polls: int = 0

    @property
    def is_ended(self) -> bool:
        """Whether it has come to an end."""
        return self.status in {"Succeeded", "Failed", "Canceled"}


class Operations:
    """All operations; `run` carries them out and must run as long as the server does.

    `choose_fate` is asked once for each operation, `on_end` is called with each that has ended.
    """

    def __init__(self, clock: Clock, make_id: Callable[[], UUID]) -> None:
        self._clock = clock
        self._make_id = make_id
        self._by_id: dict[str, Operation] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self.choose_fate: Callable[[Operation], Fate] = lambda _operation: Fate()
        self.on_end: Callable[[Operation], None] = lambda _operation: None

    async def run(self) -> None:
        """Carry out what is begun, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None
                for task in self._tasks.values():
                    task.cancel()

    def begin(
        self, name: str, resource_id: str, *, duration_s: float, work: Work, kind: str = ""
    ) -> Operation:
        """Begin an operation that ends after `duration_s` and when `work` has returned.

        `work` is called at once and may spread its effects over `operation.duration_s`; one that
        returns early is not shown as ended before its time. It is cancelled when superseded.
        """
        if self._group is None:
            raise RuntimeError("operations are begun only while `run` runs")
        operation = Operation(
            id=str(self._make_id()),
            name=name,
            resource_id=resource_id,
            begun_s=self._clock.monotonic_s(),
            duration_s=duration_s,
            kind=kind,
            begun_at=self._clock.now(),
        )
        fate = self.choose_fate(operation)
        operation.duration_s += fate.extra_s
        self.keep(operation)
        self._tasks[operation.id] = self._group.create_task(self._carry_out(operation, work, fate))
        return operation

    def keep(self, operation: Operation) -> None:
        """Have an operation known, such as one of before a restart; forget the oldest ended."""
        self._by_id[operation.id] = operation
        if len(self._by_id) > OPERATIONS_MAX:
            oldest = next((each for each in self._by_id.values() if each.is_ended), None)
            if oldest is not None:
                del self._by_id[oldest.id]

    def all(self) -> tuple[Operation, ...]:
        """Return all operations, the oldest first."""
        return tuple(self._by_id.values())

    def find(self, operation_id: str) -> Operation | None:
        """Return an operation by its id."""
        return self._by_id.get(operation_id)

    def running_on(self, resource_id: str) -> Operation | None:
        """Return the operation that runs on a resource, the newest one, or None."""
        wanted = resource_id.lower()
        for operation_id in reversed(self._tasks):
            operation = self._by_id[operation_id]
            if operation.resource_id.lower() == wanted and not operation.is_ended:
                return operation
        return None

    def cancel(self, operation: Operation, error: Mapping[str, Any]) -> None:
        """End an operation as `Canceled`, wherever its work has got to."""
        if operation.is_ended:
            return
        task = self._tasks.pop(operation.id, None)
        if task is not None:
            task.cancel()
        self._end(operation, "Canceled", error)

    async def _carry_out(self, operation: Operation, work: Work, fate: Fate) -> None:
        try:
            if fate.error is not None:
                await self._work_in_part(operation, work, fate.error)
            await work(operation)
            await self._clock.sleep_until(operation.begun_s + operation.duration_s)
        except OperationFailedError as failure:
            self._end(operation, "Failed", failure.render())
        except Exception:  # noqa: BLE001 - the supervisor of this task: one broken provider ends no other
            _log.exception("%s on %s broke", operation.name, operation.resource_id)
            self._end(operation, "Failed", _BROKEN)
        else:
            self._end(operation, "Succeeded", None)
        finally:
            self._tasks.pop(operation.id, None)

    async def _work_in_part(
        self, operation: Operation, work: Work, error: Mapping[str, Any]
    ) -> None:
        """Work for half the time, then fail; what is not done by then is not done."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._swallow(operation, work))
            await self._clock.sleep_until(operation.begun_s + operation.duration_s / 2)
            task.cancel()
        raise OperationFailedError(error["code"], error["message"])

    async def _swallow(self, operation: Operation, work: Work) -> None:
        with suppress(OperationFailedError):
            await work(operation)

    def _end(self, operation: Operation, status: str, error: Mapping[str, Any] | None) -> None:
        operation.status = status
        operation.error = error
        operation.ended_at = self._clock.now()
        self.on_end(operation)
