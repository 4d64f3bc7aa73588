import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from uuid import UUID

import pytest

from bascule.lab.arm.operations import Fate, Operation, OperationFailedError, Operations
from tests.support.virtual_clock import VirtualClock

RESOURCE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/x/y"


def make_operations(clock: VirtualClock) -> Operations:
    numbers = count(1)
    return Operations(clock, lambda: UUID(int=next(numbers)))


@asynccontextmanager
async def running(operations: Operations) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(operations.run())
        await asyncio.sleep(0)
        yield
        task.cancel()


async def nothing(_operation: Operation) -> None:
    return None


async def test_an_operation_ends_when_its_time_is_up_whether_it_is_polled_or_not() -> None:
    clock = VirtualClock()
    operations = make_operations(clock)
    ended: list[str] = []
    operations.on_end = lambda operation: ended.append(operation.status)
    async with running(operations):
        operation = operations.begin("Put", RESOURCE, duration_s=10, work=nothing)
        await clock.advance(9)
        assert operations.running_on(RESOURCE.upper()) is operation
        await clock.advance(1)

    assert (operation.status, ended) == ("Succeeded", ["Succeeded"])
    assert operations.running_on(RESOURCE) is None
    assert operations.find(operation.id) is operation
    assert operation.begun_at is not None
    assert operation.ended_at is not None
    assert (operation.ended_at - operation.begun_at).total_seconds() == 10


async def test_work_that_fails_ends_it_at_once() -> None:
    clock = VirtualClock()
    operations = make_operations(clock)

    async def fail(_operation: Operation) -> None:
        raise OperationFailedError("PortTaken", "it is taken")

    async with running(operations):
        operation = operations.begin("Put", RESOURCE, duration_s=10, work=fail)
        await clock.settle()

    assert operation.status == "Failed"
    assert operation.error == {"code": "PortTaken", "message": "it is taken"}


async def test_work_that_breaks_fails_and_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock()
    operations = make_operations(clock)

    async def break_down(_operation: Operation) -> None:
        raise ZeroDivisionError

    async with running(operations):
        other = operations.begin("Put", RESOURCE, duration_s=10, work=nothing)
        broken = operations.begin("Put", RESOURCE, duration_s=10, work=break_down)
        await clock.advance(10)

    assert (broken.status, other.status) == ("Failed", "Succeeded")
    assert "broke" in caplog.text


async def test_a_superseded_operation_is_cancelled_wherever_it_has_got_to() -> None:
    clock = VirtualClock()
    operations = make_operations(clock)
    steps: list[int] = []

    async def work(operation: Operation) -> None:
        for step in range(4):
            steps.append(step)
            await clock.sleep_until(operation.begun_s + step * 3)

    async with running(operations):
        operation = operations.begin("Put", RESOURCE, duration_s=10, work=work)
        await clock.advance(4)
        operations.cancel(operation, {"code": "Canceled"})
        operations.cancel(operation, {"code": "Twice"})
        await clock.advance(10)

    assert (operation.status, operation.error) == ("Canceled", {"code": "Canceled"})
    assert steps == [0, 1, 2]


async def test_a_fault_plan_slows_operations_and_lets_them_fail_half_done() -> None:
    clock = VirtualClock()
    operations = make_operations(clock)
    error = {"code": "Broken", "message": "oh"}
    operations.choose_fate = lambda _operation: Fate(extra_s=10, error=error)
    steps: list[int] = []

    async def work(operation: Operation) -> None:
        for step in range(4):
            steps.append(step)
            await clock.sleep_until(operation.begun_s + step * 5)

    async with running(operations):
        operation = operations.begin("Put", RESOURCE, duration_s=10, work=work)
        await clock.advance(9)
        assert operation.status == "InProgress"
        await clock.advance(1)

    assert (operation.status, operation.error) == ("Failed", error)
    assert steps == [0, 1, 2]


async def test_operations_are_begun_only_while_they_are_carried_out() -> None:
    operations = make_operations(VirtualClock())

    with pytest.raises(RuntimeError, match="only while"):
        operations.begin("Put", RESOURCE, duration_s=1, work=nothing)
    assert operations.all() == ()
