"""Tests take turns at the machine's one Azure: in the order in which they came, none left out."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.azure_place import take_turn

_HOLD = """
import asyncio, sys
from pathlib import Path
from tests.support.azure_place import take_turn

async def main() -> None:
    await take_turn(Path(sys.argv[1]))
    print("mine", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_who_came_first_comes_first(tmp_path: Path) -> None:
    turn = await take_turn(tmp_path)
    had: list[int] = []

    async def have(number: int) -> None:
        mine = await take_turn(tmp_path)
        had.append(number)
        mine.close()

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(have(number))
        await asyncio.sleep(0)
        turn.close()

    assert had == list(range(20))


async def test_who_gives_up_keeps_nobody_waiting(tmp_path: Path) -> None:
    turn = await take_turn(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        with pytest.raises(AssertionError, match=r"did not hold within 0\.05 s"):
            await take_turn(tmp_path, within_s=0.05)
        cancelled = tasks.create_task(take_turn(tmp_path))
        next_one = tasks.create_task(take_turn(tmp_path))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.sleep(0)
        assert not next_one.done()
        turn.close()

    next_one.result().close()


async def test_the_turn_of_a_process_that_was_killed_is_over(tmp_path: Path) -> None:
    (tmp_path / "hold.py").write_text(_HOLD)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(tmp_path / "hold.py"), str(tmp_path)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"mine\n"
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(take_turn(tmp_path))
        await asyncio.sleep(0)
        assert not waiting.done()
        process.send_signal(signal.SIGKILL)

    waiting.result().close()
    await process.wait()
