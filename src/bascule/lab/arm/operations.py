"""Long-running operations: they advance with time, whether anybody polls them or not."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from bascule.clock import Clock

Work = Callable[["Operation"], Awaitable[None]]
"""What an operation does; raise OperationFailedError to let it fail."""


class OperationFailedError(Exception):
    """An operation ends as `Failed` with this code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


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

    @property
    def is_ended(self) -> bool:
        """Whether it has come to an end."""
        return self.status in {"Succeeded", "Failed", "Canceled"}


class Operations:
    """All operations; `run` carries them out and must run as long as the server does."""

    def __init__(self, clock: Clock, make_id: Callable[[], UUID]) -> None:
        self._clock = clock
        self._make_id = make_id
        self._by_id: dict[str, Operation] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None

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

    def begin(self, name: str, resource_id: str, *, duration_s: float, work: Work) -> Operation:
        """Begin an operation that ends after `duration_s` and when `work` has returned.

        `work` is called at once and may spread its effects over `operation.duration_s`; one that
        returns early is not shown as ended before its time. It is cancelled when superseded.
        """
        operation = Operation(
            id=str(self._make_id()),
            name=name,
            resource_id=resource_id,
            begun_s=self._clock.monotonic_s(),
            duration_s=duration_s,
        )
        self._by_id[operation.id] = operation
        if self._group is None:
            raise RuntimeError("operations are begun only while `run` runs")
        self._tasks[operation.id] = self._group.create_task(self._carry_out(operation, work))
        return operation

    def find(self, operation_id: str) -> Operation | None:
        """Return an operation by its id."""
        return self._by_id.get(operation_id)

    def running_on(self, resource_id: str) -> Operation | None:
        """Return the operation that runs on a resource, the newest one, or None."""
        wanted = resource_id.lower()
        for operation in reversed(self._by_id.values()):
            if operation.resource_id.lower() == wanted and not operation.is_ended:
                return operation
        return None

    def cancel(self, operation: Operation, error: Mapping[str, Any]) -> None:
        """End an operation as `Canceled`, wherever its work has got to."""
        if operation.is_ended:
            return
        operation.status = "Canceled"
        operation.error = error
        task = self._tasks.pop(operation.id, None)
        if task is not None:
            task.cancel()

    async def _carry_out(self, operation: Operation, work: Work) -> None:
        try:
            await work(operation)
            await self._clock.sleep_until(operation.begun_s + operation.duration_s)
        except OperationFailedError as failure:
            operation.error = {"code": failure.code, "message": failure.message}
            operation.status = "Failed"
        else:
            operation.status = "Succeeded"
        finally:
            self._tasks.pop(operation.id, None)
