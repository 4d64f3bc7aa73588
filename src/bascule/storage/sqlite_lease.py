"""The lease of a SQLite journal: the kernel's lock on its directory, and a generation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from bascule.clock import Clock
from bascule.errors import LockedError, StaleWriterError
from bascule.storage.lock import hold_lock
from bascule.storage.sqlite import SqliteJournal, open_journal

LOCK_FILE = "lock"
POLL_S = 0.5
"""How often somebody who stands by tries the lock; the kernel frees it when its holder dies."""


class SqliteLease:
    """Implements `bascule.journal.store.Lease`: ours until released, for the kernel says so."""

    def __init__(self, generation: int, lock: ExitStack) -> None:
        self._generation = generation
        self._lock = lock
        self._is_released = False

    @property
    def generation(self) -> int:
        """The fencing generation."""
        return self._generation

    def check(self) -> None:
        """Return if it was not released: nobody else can have it before."""
        if self._is_released:
            raise StaleWriterError("this process has given the journal back")

    async def keep(self) -> None:
        """Wait until cancelled: there is nothing to renew."""
        await asyncio.Event().wait()

    async def release(self) -> None:
        """Let go of the lock."""
        self._is_released = True
        self._lock.close()


@asynccontextmanager
async def hold_lease(
    path: Path, *, clock: Clock, wait: bool = False
) -> AsyncIterator[tuple[SqliteJournal, SqliteLease]]:
    """Own the journal at `path` while the block runs.

    Raises LockedError while another process has it, unless told to `wait`; else as `open_journal`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as lock:
        await _take_lock(lock, path.with_name(LOCK_FILE), clock, wait=wait)
        with open_journal(path, as_owner=True) as journal:
            yield journal, SqliteLease(journal.generation, lock)


async def _take_lock(lock: ExitStack, path: Path, clock: Clock, *, wait: bool) -> None:
    while True:
        try:
            lock.enter_context(hold_lock(path))
        except LockedError:
            if not wait:
                raise
            await clock.sleep_until(clock.monotonic_s() + POLL_S)
        else:
            return
