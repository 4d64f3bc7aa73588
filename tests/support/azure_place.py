"""Waits for the machine's one place for a lab with an Azure: tests that want it take turns."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bascule.errors import UsageError
from bascule.lab.supervisor.azure import hold_azure
from bascule.lab.supervisor.networks import locks_directory
from tests.support.waiting import eventually

WAIT_S = 150.0
"""The longest test that has the place takes about a minute; who waits has a time-out to match."""


@asynccontextmanager
async def azure_place(within_s: float = WAIT_S) -> AsyncIterator[None]:
    """Return once no other test and no lab has the place; other tests wait until the block ends."""
    turn = await take_turn(within_s)
    try:
        yield
    finally:
        os.close(turn)


async def take_turn(within_s: float = WAIT_S) -> int:
    """Return what keeps other tests waiting until it is closed, once no lab has the place."""
    locks = locks_directory()
    turn = os.open(locks / "azure-tests.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await eventually(lambda: _is_locked_by_us(turn), within_s=within_s)
        await eventually(lambda: _is_free(locks), within_s=within_s)
    except BaseException:
        os.close(turn)
        raise
    return turn


def _is_locked_by_us(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_free(locks: Path) -> bool:
    try:
        hold_azure(locks, Path("a test")).release()
    except UsageError:
        return False
    return True
