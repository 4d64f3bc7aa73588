"""When a switch is really over: the cluster that takes nothing any more gets no request.

A gateway may acknowledge a split a moment before all its workers go by it, more so when it is busy.
So the reported effective time is that of the acknowledgement only if the idle cluster's count of
requests has stood still from then on.
"""

from typing import Protocol

from bascule.clock import Clock
from bascule.gateway.driver import Observation
from bascule.ids import Cluster
from bascule.routing.weights import Split

QUIET_S = 0.02
"""How far apart the count is read."""
QUIET_READS = 3
"""How many reads in a row must show the same count."""
LIMIT_S = 1.0
"""How long the count may go on rising before the effective time is not known."""


class Observable(Protocol):
    """What can be looked at."""

    async def observe(self) -> Observation:
        """Return what is live."""
        ...


def idle_cluster(wanted: Split) -> Cluster | None:
    """Return the cluster that gets nothing under `wanted`, or None when both get requests."""
    taker = wanted.default.only
    if taker is None or any(weights.only is not taker for weights in wanted.by_host.values()):
        return None
    return taker.other


async def observe_standstill(
    traffic: Observable, clock: Clock, wanted: Split, *, acknowledged_s: float
) -> float | None:
    """Return when `wanted` was in effect, at `acknowledged_s` or later; None is not known.

    Of a split, and of a gateway whose counts are not known or come late, the acknowledgement is all
    there is.
    """
    idle = idle_cluster(wanted)
    if idle is None:
        return acknowledged_s
    deadline_s = clock.monotonic_s() + LIMIT_S
    quiet_since_s = acknowledged_s
    count = _requests(await traffic.observe(), idle)
    same = 1
    while count is not None and same < QUIET_READS:
        if clock.monotonic_s() >= deadline_s:
            return None
        await clock.sleep_until(clock.monotonic_s() + QUIET_S)
        again = _requests(await traffic.observe(), idle)
        same = same + 1 if again == count else 1
        if again != count:
            quiet_since_s = clock.monotonic_s()
        count = again
    return quiet_since_s


def _requests(seen: Observation, cluster: Cluster) -> int | None:
    known = seen.traffic.get(cluster)
    return known.requests_total if known is not None and known.is_of_now else None
