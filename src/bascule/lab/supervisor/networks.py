"""Loopback networks: a free /16 of 127.64.0.0/10 for each cluster that runs on this machine.

A network is held by a lock on a file of this user, and by a socket bound in it, which other users'
labs see. Both are handed down to the cluster's process, so a network is free again only when
supervisor and cluster are both gone, however they ended.
"""

import errno
import fcntl
import os
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bascule.errors import BasculeError

PREFIXES = tuple(f"127.{number}" for number in range(64, 128))
SENTINEL_PORT = 53_999


class NoNetworkError(BasculeError):
    """All networks are taken by labs that run."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network that is held; `descriptors` keep it as long as one of them is open."""

    prefix: str
    descriptors: tuple[int, ...]

    def release(self) -> None:
        """Let go of it; processes that inherited it still hold it."""
        for descriptor in self.descriptors:
            os.close(descriptor)


def locks_directory(parent: Path | None = None) -> Path:
    """Return the directory of this user's locks (0700), the same whatever the state directory.

    Raises BasculeError if somebody else owns it.
    """
    root = parent or Path(tempfile.gettempdir())
    path = root / f"bascule-{os.getuid()}" / "networks"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise BasculeError(f"{path} belongs to another user", remedy="remove it, or set TMPDIR")
    return path


def hold_network(locks: Path, preferred: str = "", prefixes: Sequence[str] = PREFIXES) -> Network:
    """Return a free network, the preferred one if it is free. Raises NoNetworkError."""
    for prefix in sorted(prefixes, key=lambda prefix: prefix != preferred):
        network = _try(locks, prefix)
        if network is not None:
            return network
    raise NoNetworkError(
        f"all {len(prefixes)} loopback networks of labs are taken",
        remedy="end labs that you no longer need with `bascule lab down`",
    )


def _try(locks: Path, prefix: str) -> Network | None:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(locks / f"{prefix}.lock", flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sentinel = _sentinel(prefix)
    except OSError:
        os.close(descriptor)
        return None
    return Network(prefix, (descriptor, *sentinel))


def _sentinel(prefix: str) -> tuple[int, ...]:
    """Bind a socket in the network. Raises OSError (EADDRINUSE) if another user's lab has it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.bind((f"{prefix}.0.254", SENTINEL_PORT))
    except OSError as error:
        sock.close()
        if not _is_taken(error):
            # No loopback aliases here: ports replace addresses, and nothing can collide.
            return ()
        raise
    return (sock.detach(),)


def _is_taken(error: OSError) -> bool:
    return error.errno == errno.EADDRINUSE
