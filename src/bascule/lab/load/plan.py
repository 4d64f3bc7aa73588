"""What a run of the generator is to do: lanes of requests, streams, and limits on both."""

import ipaddress
from enum import StrEnum
from pathlib import Path

import msgspec

from bascule.errors import UsageError

RATE_MAX = 20_000.0
DURATION_MAX_S = 900.0
REQUESTS_MAX = 3_000_000
LANES_MAX = 64
STREAMS_MAX = 500
USERS_MAX = 100_000


class LaneKind(StrEnum):
    """How the requests of a lane travel."""

    FRESH = "fresh"
    """A new connection for each request."""
    KEEP_ALIVE = "keep_alive"
    """HTTP/1.1 on connections that are kept."""
    HTTP2 = "http2"
    SLOW = "slow"
    """Requests that ask for an answer later than a switch takes."""
    POST = "post"
    """Each with an idempotency key of its own, so that a second effect is found."""
    USER = "user"
    """Users that keep their cookies."""


class StreamKind(StrEnum):
    """What kind of stream is held open."""

    WEBSOCKET = "websocket"
    GRPC = "grpc"


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to connect, and the host name to ask for (SNI and Host)."""

    host: str
    address: str
    port: int
    tls: bool = False
    ca_file: str | None = None


class Lane(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests of one kind at a fixed rate, evenly spread."""

    name: str
    kind: LaneKind
    target: Target
    rate: float
    path: str = "/"
    slow_ms: int = 0
    users: int = 0

    @property
    def interval_s(self) -> float:
        """Seconds between two scheduled requests."""
        return 1.0 / self.rate


class StreamLane(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Streams of one kind, each held open for `life_s` and then opened anew."""

    name: str
    kind: StreamKind
    target: Target
    count: int
    life_s: float = 4.0
    message_interval_s: float = 0.25
    path: str = "/stream"


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run. It ends at `duration_max_s` or when told to stop, whichever is first."""

    lanes: tuple[Lane, ...]
    streams: tuple[StreamLane, ...] = ()
    duration_max_s: float = 60.0
    timeout_s: float = 5.0
    warm_up_s: float = 0.5
    """Not judged for gaps and latency; failures in it count."""
    ramp_s: float = 0.0
    """The rates rise from 0 for so long."""
    live_interval_s: float = 0.25
    connections_max: int = 1000
    cluster_by_name: dict[str, str] = {}
    """Which cluster, blue or green, is meant where answers call themselves otherwise."""


def load_plan(path: Path) -> Plan:
    """Return the plan in the JSON file `path`. Raises UsageError where it cannot be run."""
    try:
        return parse_plan(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read the load plan {path}: {error.strerror}") from error


def parse_plan(text: bytes) -> Plan:
    """Return the plan in `text` (JSON), checked. Raises UsageError."""
    try:
        plan = msgspec.json.decode(text, type=Plan)
    except msgspec.DecodeError as error:
        raise UsageError(f"the load plan is wrong: {error}") from error
    check_plan(plan)
    return plan


def check_plan(plan: Plan) -> None:
    """Raise UsageError for a plan that is unbounded, too big or leaves this machine."""
    for target in [*(lane.target for lane in plan.lanes), *(s.target for s in plan.streams)]:
        _check_target(target)
    _check_limit("lanes", len(plan.lanes), LANES_MAX)
    _check_limit("streams", sum(lane.count for lane in plan.streams), STREAMS_MAX)
    _check_limit("users", sum(lane.users for lane in plan.lanes), USERS_MAX)
    _check_limit("duration_max_s", plan.duration_max_s, DURATION_MAX_S)
    rate = sum(lane.rate for lane in plan.lanes)
    _check_limit("rate of all lanes", rate, RATE_MAX)
    _check_limit("requests", rate * plan.duration_max_s, REQUESTS_MAX)
    for lane in plan.lanes:
        if lane.rate <= 0:
            raise UsageError(f"lane {lane.name} has no rate", remedy="give a rate above 0")


def _check_target(target: Target) -> None:
    try:
        is_loopback = ipaddress.ip_address(target.address).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise UsageError(
            f"the load generator sends to loopback addresses only, not to {target.address}",
            remedy="give an address of 127.0.0.0/8 or ::1",
        )


def _check_limit(what: str, value: float, limit: float) -> None:
    if value > limit:
        raise UsageError(f"the load plan's {what} is {value:g}; the limit is {limit:g}")
