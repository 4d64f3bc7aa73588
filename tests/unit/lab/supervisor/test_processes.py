import asyncio
import os
import sys
from pathlib import Path

from bascule.lab.supervisor.processes import (
    ProcessRecord,
    end_process,
    is_alive,
    load_record,
    write_record,
)


def test_a_process_is_known_by_more_than_its_number(tmp_path: Path) -> None:
    path = tmp_path / "me.pid"
    write_record(path, os.getpid())

    mine = load_record(path)

    assert mine is not None
    assert mine.pid == os.getpid()
    assert not is_alive(ProcessRecord(pid=os.getpid(), started="1"))


def test_a_file_that_names_nobody_is_no_process(tmp_path: Path) -> None:
    path = tmp_path / "x.pid"
    assert load_record(path) is None
    path.write_text("12")
    assert load_record(path) is None


async def test_a_process_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    code = "import signal, sys; signal.signal(15, signal.SIG_IGN); print('up', flush=True); input()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    write_record(tmp_path / "x.pid", process.pid)
    record = load_record(tmp_path / "x.pid")
    assert record is not None

    went_by_itself = await end_process(record, within_s=0.1)

    assert not went_by_itself
    assert await process.wait() == -9
