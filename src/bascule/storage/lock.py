"""The kernel's lock on a state directory: one runtime for each gateway, whatever dies how."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bascule.errors import JournalError, LockedError

PID_BYTES_MAX = 32
TRIES_MAX = 5
"""A reader of the holder's id has the lock for a moment: a second look tells it from a holder."""
PAUSE_S = 0.02


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold `path` exclusively while the block runs; the kernel lets go when the process dies.

    Raises LockedError, naming the holder's process id, if another process has it.
    """
    descriptor = _open(path)
    try:
        if not any(_is_taken(descriptor, attempt) for attempt in range(TRIES_MAX)):
            raise LockedError(
                f"another runtime (process {_read_pid(descriptor)}) holds {path.parent}",
                remedy="use it, or end it with `bascule stop`",
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def read_holder(path: Path) -> int | None:
    """Return the process id of the runtime that holds `path`, or None when nobody does.

    0 stands for a holder that has not written its id yet.
    """
    if not path.exists():
        return None
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = _read_pid(descriptor)
        return int(pid) if pid.isdigit() else 0
    finally:
        os.close(descriptor)
    return None


def _is_taken(descriptor: int, attempt: int) -> bool:
    threading.Event().wait(PAUSE_S * attempt)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"{path} cannot be opened: {error.strerror}") from error


def _read_pid(descriptor: int) -> str:
    return os.pread(descriptor, PID_BYTES_MAX, 0).decode("ascii", "replace").strip()
