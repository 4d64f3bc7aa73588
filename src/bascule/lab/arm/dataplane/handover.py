"""Keeps new connections away from Envoys that are about to close, so that none of them is lost.

Envoys that share a port have a queue each, to which the kernel assigns new connections; it resets
what is still queued when an Envoy closes. So all new ones are led to the newest first.
"""

import asyncio
import ctypes
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

Binding = tuple[str, int]

POLLS_MAX, POLL_S = 400, 0.005
"""An Envoy that does not accept what is queued is closed all the same."""
_SO_ATTACH_FILTER, _SO_ATTACH_REUSEPORT_CBPF = 26, 51
_RETURN = 0x06
"""The instruction of a classic BPF program that ends it with a number."""
_LISTEN = "0A"


async def lead_to_newest(bindings: Iterable[Binding]) -> None:
    """Lead new connections to whoever began last to listen on each of these.

    When it returns, no connection waits for any other, and they may close. Does nothing but on
    Linux. A connection that comes in the very moment may take a second longer.
    """
    if sys.platform != "linux":
        return
    for binding in bindings:
        count = len(_queues(binding))
        if count > 1:
            with suppress(OSError):  # where no program may be attached, it goes on without
                _lead_to(binding, count - 1)
            await _until_accepted(binding)


def _lead_to(binding: Binding, number: int) -> None:
    """Lead new connections to one of those that listen there, by its number from 0.

    Who begins to listen gets the next number; when one closes, the last takes its number. What is
    led to a number that nobody has is dealt out to all: so this may stay in force.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ours.bind(binding)
        _attach(ours, _SO_ATTACH_FILTER, 0)  # what comes to it is dropped, and comes once more
        ours.listen(1)
        _attach(ours, _SO_ATTACH_REUSEPORT_CBPF, number)


def _attach(sock: socket.socket, option: int, answer: int) -> None:
    """Attach a program that returns one number whatever comes."""
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, answer), 8)
    program = struct.pack("HP", 1, ctypes.addressof(instruction))
    sock.setsockopt(socket.SOL_SOCKET, option, program)


async def _until_accepted(binding: Binding) -> None:
    """Return once each queue was seen empty: those that get no more connections stay so."""
    full = set(_queues(binding))
    for _ in range(POLLS_MAX):
        now = _queues(binding)
        full = {inode for inode in full if now.get(inode)}
        if not full:
            return
        await asyncio.sleep(POLL_S)


def _queues(binding: Binding) -> dict[str, int]:
    """Return how many connections wait for each socket that listens there, by its inode."""
    address, port = binding
    place = f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}:{port:04X}"
    with Path("/proc/net/tcp").open() as table:
        next(table)
        rows = takewhile(lambda row: row[3] == _LISTEN, map(str.split, table))  # they come first
        return {row[9]: int(row[4].partition(":")[2], 16) for row in rows if row[1] == place}
