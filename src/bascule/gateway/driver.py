"""What every gateway can be asked, whatever it is.

`apply` is idempotent and returns when every instance of the gateway has acknowledged the table's
traffic split and its routes; `observe` looks at what is live, and never guesses.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import ceil
from types import MappingProxyType
from typing import Protocol, Self, TypeAlias

from bascule.ids import Cluster
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import Problem, RoutingTable
from bascule.routing.weights import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTimes:
    """How long changes take of a gateway that takes each as an update of the whole of it.

    Each is a disruption: instances go by it one after the other, and connections are drained.
    """

    median_s: float
    p90_s: float
    """One in ten takes longer."""
    source: str
    """Where that was measured, in the words of people."""

    @classmethod
    def measured(cls, taken_s: Iterable[float], *, source: str) -> Self:
        """Return the median and the ninth decile of what was measured, each of them measured."""
        ordered = sorted(taken_s)
        median_s, p90_s = (ordered[ceil(len(ordered) * each) - 1] for each in (0.5, 0.9))
        return cls(median_s=median_s, p90_s=p90_s, source=source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a gateway can do; the planner rounds or refuses, a driver never does quietly."""

    weight_step_bp: int
    has_sticky_sessions: bool
    has_mirroring: bool
    has_preview_by_header: bool
    has_drain: bool
    is_switch_atomic: bool
    traffic_kinds: frozenset[str]
    """Of: http1, http2, websocket, grpc."""
    has_sticky_headers: bool = True
    """Whether users can be kept on a cluster by a header too."""
    shares_by_members: bool = False
    """Whether a host is split by how many addresses of each cluster it has, so that each Service
    reaches percentages of its own."""
    measures_latency: bool = True
    """Whether its counts tell how long requests took, even without a log of each of them."""
    tells_clusters_apart: bool = True
    """Whether they tell which cluster answered, even without such a log, as long as no host is
    answered by both; with `measures_latency`, always."""
    measures_every_s: float = 0.0
    """How far apart its counts are; 0: at any moment."""
    update: UpdateTimes | None = None
    """None: a change is a message, and in effect at once."""
    richer_type: str = ""
    """The `gateway.type` that can do what this one cannot; empty: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an `apply` did. Times are `Clock.monotonic_s` of this process."""

    table_digest: str
    sent_s: float
    acknowledged_s: float
    """When the last instance acknowledged the split; `sent_s` when nothing had to be sent."""
    instances: int
    is_split_only: bool
    """Whether the split alone changed, so that one small message did it."""
    problems: tuple[Problem, ...] = ()
    """What of the table this gateway cannot do, on the objects that ask for it."""


class Convergence(StrEnum):
    """The answer of `observe` to whether what we asked for is live."""

    CONVERGED = "converged"
    PENDING = "pending"
    FOREIGN_CHANGE = "foreign_change"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Latencies as counts.

    `counts[i]` is how many took at most `bounds_ms[i]` and more than the bound before it; the last
    count, one more than there are bounds, is of all above.
    """

    bounds_ms: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """What shows that nothing is sent to a cluster whose open requests a gateway cannot count."""

    since: datetime
    until: datetime
    evidence: str
    """In the words of people: what was looked at, and what cannot be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTraffic:
    """What the gateway counts for one cluster, summed over its backends and instances.

    Of users' requests and of mirrored ones; previews count apart. What each figure holds stands in
    docs/reference/statistics.md.
    """

    requests_total: int
    """Requests sent to a backend; one that is tried again counts each time."""
    requests_active: int | None
    """Requests, WebSockets and gRPC streams that are open now, previews too; 0 means drained.
    None: the gateway does not say."""
    endpoints_healthy: int | None
    """None: not known."""
    failures_total: int
    """Requests that ended in what a user sees as failed; one that a retry saved is none."""
    completed_total: int | None = None
    """Requests that were answered, or that the gateway answered for a backend; None: not known."""
    abandoned_total: int | None = None
    """Requests that the client gave up before an answer came; no failures. None: not known."""
    latency: Histogram | None = None
    """Of answers since the gateway started; None is not known, or was not asked for."""
    previews_total: int | None = None
    """Requests by the preview header or a preview's host, in no other total. None: not known."""
    unused: Unused | None = None
    """Proof that it gets nothing, from a gateway that does not say what is open; None: no proof."""
    clients: int | None = None
    """From how many addresses of clients it got requests in the last minute. None: not known."""
    clients_of_both: int | None = None
    """Of those: how many the other cluster answered in the same minute as well."""
    source: str = ""
    """Who counted, where there is more than one who may; empty: the gateway."""

    @property
    def is_of_now(self) -> bool:
        """Whether the totals are of this moment; who does not know what is open counts late."""
        return self.requests_active is not None


def _no_traffic() -> Mapping[Cluster, ClusterTraffic]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What is live now, as far as can be seen; `reason` says why it is not converged."""

    convergence: Convergence
    reason: str = ""
    table_digest: str | None = None
    split: Split | None = None
    instances: int = 0
    traffic: Mapping[Cluster, ClusterTraffic] = field(default_factory=_no_traffic)
    """Empty when the gateway could not be asked: absent is unknown, never 0."""
    is_split_settled: bool | None = None
    """Of a gateway of two halves: whether the one that goes by the split has converged. None: it is
    one, and `convergence` says so."""
    is_overwritten: bool = False
    """Whether somebody else changed what is ours on it: written again, it would be as it was."""

    @property
    def goes_by_split(self) -> bool:
        """Whether requests go by `split`, whatever else is still to come."""
        if self.is_split_settled is None:
            return self.convergence is Convergence.CONVERGED
        return self.is_split_settled


MayCancel: TypeAlias = Callable[[Split, tuple[str, ...]], AbstractContextManager[None]]
"""Of a gateway that others write too: lets a split, and nothing else, take the place of operations
of those who are named, for as long as the context is open."""


def cancels_nothing(split: Split, whose: tuple[str, ...]) -> AbstractContextManager[None]:
    """As `MayCancel`, of a gateway that nobody else writes."""
    del split, whose
    return nullcontext()


class GatewayDriver(Protocol):
    """One gateway, seen from above. One task calls `apply`; anyone may call `observe`."""

    def capabilities(self) -> Capabilities:
        """Return what this gateway can do."""
        ...

    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        """Make `table` live and return when it is acknowledged.

        The same table twice is one effect. Raises DriverError when the gateway refuses it (the last
        good state stays), OutcomeUnknownError when no acknowledgement came in the driver's time.
        """
        ...

    async def observe(self) -> Observation:
        """Return what is live; `unknown`, never an exception, when it cannot be reached."""
        ...

    async def measure(self) -> Mapping[Cluster, ClusterTraffic]:
        """Return what is counted for each cluster, latencies with it; empty when it is not known.

        Totals that fall were counted anew: an instance restarted. Never raises.
        """
        ...
