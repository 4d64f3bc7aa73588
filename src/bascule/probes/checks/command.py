"""A program of the user's whose exit code is the answer."""

from collections.abc import Mapping
from typing import assert_never

from bascule.journal.record import Json
from bascule.probes.checks.answers import (
    Found,
    failed,
    passed,
    read_timeout,
    read_words,
    unknown,
)
from bascule.programs.environment import build_environment
from bascule.programs.run import Ended, NotStarted, OutOfTime, run_program

TIMEOUT_S = 30.0
UNKNOWN_CODE = 75
"""EX_TEMPFAIL of sysexits.h: the program itself says that it could not find out."""


async def ask_command(
    args: Mapping[str, Json], *, environ: Mapping[str, str], added: Mapping[str, str]
) -> Found:
    """Return what the program says by its exit code: 0 right, 75 unknown, any other wrong.

    Not ending in time is a failure; a program that cannot be started says nothing of green.
    """
    argv = read_words(args, "run")
    if not argv:
        return unknown("the check names no program")
    timeout_s = read_timeout(args, TIMEOUT_S)
    environment = build_environment(environ, **added)
    found = await run_program(argv, environment=environment, timeout_s=timeout_s)
    match found:
        case Ended(code=0):
            return passed(found.last_words)
        case Ended() if found.code == UNKNOWN_CODE:
            return unknown(found.last_words or "the program could not find out")
        case Ended():
            return failed(found.last_words or f"{argv[0]} ended with exit code {found.code}")
        case OutOfTime():
            return failed(f"{argv[0]} did not end within {timeout_s:g} s")
        case NotStarted():
            return unknown(f"cannot be started: {found.reason}")
        case _:
            assert_never(found)
