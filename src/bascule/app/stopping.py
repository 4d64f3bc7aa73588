"""Ends a gateway from outside: asks the runtime, and ends an Envoy that nobody looks after."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass

from bascule.app.clock import SystemClock
from bascule.app.control import fetch_answer
from bascule.app.state_dir import StateDir
from bascule.clock import Clock
from bascule.errors import OutcomeUnknownError, TransportError
from bascule.gateway.envoy.bootstrap import UnixXds
from bascule.gateway.envoy.process import EnvoyProcess, ProcessOptions
from bascule.storage.lock import read_holder

STOP_S = 30.0
"""How long the runtime may take to end."""

POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The processes that were ended; None where there was none."""

    runtime_pid: int | None
    envoy_pid: int | None


def find_envoy_process(state_dir: StateDir, clock: Clock) -> EnvoyProcess:
    """Return the Envoy of a state directory, to look for it and to end it, not to start it."""
    options = ProcessOptions(node=state_dir.path.name)
    return EnvoyProcess(state_dir.path, UnixXds(path=state_dir.xds_socket), options, clock=clock)


async def stop_gateway(state_dir: StateDir, *, keep_envoy: bool) -> Stopped:
    """End the runtime, if one works, and then Envoy; return what was ended.

    Raises OutcomeUnknownError when the runtime does not end in time.
    """
    clock = SystemClock()
    if not state_dir.path.exists():
        return Stopped(runtime_pid=None, envoy_pid=None)
    envoy = find_envoy_process(state_dir, clock)
    envoy_pid = None if keep_envoy else envoy.find_running()
    runtime_pid = read_holder(state_dir.lock)
    if runtime_pid is not None:
        await _end_runtime(state_dir, clock, envoy=not keep_envoy)
    if not keep_envoy:
        await envoy.stop()
        state_dir.drop_sockets()
    return Stopped(runtime_pid=runtime_pid, envoy_pid=envoy_pid)


async def _end_runtime(state_dir: StateDir, clock: Clock, *, envoy: bool) -> None:
    deadline_s = clock.monotonic_s() + STOP_S
    is_told = False
    while (pid := read_holder(state_dir.lock)) is not None:
        is_told = is_told or await _tell(state_dir, pid, envoy=envoy)
        if clock.monotonic_s() >= deadline_s:
            raise OutcomeUnknownError(
                f"the runtime (process {pid}) did not end within {STOP_S:g} s",
                remedy=f"look at its log; `kill -9 {pid}` leaves Envoy and the journal as they are",
            )
        await clock.sleep_until(clock.monotonic_s() + POLL_S)


async def _tell(state_dir: StateDir, pid: int, *, envoy: bool) -> bool:
    """Tell the runtime to end; False when it has only begun, and cannot be reached by any way."""
    try:
        await fetch_answer(state_dir.control_socket, {"op": "stop", "envoy": envoy})
    except TransportError:
        if pid == 0:  # no process yet, and to the kernel our own group
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    return True
