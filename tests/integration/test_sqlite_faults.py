"""What may happen to a journal file: raced for, full, damaged, its owner killed or frozen."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bascule.app.clock import SystemClock
from bascule.errors import LockedError
from bascule.journal.record import Entry
from bascule.journal.verification import verify_store
from bascule.storage.opening import SqliteAt, acquire_store, open_store
from bascule.storage.sqlite import open_journal

NOTE = Entry(at=datetime(2026, 1, 1, tzinfo=UTC), actor="ada", kind="note", data={"n": "x" * 500})
STARTER = (sys.executable, "-m", "tests.support.sqlite_starter")


def start(path: Path, task: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*STARTER, str(path), task], stdout=subprocess.PIPE, text=True)


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def test_starters_that_race_set_up_one_file(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.db"

    starters = [start(path, "put") for _ in range(4)]
    codes = []
    for starter in starters:
        with starter:
            codes.append(starter.wait(30))

    assert codes == [0] * 4
    async with open_store(SqliteAt(path)) as guest:
        assert len(await guest.pending()) == 4


async def test_a_killed_owner_is_followed_at_once_and_a_frozen_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with start(path, "own") as first:
        assert read_line(first) == "owned"
        os.kill(first.pid, signal.SIGSTOP)

        with pytest.raises(LockedError, match=f"process {first.pid}"):
            async with acquire_store(SqliteAt(path), owner="ada", clock=SystemClock()):
                pass
        first.kill()
        first.wait(30)

        async with acquire_store(SqliteAt(path), owner="ada", clock=SystemClock()) as owned:
            assert owned.lease.generation == 2
            await owned.store.append([NOTE], expected_seq=0)


def test_a_disk_that_is_full_loses_nothing_and_the_owner_goes_on_later(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=600k none "$0"'
    script = f'{mount} && head -c 65536 /dev/zero > "$0/ballast" && exec "$@"'
    path = tmp_path / "journal.db"
    command = ["unshare", "-m", "sh", "-c", script, str(tmp_path), *STARTER, str(path), "fill"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)

    if done.returncode and "owned" not in done.stdout:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    owned, error, outcome = done.stdout.splitlines()
    words = outcome.split()
    assert owned == "owned"
    assert "is full" in error or "cannot be read or written" in error
    assert words[1] == words[3] != "0"
    assert words[5] == "True"


async def test_bytes_that_were_lost_from_the_file_are_told_without_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with open_journal(path, as_owner=True) as journal:
        for seq in range(0, 100, 10):
            await journal.append([NOTE] * 10, expected_seq=seq)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = bytes(4096)
    path.write_bytes(content)

    with open_journal(path) as journal:
        verification = await verify_store(journal)

    assert not verification.is_clean
