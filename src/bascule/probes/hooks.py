"""Runs the commands of a plan: each in a process group of its own, ended with its time.

A command that is called back is killed at once: traffic waits to go back meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import assert_never

from bascule.errors import DriverError, OutcomeUnknownError
from bascule.programs.environment import build_environment
from bascule.programs.run import Ended, NotStarted, OutOfTime, RunResult, run_program
from bascule.upgrade.ports import HookRun

KEY = "BASCULE_STEP_KEY"
LOOK_S = 0.25
"""How often it is asked whether a command is called back."""


class CommandHooks:
    """Implements `bascule.upgrade.ports.Hooks` on this machine."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    async def run(self, hook: HookRun, is_called_back: Callable[[], Awaitable[bool]]) -> str:
        """Return the last words of a command that ended with 0; see the port for what it raises."""
        environment = build_environment(self._environ, **hook.environment, **{KEY: hook.key})
        async with asyncio.TaskGroup() as group:
            running = group.create_task(
                run_program(hook.argv, environment=environment, timeout_s=hook.timeout_s)
            )
            while not (await asyncio.wait((running,), timeout=LOOK_S))[0]:
                if await is_called_back():
                    running.cancel()
        return _judge(hook, None if running.cancelled() else running.result())


def _judge(hook: HookRun, found: RunResult | None) -> str:
    name = f"{hook.step} ({hook.argv[0]})"
    match found:
        case None:
            raise OutcomeUnknownError(f"{name} was ended because the upgrade is to go back")
        case Ended(code=0):
            return found.last_words
        case Ended():
            raise DriverError(
                f"{name} ended with exit code {found.code}{_quote(found.last_words)}",
                remedy="mend what it says, then `bascule upgrade retry`",
            )
        case OutOfTime():
            raise OutcomeUnknownError(
                f"{name} was ended after {hook.timeout_s:g} s{_quote(found.last_words)}",
                remedy="see what it did, then `bascule upgrade answer` done, redo or skip",
            )
        case NotStarted():
            raise DriverError(
                f"{hook.step} cannot be started: {found.reason}",
                remedy="install it where the upgrade runs, then `bascule upgrade retry`",
            )
        case _:
            assert_never(found)


def _quote(words: str) -> str:
    return f": {words}" if words else ""
