"""One Envoy on this machine: started so that it outlives us, found again, restarted when it dies.

The wheel's Envoy ends when the thread or process that started it does. So a small shell, its
shepherd, starts it in a session of its own, and belongs to nobody by the time we go on.
"""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bascule.clock import Clock
from bascule.errors import DriverError, UsageError
from bascule.gateway.envoy.admin import AdminClient
from bascule.gateway.envoy.binary import find_envoy
from bascule.gateway.envoy.bootstrap import TcpXds, UnixXds, build_bootstrap
from bascule.gateway.envoy.sockets import place_socket

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
SHEPHERD_TIMEOUT_S = 0.2
READY_TIMEOUT_S = 60.0
POLL_S = 0.01
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
LOG_BYTES_MAX = 10 * 1024 * 1024
LOG_TAIL_BYTES = 4_096
DEATHS_KEPT_MAX = 100
DRAIN_S = 600

_SHEPHERD = (
    'pid=$1; shift; rm -f "$pid.exit"; '
    '{ "$@" & echo $! >"$pid.new" && mv -f "$pid.new" "$pid"; '
    'wait $!; echo $? >"$pid.exit"; } &'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """One end of Envoy that nobody asked for. `ready_at` None: it does not serve again yet."""

    died_at: datetime
    ready_at: datetime | None
    exit_code: int | None
    last_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOptions:
    """How Envoy is run. `addresses` are the listeners' `(address, port)`, checked to be free."""

    node: str
    binary: str | None = None
    concurrency: int | None = None
    drain_s: int = DRAIN_S
    addresses: tuple[tuple[str, int], ...] = ()


class EnvoyProcess:
    """Starts or adopts one Envoy for a state directory. Ending this process leaves Envoy serving.

    Call `start`, then run `supervise` in a task; `stop` ends Envoy.
    """

    def __init__(
        self, state: Path, xds: UnixXds | TcpXds, options: ProcessOptions, *, clock: Clock
    ) -> None:
        self._state = state
        self.xds = xds
        self._options = options
        self._clock = clock
        self.admin_socket = place_socket(state, "admin.sock")
        self.admin = AdminClient(self.admin_socket)
        self._pid_file = state / "envoy.pid"
        self._bootstrap_file = state / "envoy.json"
        self._log_file = state / "envoy.log"
        self._is_stopping = False
        self.pid: int | None = None
        self.deaths: tuple[Death, ...] = ()
        self.trouble = ""
        """Why Envoy, once dead, could not be started again yet; empty when all is well."""

    async def start(self) -> bool:
        """Start Envoy and return True, or adopt the one that runs here and return False.

        Returns when its admin socket answers; it serves once it has a configuration. Raises
        UsageError when it is not installed or a port is taken, DriverError when it does not start.
        """
        self._is_stopping = False
        self.pid = self.find_running()
        if self.pid is not None:
            return False
        check_addresses(self._options.addresses)
        await self._spawn()
        return True

    def find_running(self) -> int | None:
        """Return the process id of the Envoy of this state directory, if it runs."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if str(self._bootstrap_file) in _command_line(pid) else None

    async def _spawn(self) -> None:
        binary = find_envoy(self._options.binary)
        self._write_private(
            self._bootstrap_file,
            json.dumps(build_bootstrap(self._options.node, self.xds, self.admin_socket), indent=1),
        )
        self._pid_file.unlink(missing_ok=True)
        self.admin_socket.unlink(missing_ok=True)
        if self._log_file.exists() and self._log_file.stat().st_size > LOG_BYTES_MAX:
            self._log_file.unlink()
        log = os.open(self._log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            shepherd = await asyncio.create_subprocess_exec(
                "/bin/sh",
                "-c",
                _SHEPHERD,
                "envoy-shepherd",
                str(self._pid_file),
                *self._command(binary),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            await shepherd.wait()
        finally:
            os.close(log)
        await self._wait_for_start()

    def _command(self, binary: Path) -> list[str]:
        options = self._options
        command = [str(binary), "-c", str(self._bootstrap_file), "--disable-hot-restart"]
        command += ["--log-level", "warning", "--drain-time-s", str(options.drain_s)]
        if options.concurrency is not None:
            command += ["--concurrency", str(options.concurrency)]
        return command

    async def _wait_for_start(self) -> None:
        deadline_s = self._clock.monotonic_s() + START_TIMEOUT_S
        while self._clock.monotonic_s() < deadline_s:
            await self._clock.sleep_until(self._clock.monotonic_s() + POLL_S)
            self.pid = self.find_running() or self.pid
            if self._exit_file.exists():
                break
            if self.pid is not None and self.admin_socket.exists():
                return
        self.pid = None
        raise DriverError(
            f"Envoy did not start: {self._last_words() or 'it said nothing'}",
            remedy=f"see {self._log_file}",
        )

    @property
    def _exit_file(self) -> Path:
        return self._pid_file.with_name(self._pid_file.name + ".exit")

    async def supervise(self, on_death: Callable[[Death], None] | None = None) -> None:
        """Restart Envoy whenever it dies, until cancelled or `stop` is called.

        `on_death` is told of each death twice: when it is seen, and when Envoy serves again.
        """
        backoff_s = 0.0
        while self.pid is not None:
            await _wait_for_exit(self.pid, self._clock)
            if self._was_asked_to_stop():
                return
            death = await self._record_death(on_death)
            backoff_s = await self._restart(backoff_s)
            if await self.wait_until_ready():
                self._amend(replace(death, ready_at=self._clock.now()), on_death)
                backoff_s = BACKOFF_FIRST_S  # it served, so it is missed: soon again

    def _was_asked_to_stop(self) -> bool:
        return self._is_stopping

    async def _record_death(self, on_death: Callable[[Death], None] | None) -> Death:
        died_at = self._clock.now()
        await self._wait_for_shepherd()
        exit_code = None
        with suppress(OSError, ValueError):
            exit_code = int(self._exit_file.read_text())
        death = Death(
            died_at=died_at, ready_at=None, exit_code=exit_code, last_words=self._last_words()
        )
        self.deaths = (*self.deaths, death)[-DEATHS_KEPT_MAX:]
        if on_death is not None:
            on_death(death)
        return death

    async def _wait_for_shepherd(self) -> None:
        """Return when the shepherd wrote the exit code, or is taken for dead itself."""
        deadline_s = self._clock.monotonic_s() + SHEPHERD_TIMEOUT_S
        while not self._exit_file.exists() and self._clock.monotonic_s() < deadline_s:
            await self._clock.sleep_until(self._clock.monotonic_s() + POLL_S / 10)

    def _amend(self, death: Death, on_death: Callable[[Death], None] | None) -> None:
        self.deaths = (*self.deaths[:-1], death)
        if on_death is not None:
            on_death(death)

    async def _restart(self, backoff_s: float) -> float:
        """Start Envoy again, however often it takes; return the next wait."""
        while True:
            await self._clock.sleep_until(self._clock.monotonic_s() + backoff_s)
            backoff_s = min(max(backoff_s * 2, BACKOFF_FIRST_S), BACKOFF_MAX_S)
            try:
                await self._spawn()
            except (DriverError, UsageError) as error:
                self.trouble = error.message
            except OSError as error:
                self.trouble = f"{self._state} cannot be written: {error.strerror}"
            else:
                self.trouble = ""
                return backoff_s

    async def wait_until_ready(self) -> bool:
        """Return whether Envoy serves, once it does or READY_TIMEOUT_S has passed."""
        deadline_s = self._clock.monotonic_s() + READY_TIMEOUT_S
        while self._clock.monotonic_s() < deadline_s and self.find_running() is not None:
            if await self.admin.is_ready():
                return True
            await self._clock.sleep_until(self._clock.monotonic_s() + POLL_S)
        return False

    async def stop(self) -> None:
        """End Envoy, by force after STOP_TIMEOUT_S, and remove its files but the log."""
        self._is_stopping = True
        pid = self.find_running()
        if pid is not None:
            await _end(pid, self._clock)
            await self._wait_for_shepherd()
        self.pid = None
        for path in (self._pid_file, self._exit_file, self._bootstrap_file, self.admin_socket):
            path.unlink(missing_ok=True)

    def _last_words(self) -> str:
        """Return the last line that Envoy logged."""
        try:
            with self._log_file.open("rb") as log:
                log.seek(max(0, self._log_file.stat().st_size - LOG_TAIL_BYTES))
                lines = log.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""

    def _write_private(self, path: Path, text: str) -> None:
        new = path.with_name(path.name + ".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        new.replace(path)


def check_addresses(addresses: Sequence[tuple[str, int]]) -> None:
    """Raise UsageError for the first address that cannot be listened on."""
    for address, port in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                probe.listen(1)
            except OSError as error:
                raise UsageError(
                    f"cannot listen on {address}:{port}: {error.strerror}",
                    remedy="stop what listens there, or choose another port for the listener",
                ) from error


def _command_line(pid: int) -> str:
    """Return the command line of a running process; empty when there is none such."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
        return _command_line_by_ps(pid)
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode(errors="replace")


def _command_line_by_ps(pid: int) -> str:
    import subprocess

    command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - fixed words and a number


async def _wait_for_exit(pid: int, clock: Clock) -> None:
    """Return when the process is gone; it need not be a child of ours."""
    open_pid: Callable[[int], int] | None = getattr(os, "pidfd_open", None)
    if open_pid is None:
        while _command_line(pid):
            await clock.sleep_until(clock.monotonic_s() + 10 * POLL_S)
        return
    try:
        descriptor = open_pid(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _end(pid: int, clock: Clock) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await _wait_for_exit(pid, clock)
                return
