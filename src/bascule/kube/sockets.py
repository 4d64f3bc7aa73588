"""Sockets that notice when the machine at the other end is gone, though nobody closed them."""

import socket

from aiohttp import AddrInfoType

IDLE_S = 10
PROBE_S = 5
PROBES_MAX = 3
UNACKNOWLEDGED_MS = 20_000


def open_socket(info: AddrInfoType) -> socket.socket:
    """Return a TCP socket, not connected, that fails about 25 s after its peer fell silent.

    A watch may be silent for a minute in good health; so only TCP's own probes can tell.
    """
    family, kind, protocol, _, _ = info
    opened = socket.socket(family=family, type=kind, proto=protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE_S)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_S)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES_MAX)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
    return opened
