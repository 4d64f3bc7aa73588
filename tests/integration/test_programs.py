import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from bascule.errors import DriverError, OutcomeUnknownError
from bascule.journal.record import Json
from bascule.probes.checks.answers import Found
from bascule.probes.checks.command import ask_command
from bascule.probes.hooks import CommandHooks
from bascule.programs.run import Ended, NotStarted, OutOfTime, run_program
from bascule.upgrade.gates.model import CheckOutcome
from bascule.upgrade.ports import HookRun
from tests.support.waiting import eventually

PATH = {"PATH": os.environ["PATH"]}


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def read_pid(place: Path) -> int:
    return int(place.read_text() or 0) if place.exists() else 0


async def test_a_program_ends_with_its_code_and_its_last_words() -> None:
    script = "cat; echo first; echo password=hunter2 second >&2; exit 3"

    found = await run_program(shell(script), environment=PATH, timeout_s=10, stdin=b"given\n")

    assert found == Ended(code=3, last_words="password=[redacted] second")


async def test_a_program_that_writes_without_end_is_read_without_end() -> None:
    script = f"{sys.executable} -c 'print(\"x\" * 3_000_000)'; echo done"

    found = await run_program(shell(script), environment=PATH, timeout_s=10)

    assert found == Ended(code=0, last_words="done")


async def test_the_whole_group_of_a_program_ends_with_its_time(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    script = f"trap '' TERM; (trap '' TERM; sleep 60) & echo $! > {place}; echo waits; wait"
    asking = run_program(shell(script), environment=PATH, timeout_s=0.3)

    found = await asking

    assert found == OutOfTime(last_words="waits")
    await eventually(lambda: not is_alive(read_pid(place)))


async def test_the_whole_group_of_a_program_ends_when_nobody_waits_any_more(
    tmp_path: Path,
) -> None:
    place = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {place}; wait"
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_program(shell(script), environment=PATH, timeout_s=60))
        await eventually(lambda: read_pid(place))
        task.cancel()

    await eventually(lambda: not is_alive(read_pid(place)))


@pytest.mark.parametrize("turns", range(3, 8))
async def test_a_program_that_is_given_up_while_it_starts_leaves_nothing(
    tmp_path: Path, turns: int
) -> None:
    place = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {place}; wait"
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_program(shell(script), environment=PATH, timeout_s=60))
        for _ in range(turns):
            await asyncio.sleep(0)
        _stand_still_until_written(place)
        task.cancel()

    await eventually(lambda: not is_alive(read_pid(place)))


def _stand_still_until_written(place: Path) -> None:
    """Let the program go on while our own loop does not."""
    deadline_s = time.monotonic() + 0.3
    while not read_pid(place) and time.monotonic() < deadline_s:
        pass


async def test_what_a_program_leaves_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {place}; echo over"

    found = await run_program(shell(script), environment=PATH, timeout_s=30)

    assert found == Ended(code=0, last_words="over")
    os.kill(read_pid(place), 9)


async def test_a_program_that_reads_nothing_is_not_waited_for() -> None:
    found = await run_program(("true",), environment=PATH, timeout_s=30, stdin=b"x" * 1_000_000)

    assert found == Ended(code=0, last_words="")


@pytest.mark.parametrize("argv", [("no-such-program-at-all",), ("/",), ("a\0b",)])
async def test_a_program_that_cannot_be_started_is_told_of(argv: tuple[str, ...]) -> None:
    found = await run_program(argv, environment=PATH, timeout_s=5)

    assert isinstance(found, NotStarted)
    assert found.reason


async def run_hook(script: str, *, timeout_s: float = 10.0) -> str:
    hooks = CommandHooks({**os.environ, "DATABASE_PASSWORD": "p", "BASCULE_TOKEN": "t"})
    hook = HookRun(
        key="hook-warm",
        step="hook-warm",
        argv=shell(script),
        timeout_s=timeout_s,
        environment={"BASCULE_UPGRADE": "spring"},
    )
    return await hooks.run(hook, never)


async def never() -> bool:
    return False


async def always() -> bool:
    return True


async def test_a_hook_that_is_called_back_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    hook = HookRun(
        key="k", step="hook-x", argv=shell(f"sleep 60 & echo $! > {pid}; wait"), timeout_s=60
    )

    with pytest.raises(OutcomeUnknownError, match="the upgrade is to go back"):
        await CommandHooks(PATH).run(hook, always)

    await eventually(lambda: not is_alive(read_pid(pid)))


async def test_a_hook_knows_its_step_and_gets_no_variable_that_is_not_meant_for_it() -> None:
    script = "echo $BASCULE_STEP_KEY $BASCULE_UPGRADE $BASCULE_TOKEN [$DATABASE_PASSWORD]"

    assert await run_hook(script) == "hook-warm spring t []"


async def test_a_hook_that_fails_raises_its_name_its_program_and_what_it_said_last() -> None:
    told = r"^hook-warm \(sh\) ended with exit code 4: the cache is cold$"
    with pytest.raises(DriverError, match=told):
        await run_hook("echo the cache is cold; exit 4")


async def test_a_hook_whose_time_is_over_leaves_its_outcome_unknown() -> None:
    with pytest.raises(OutcomeUnknownError, match="ended after"):
        await run_hook("echo begun; sleep 60", timeout_s=0.2)


async def test_a_hook_that_cannot_be_started_is_an_error() -> None:
    hook = HookRun(key="k", step="hook-x", argv=("no-such-program-at-all",), timeout_s=1)
    with pytest.raises(DriverError, match=r"^hook-x cannot be started: .*no-such-program"):
        await CommandHooks(PATH).run(hook, never)


async def ask(script: str, **more: Json) -> Found:
    args: dict[str, Json] = {"run": list(shell(script)), **more}
    return await ask_command(args, environ=os.environ, added={"BASCULE_CHECK": "smoke"})


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ("echo $BASCULE_CHECK is fine", CheckOutcome.PASSED),
        ("echo $BASCULE_CHECK is not fine; exit 1", CheckOutcome.FAILED),
        ("kill -9 $$", CheckOutcome.FAILED),
        ("echo nobody knows; exit 75", CheckOutcome.UNKNOWN),
    ],
)
async def test_the_exit_code_of_a_command_is_its_answer(script: str, outcome: str) -> None:
    found = await ask(script)

    assert found.outcome == outcome
    assert found.reason


async def test_a_command_that_hangs_has_failed() -> None:
    found = await ask("sleep 60", timeout_s=0.2)

    assert found.outcome == CheckOutcome.FAILED
    assert "did not end within 0.2 s" in found.reason


async def test_a_command_that_cannot_be_started_says_nothing_of_green() -> None:
    missing = await ask_command({"run": ["no-such-program-at-all"]}, environ={}, added={})
    nothing = await ask_command({}, environ={}, added={})

    assert missing.outcome == nothing.outcome == CheckOutcome.UNKNOWN
