"""Processes as files name them: a pid and when it began, so that a reused pid is no mistake."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import msgspec

POLL_S = 0.02


class ProcessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A process that was started; `started` is empty on systems without /proc."""

    pid: int
    started: str = ""


def write_record(path: Path, pid: int) -> None:
    """Note a process."""
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.encode(ProcessRecord(pid=pid, started=_started(pid))))
    draft.replace(path)


def load_record(path: Path) -> ProcessRecord | None:
    """Return the process that a file names, or None if it names none that is alive."""
    try:
        record = msgspec.json.decode(path.read_bytes(), type=ProcessRecord)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return record if is_alive(record) else None


def is_alive(record: ProcessRecord) -> bool:
    """Say whether this very process runs; a zombie does not."""
    try:
        os.kill(record.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    started = _started(record.pid)
    return bool(started) if record.started == "" and _has_proc() else started == record.started


async def end_process(record: ProcessRecord, within_s: float) -> bool:
    """Ask a process to end, kill it after a while; return whether it went by itself."""
    send_signal(record, signal.SIGTERM)
    if await _is_gone(record, within_s):
        return True
    send_signal(record, signal.SIGKILL)
    await _is_gone(record, within_s)
    return False


def kept_port(remembered: Path) -> int:
    """Return the port that a server had before, as a file names it, if it is free; else 0."""
    port = int(remembered.read_text()) if remembered.exists() else 0
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


async def _is_gone(record: ProcessRecord, within_s: float) -> bool:
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + within_s
    while is_alive(record):
        if loop.time() >= deadline_s:
            return False
        await asyncio.sleep(POLL_S)
    return True


def send_signal(record: ProcessRecord, number: signal.Signals) -> None:
    """Send a signal to this very process, if it is still there."""
    if is_alive(record):
        try:
            os.kill(record.pid, number)
        except ProcessLookupError:
            return


def _has_proc() -> bool:
    return Path("/proc/self/stat").exists()


def _started(pid: int) -> str:
    """Return when a process began, in clock ticks; empty if it is gone, a zombie or unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else fields[19]
