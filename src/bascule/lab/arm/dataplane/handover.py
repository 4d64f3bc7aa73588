"""Lets an Envoy that another one replaces serve all connections that are its own before it closes.

Envoys that share a port have a queue each, to which the kernel assigns new connections; it resets
what is still queued when an Envoy closes. So all new ones are led to the newest first.
"""

import asyncio
import ctypes
import socket
import struct
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

Binding = tuple[str, int]

LIMIT_S = 2.0
"""How long Envoys may take to accept what is queued, and the old one to close."""
POLL_S = 0.005
SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF = 26, 51
_RETURN = 0x06
"""The instruction of a classic BPF program that ends it with a number."""
_LISTEN = "0A"


@asynccontextmanager
async def leading_to_newest(bindings: Iterable[Binding]) -> AsyncIterator[None]:
    """Lead new connections to whoever began last to listen on each of these, while the block runs.

    When the block begins, no connection waits for any other; in it, one of the others closes. Does
    nothing but on Linux. Connections that come while it begins may take a second longer.
    """
    if sys.platform != "linux":
        yield
        return
    with ExitStack() as stack:
        ours = {each: len(_queues(each)) for each in bindings}
        for binding, count in ours.items():
            stack.enter_context(_join(binding, newest=count - 1))
        for binding in ours:
            await _until_accepted(binding)
        yield
        await _until_closed(ours)


def _join(binding: Binding, *, newest: int) -> socket.socket:
    """Return a socket that makes one of those that listen get all new connections, by its number.

    The number of who began last is the highest; who begins later gets the next. What is led to a
    number that nobody has any more is dealt out to all: so the program may stay.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(binding)
        _attach(sock, SO_ATTACH_FILTER, 0)  # what comes to it is dropped, and comes again elsewhere
        sock.listen(1)
        _attach(sock, SO_ATTACH_REUSEPORT_CBPF, newest)
    except OSError:
        sock.close()
        raise
    return sock


def _attach(sock: socket.socket, option: int, answer: int) -> None:
    """Attach a program that returns one number whatever comes."""
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, answer), 8)
    sock.setsockopt(
        socket.SOL_SOCKET, option, struct.pack("HP", 1, ctypes.addressof(instruction))
    )


async def _until_accepted(binding: Binding) -> None:
    """Return once each queue was seen empty: those that get no more connections stay so."""
    full = set(_queues(binding))
    async with _limit():
        while full := {inode for inode in full if _queues(binding).get(inode)}:
            await asyncio.sleep(POLL_S)


async def _until_closed(ours: dict[Binding, int]) -> None:
    """Return once one of those that listened has closed, and our own sockets are there still."""
    async with _limit():
        while any(len(_queues(binding)) > count for binding, count in ours.items()):
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def _limit() -> AsyncIterator[None]:
    """Go on when it is over: an Envoy that is stuck is replaced all the same."""
    try:
        async with asyncio.timeout(LIMIT_S):
            yield
    except TimeoutError:
        return


def _queues(binding: Binding) -> dict[str, int]:
    """Return how many connections wait for each socket that listens there, by its inode."""
    address, port = binding
    place = f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}:{port:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {
        row[9]: int(row[4].partition(":")[2], 16)
        for row in rows
        if row[1] == place and row[3] == _LISTEN
    }
