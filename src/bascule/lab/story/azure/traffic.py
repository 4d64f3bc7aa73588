"""The traffic of the demonstration on Azure: what an application gateway serves."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path

from bascule.lab.load.plan import Lane, LaneKind, Plan, StreamKind, StreamLane, Target
from bascule.lab.shop.manifests import API_HOST, SHOP_HOST
from bascule.lab.story.azure.files import HTTP_PORT, HTTPS_PORT, Platform

DURATION_MAX_S = 900.0
REQUESTS_MAX = 1_000_000
SLOW_MS = 500
SLOW_RATE = 2.0
WARM_UP_S = 1.0
TIMEOUT_S = 5.0
WEBSOCKETS = 4
_SHARES = (
    (LaneKind.KEEP_ALIVE, False, 0.40),
    (LaneKind.KEEP_ALIVE, True, 0.30),
    (LaneKind.FRESH, False, 0.12),
    (LaneKind.FRESH, True, 0.08),
    (LaneKind.POST, False, 0.10),
)
"""Kind, whether over TLS, and share of the rate; slow requests and WebSockets come on top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where users come in."""

    address: str
    ca_file: Path
    """Of the authority behind the shop's certificate."""


def build_plan(rate: float, door: Door, platform: Platform) -> Plan:
    """Return the generator's plan; it runs until it is told to stop."""
    plain = Target(host=API_HOST, address=door.address, port=HTTP_PORT)
    secure = Target(
        host=SHOP_HOST,
        address=door.address,
        port=HTTPS_PORT,
        tls=True,
        ca_file=str(door.ca_file),
    )
    lanes = [
        Lane(
            name=f"{kind}{'-tls' if is_tls else ''}",
            kind=kind,
            target=secure if is_tls else plain,
            rate=rate * share,
            path="/cart" if is_tls else "/",
        )
        for kind, is_tls, share in _SHARES
    ]
    lanes.append(
        Lane(name="slow", kind=LaneKind.SLOW, target=plain, rate=SLOW_RATE, slow_ms=SLOW_MS)
    )
    sockets = StreamLane(
        name="websocket", kind=StreamKind.WEBSOCKET, target=secure, count=WEBSOCKETS
    )
    return Plan(
        lanes=tuple(lanes),
        streams=(sockets,),
        duration_max_s=min(DURATION_MAX_S, REQUESTS_MAX / (rate + SLOW_RATE)),
        warm_up_s=WARM_UP_S,
        timeout_s=TIMEOUT_S,
        cluster_by_name={platform.name_of(each): each for each in ("blue", "green")},
    )


async def serves(door: Door) -> bool:
    """Whether both hosts are answered now, one of them over TLS."""
    secure = ssl.create_default_context(cafile=str(door.ca_file))
    return await _is_ok(door, API_HOST, HTTP_PORT, None) and await _is_ok(
        door, SHOP_HOST, HTTPS_PORT, secure
    )


async def _is_ok(door: Door, host: str, port: int, context: ssl.SSLContext | None) -> bool:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(
                door.address, port, ssl=context, server_hostname=host if context else None
            )
            writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in answer
