"""The traffic of the demonstration: every kind that the definition of zero downtime names."""

from dataclasses import dataclass
from pathlib import Path

from bascule.lab.load.plan import (
    DURATION_MAX_S,
    Lane,
    LaneKind,
    Plan,
    StreamKind,
    StreamLane,
    Target,
)
from bascule.lab.shop.manifests import API_HOST, SHOP_HOST, filler_host
from bascule.lab.story.settings import StorySettings

ADDRESS = "127.0.0.1"
SLOW_MS = 1000
SLOW_RATE = 4.0
STREAMS_OF_A_KIND = 6
STREAM_LIFE_S = 3.0
USERS = 200
RAMP_S = 1.0
WARM_UP_S = 1.5
TIMEOUT_S = 5.0

_SHARES = (
    (LaneKind.KEEP_ALIVE, False, 0.40),
    (LaneKind.KEEP_ALIVE, True, 0.25),
    (LaneKind.USER, True, 0.15),
    (LaneKind.HTTP2, True, 0.08),
    (LaneKind.FRESH, False, 0.06),
    (LaneKind.FRESH, True, 0.03),
    (LaneKind.POST, False, 0.03),
)
"""Kind, whether over TLS, and share of the rate; slow requests and streams come on top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the gateway listens, and the authority behind its certificate."""

    http_port: int
    https_port: int
    ca_file: Path


def build_plan(settings: StorySettings, places: Places) -> Plan:
    """Return the generator's plan; it runs until it is told to stop."""
    plain = Target(host=API_HOST, address=ADDRESS, port=places.http_port)
    secure = Target(
        host=SHOP_HOST,
        address=ADDRESS,
        port=places.https_port,
        tls=True,
        ca_file=str(places.ca_file),
    )
    lanes = [
        Lane(
            name=f"{kind}{'-tls' if is_tls else ''}",
            kind=kind,
            target=secure if is_tls else plain,
            rate=settings.rate * share,
            path="/cart" if is_tls else "/",
            users=USERS if kind is LaneKind.USER else 0,
        )
        for kind, is_tls, share in _SHARES
    ]
    lanes.append(
        Lane(name="slow", kind=LaneKind.SLOW, target=plain, rate=SLOW_RATE, slow_ms=SLOW_MS)
    )
    if settings.routes:
        host = filler_host(settings.routes // 2)
        filler = Target(host=host, address=ADDRESS, port=places.http_port)
        lanes.append(Lane(name="one-of-many", kind=LaneKind.KEEP_ALIVE, target=filler, rate=20.0))
    return Plan(
        lanes=tuple(lanes),
        streams=(
            _streams("websocket", StreamKind.WEBSOCKET, secure),
            _streams("grpc", StreamKind.GRPC, plain),
        ),
        duration_max_s=min(DURATION_MAX_S, settings.duration_s + 120),
        warm_up_s=WARM_UP_S,
        ramp_s=RAMP_S,
        timeout_s=TIMEOUT_S,
    )


def _streams(name: str, kind: StreamKind, target: Target) -> StreamLane:
    return StreamLane(
        name=name, kind=kind, target=target, count=STREAMS_OF_A_KIND, life_s=STREAM_LIFE_S
    )
