"""Waits for the machine's one place for a lab with an Azure: tests that want it take turns.

Who comes draws a ticket, a file with a number that its process locks, and waits until all smaller
numbers are free. So nobody is overtaken, and who is killed or gives up keeps nobody waiting.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bascule.errors import UsageError
from bascule.lab.supervisor.azure import hold_azure
from bascule.lab.supervisor.networks import locks_directory
from tests.support.waiting import eventually

WAIT_S = 150.0
"""The longest test that has the place takes about a minute; who waits has a time-out to match."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A ticket that was drawn; those who came later wait until it is closed."""

    ticket: Path
    descriptor: int
    earlier: tuple[Path, ...]

    def has_come(self) -> bool:
        """Whether all who came earlier are gone."""
        return not any(_is_held(ticket) for ticket in self.earlier)

    def close(self) -> None:
        """Let the next one have it."""
        self.ticket.unlink(missing_ok=True)
        os.close(self.descriptor)


@asynccontextmanager
async def azure_place(within_s: float = WAIT_S) -> AsyncIterator[None]:
    """Return once no other test and no lab has the place; other tests wait until the block ends."""
    turn = await _take_place(within_s)
    try:
        yield
    finally:
        turn.close()


@contextmanager
def azure_turn(within_s: float = WAIT_S) -> Iterator[None]:
    """Do as `azure_place` for callers that are not asynchronous."""
    with ThreadPoolExecutor(1) as pool:  # whoever calls this may have an event loop
        turn = pool.submit(asyncio.run, _take_place(within_s)).result()
    try:
        yield
    finally:
        turn.close()


async def _take_place(within_s: float) -> Turn:
    locks = locks_directory()
    turns = locks / "turns"
    turns.mkdir(mode=0o700, exist_ok=True)
    turn = await take_turn(turns, within_s=within_s)
    try:
        await eventually(lambda: _is_free(locks), within_s=within_s)
    except BaseException:
        turn.close()
        raise
    return turn


async def take_turn(turns: Path, *, within_s: float = WAIT_S) -> Turn:
    """Return what keeps others waiting until it is closed, once all who came earlier are gone."""
    turn = _draw(turns)
    try:
        await eventually(turn.has_come, within_s=within_s)
    except BaseException:
        turn.close()
        raise
    return turn


def _draw(turns: Path) -> Turn:
    with _locked(turns / "draw.lock"):
        earlier = sorted(turns.glob("*.ticket"))
        number = int(earlier[-1].stem) + 1 if earlier else 1
        ticket = turns / f"{number:09}.ticket"
        descriptor = os.open(ticket, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return Turn(ticket, descriptor, tuple(earlier))


def _is_held(ticket: Path) -> bool:
    """Whether whoever drew a ticket is still there; removes it if not."""
    try:
        descriptor = os.open(ticket, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    ticket.unlink(missing_ok=True)
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_free(locks: Path) -> bool:
    try:
        hold_azure(locks, Path("a test")).release()
    except UsageError:
        return False
    return True
