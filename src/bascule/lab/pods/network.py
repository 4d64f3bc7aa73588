"""Addresses of pods: one loopback address each, or one port each where there are no aliases."""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bascule.lab.pods.server import Binding

PODS_FIRST = 1 << 8
PODS_LAST = 200 << 8
"""Pods have the offsets between these in the /16; those above are for load balancers."""


PORTS_MOVED_BY = 30_000


class NoAddressError(RuntimeError):
    """The cluster's network is full."""


@dataclass(frozen=True, slots=True)
class PodAddress:
    """What a pod was given."""

    address: str
    offset: int


class PodNetwork:
    """Gives out the addresses of one cluster's /16, such as `127.64` for 127.64.0.0/16.

    With `has_aliases` false every pod is at 127.0.0.1 and its ports are replaced by free ones.
    Ports below `lowest_port`, which this user may not listen on, are moved up by PORTS_MOVED_BY.
    """

    def __init__(self, prefix: str, *, has_aliases: bool = True, lowest_port: int = 1) -> None:
        self.prefix = prefix
        self.has_aliases = has_aliases
        self._lowest_port = lowest_port
        self._taken: set[int] = set()
        self._next = PODS_FIRST

    def allocate(self, wanted: str = "") -> PodAddress:
        """Return a free address, the wanted one if it can be had. Raises NoAddressError."""
        if not self.has_aliases:
            return PodAddress("127.0.0.1", 0)
        offset = self._offset(wanted)
        if offset is None or offset in self._taken:
            offset = self._free()
        self._taken.add(offset)
        return PodAddress(f"{self.prefix}.{offset >> 8}.{offset & 255}", offset)

    def release(self, address: PodAddress) -> None:
        """Take an address back; it is given out again only after all the others."""
        self._taken.discard(address.offset)

    def bind(self, address: PodAddress, ports: Iterable[int]) -> tuple[Binding, ...]:
        """Return where each container port is to listen; never raises."""
        return tuple(
            Binding(port, address.address, self._real_port(port)) for port in dict.fromkeys(ports)
        )

    def _real_port(self, port: int) -> int:
        if not self.has_aliases:
            return _free_port()
        return port if port >= self._lowest_port else port + PORTS_MOVED_BY

    def _offset(self, address: str) -> int | None:
        if not address.startswith(self.prefix + "."):
            return None
        third, _, fourth = address.removeprefix(self.prefix + ".").partition(".")
        offset = (int(third) << 8) + int(fourth)
        return offset if PODS_FIRST <= offset < PODS_LAST else None

    def _free(self) -> int:
        for offset in chain(range(self._next, PODS_LAST), range(PODS_FIRST, self._next)):
            if offset not in self._taken and offset & 255 not in {0, 255}:
                self._next = offset + 1
                return offset
        raise NoAddressError(f"all addresses of {self.prefix}.0.0/16 are taken")


def lowest_allowed_port() -> int:
    """Return the first port that this process may listen on: 1024 on most systems, 1 for root."""
    if os.geteuid() == 0:
        return 1
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except (OSError, ValueError):
        return 1_024


def has_loopback_aliases() -> bool:
    """Say whether this system answers on all of 127.0.0.0/8 (Linux does, macOS does not)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        try:
            sock.bind(("127.64.0.1", 0))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
