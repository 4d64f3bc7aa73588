"""Uses a journal file in a process of its own: `python -m tests.support.sqlite_starter PATH DO`.

DO is `put` (a guest puts a command), `own` (owns it until it is killed) or `fill` (owns it, and
appends until the disk is full, then tells how many records are there).
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bascule.app.clock import SystemClock
from bascule.errors import JournalError
from bascule.ids import CommandId
from bascule.journal.record import Entry
from bascule.journal.store import Command
from bascule.journal.verification import verify_store
from bascule.storage.opening import Owned, SqliteAt, acquire_store, open_store

AT = datetime(2026, 1, 1, tzinfo=UTC)
RECORDS_MAX = 2_000


async def run(path: Path, task: str) -> None:
    if task == "put":
        async with open_store(SqliteAt(path)) as guest:
            await guest.put(
                Command(id=CommandId(str(os.getpid())), at=AT, actor="ada", kind="note", data={})
            )
        return
    async with acquire_store(SqliteAt(path), owner="ada", clock=SystemClock()) as owned:
        _tell("owned")
        if task == "own":
            await owned.lease.keep()
        else:
            await _fill(owned, path)


async def _fill(owned: Owned, path: Path) -> None:
    entry = Entry(at=AT, actor="ada", kind="note", data={"text": "x" * 2_000})
    written = 0
    for _ in range(RECORDS_MAX):
        try:
            await owned.store.append([entry, entry], expected_seq=written)
        except JournalError as error:
            _tell(error.message)
            break
        written += 2
    found = len(await owned.store.read())
    is_clean = (await verify_store(owned.store)).is_clean
    (path.parent / "ballast").unlink()
    await owned.store.append([entry], expected_seq=written)
    _tell(f"written {written} found {found} clean {is_clean}")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
