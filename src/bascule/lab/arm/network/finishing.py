"""How the work of an operation ends: its document says Succeeded or Failed when its time is up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bascule.lab.arm.network.documents import FAILED, SUCCEEDED
from bascule.lab.arm.operations import Operation, OperationFailedError
from bascule.lab.arm.world import ArmWorld


@asynccontextmanager
async def finishing(
    world: ArmWorld, operation: Operation, finish: Callable[[str], None]
) -> AsyncIterator[None]:
    """Run the block, wait until the operation's time is up, and call `finish` with the outcome.

    A superseded operation finishes nothing: what superseded it owns the document by then. One that
    is cancelled otherwise (a fault plan, the lab's end) has failed.
    """
    try:
        yield
        await world.clock.sleep_until(operation.begun_s + operation.duration_s)
    except OperationFailedError:
        finish(FAILED)
        raise
    except asyncio.CancelledError:
        if not operation.is_ended:
            finish(FAILED)
        raise
    finish(SUCCEEDED)
