"""One run of a program, in a process group of its own that ends with its time."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bascule.redact import redact

SAID_BYTES_MAX = 8_192
"""So much of the end of what it wrote is kept."""
WORDS_MAX = 300
TERM_S = 2.0
"""How long a program whose time is over has to end by itself before it is killed."""
PIPE_S = 0.5
"""How long its output is still read after it has ended: others may hold the pipe open."""
_CHUNK_BYTES = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """It ended by itself; a negative `code` is the signal that ended it."""

    code: int
    last_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfTime:
    """It was ended, with all that it had started in its group."""

    last_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotStarted:
    """There is no such program, or it may not be run."""

    reason: str


RunResult: TypeAlias = Ended | OutOfTime | NotStarted


async def run_program(
    argv: Sequence[str], *, environment: Mapping[str, str], timeout_s: float, stdin: bytes = b""
) -> RunResult:
    """Run `argv` without a shell and return how it ended; never raises for what it does.

    When this is cancelled, or its time is over, the whole process group is ended. What it left
    running in the background after an end of its own is left alone.
    """
    said = bytearray()
    async with _open_pipe(said) as (reading, end):
        try:
            process = await _start(argv, environment, end)
        except (OSError, ValueError) as error:
            return NotStarted(reason=f"{argv[0]}: {_explain(error)}")
        finally:
            os.close(end)
        try:
            async with asyncio.timeout(timeout_s):
                code = await _follow(process, stdin)
        except TimeoutError:
            await _end_group(process)
            return OutOfTime(last_words=find_last_words(bytes(said)))
        finally:
            if process.returncode is None:
                _signal_group(process.pid, signal.SIGKILL)
                await process.wait()
        await asyncio.wait((reading,), timeout=PIPE_S)
    return Ended(code=code, last_words=find_last_words(bytes(said)))


async def _start(
    argv: Sequence[str], environment: Mapping[str, str], output: int
) -> asyncio.subprocess.Process:
    """Start a program. Cancelled meanwhile, it is ended with its group once it is known.

    asyncio itself would end the program alone, and leave what that had started by then.
    """
    starting = asyncio.get_running_loop().create_task(
        asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError, ValueError):  # Then nothing was started.
            process = await starting
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()
        raise


def find_last_words(said: bytes) -> str:
    """Return the last line that is not empty, secrets masked, shortened."""
    lines = redact(said.decode(errors="replace")).splitlines()
    words = next((line.strip() for line in reversed(lines) if line.strip()), "")
    printable = "".join(c if c.isprintable() else "?" for c in words)
    return printable if len(printable) <= WORDS_MAX else printable[: WORDS_MAX - 1] + "…"


@contextlib.asynccontextmanager
async def _open_pipe(said: bytearray) -> AsyncIterator[tuple[asyncio.Task[None], int]]:
    """Keep the last of what is written into the pipe in `said`, until everybody has closed it."""
    read_end, write_end = os.pipe()
    stream = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(read_end, "rb", buffering=0)
    )
    try:
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_read(stream, said))
            try:
                yield reading, write_end
            finally:
                reading.cancel()
    finally:
        transport.close()


async def _read(stream: asyncio.StreamReader, said: bytearray) -> None:
    while chunk := await stream.read(_CHUNK_BYTES):
        said += chunk
        del said[:-SAID_BYTES_MAX]


async def _follow(process: asyncio.subprocess.Process, stdin: bytes) -> int:
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(_write(process, stdin))
        code = await process.wait()
        writing.cancel()
    return code


async def _write(process: asyncio.subprocess.Process, stdin: bytes) -> None:
    pipe = process.stdin
    if pipe is None:
        return
    with contextlib.suppress(OSError):  # It need not read what it is given.
        pipe.write(stdin)
        await pipe.drain()
    pipe.close()


async def _end_group(process: asyncio.subprocess.Process) -> None:
    _signal_group(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TERM_S):
            await process.wait()
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _explain(error: OSError | ValueError) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
