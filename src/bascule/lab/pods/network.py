"""Addresses of pods: one loopback address each, or one port each where there are no aliases."""

import ipaddress
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bascule.lab.pods.server import Binding

PODS_FIRST = 1 << 8
PODS_LAST = (200 << 8) - 1
"""Pods have the offsets between these in a /16; those above are for load balancers."""
BALANCERS_LAST = (1 << 16) - 3


PORTS_MOVED_BY = 30_000
_HOST_BITS = {1: 24, 2: 16}
"""How many bits of an address stay when so many octets of it are replaced."""


class NoAddressError(RuntimeError):
    """The cluster's network is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressSpan:
    """Addresses from the first to the last, as objects show them.

    `bound_to` names the first octet, or the first two, of where they really are: with `127`,
    10.240.0.7 is bound as 127.240.0.7; with `127.70` as 127.70.0.7. Empty: they are themselves.
    """

    first: int
    last: int
    bound_to: str = ""

    def numbers(self, begin: int = 0) -> Iterator[int]:
        """Yield the addresses that may be given out, in turn, beginning at one of them."""
        start = max(begin, self.first)
        for number in chain(range(start, self.last + 1), range(self.first, start)):
            if number & 255 not in {0, 255}:
                yield number

    def holds(self, address: str) -> bool:
        """Say whether an address is one of these."""
        try:
            return self.first <= int(ipaddress.IPv4Address(address)) <= self.last
        except ValueError:
            return False

    def real(self, address: str) -> str:
        """Return where a process binds or dials one of these addresses."""
        if not self.bound_to:
            return address
        bits = _HOST_BITS[self.bound_to.count(".") + 1]
        host = int(ipaddress.IPv4Address(address)) & ((1 << bits) - 1)
        front = int(ipaddress.IPv4Address(self.bound_to + ".0" * (bits // 8)))
        return str(ipaddress.IPv4Address(front | host))


def span(first: str, last: str, bound_to: str = "") -> AddressSpan:
    """Return the addresses from one to another."""
    ends = (int(ipaddress.IPv4Address(text)) for text in (first, last))
    return AddressSpan(first=next(ends), last=next(ends), bound_to=bound_to)


def pods_of(prefix: str) -> AddressSpan:
    """Return the pods' part of a /16 such as `127.64`."""
    base = int(ipaddress.IPv4Address(f"{prefix}.0.0"))
    return AddressSpan(first=base + PODS_FIRST, last=base + PODS_LAST)


def balancers_of(prefix: str) -> AddressSpan:
    """Return the load balancers' part of a /16 such as `127.64`."""
    base = int(ipaddress.IPv4Address(f"{prefix}.0.0"))
    return AddressSpan(first=base + PODS_LAST + 1, last=base + BALANCERS_LAST)


@dataclass(frozen=True, slots=True)
class PodAddress:
    """What a pod was given: the address that its object shows, as text and as a number."""

    address: str
    number: int


class PodNetwork:
    """Gives out the addresses of one cluster's pods.

    With `has_aliases` false every pod is at 127.0.0.1 and its ports are replaced by free ones.
    Ports below `lowest_port`, which this user may not listen on, are moved up by PORTS_MOVED_BY.
    """

    def __init__(
        self, pods: AddressSpan, *, has_aliases: bool = True, lowest_port: int = 1
    ) -> None:
        self.pods = pods
        self.has_aliases = has_aliases
        self._lowest_port = lowest_port
        self._taken: set[int] = set()
        self._next = pods.first

    def allocate(self, wanted: str = "") -> PodAddress:
        """Return a free address, the wanted one if it can be had. Raises NoAddressError."""
        if not self.has_aliases:
            return PodAddress("127.0.0.1", 0)
        number = int(ipaddress.IPv4Address(wanted)) if self.pods.holds(wanted) else None
        if number is None or number in self._taken:
            number = self._free()
        self._taken.add(number)
        return PodAddress(str(ipaddress.IPv4Address(number)), number)

    def release(self, address: PodAddress) -> None:
        """Take an address back; it is given out again only after all the others."""
        self._taken.discard(address.number)

    def bind(self, address: PodAddress, ports: Iterable[int]) -> tuple[Binding, ...]:
        """Return where each container port is to listen; never raises."""
        real = self.pods.real(address.address) if self.has_aliases else address.address
        return tuple(Binding(port, real, self._real_port(port)) for port in dict.fromkeys(ports))

    def _real_port(self, port: int) -> int:
        if not self.has_aliases:
            return _free_port()
        return port if port >= self._lowest_port else port + PORTS_MOVED_BY

    def _free(self) -> int:
        for number in self.pods.numbers(self._next):
            if number not in self._taken:
                self._next = number + 1
                return number
        raise NoAddressError("all addresses of the cluster's pods are taken")


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
