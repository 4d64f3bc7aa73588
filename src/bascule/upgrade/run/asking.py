"""What the gateway itself says of the backends that requests would be led to.

Kubernetes' word is not enough: a gateway may not reach pods that are ready, or probe them wrongly.
A rollback never waits for it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from typing_extensions import override

from bascule.ids import Cluster
from bascule.routing.weights import Split
from bascule.upgrade.ports import Asked, Backends
from bascule.upgrade.readiness import rising_clusters, rising_of

FRESH_S = 60.0
"""How old an answer may be by which requests are led to a cluster."""
HELD_S = 300.0
"""How old it may be of a cluster that is held for a way back."""


class NoBackends(Backends):
    """Of a gateway whose backends tell by themselves whether they are healthy."""

    @override
    def ask(self, cluster: Cluster, is_meant: Callable[[str], bool], *, within_s: float) -> Asked:
        return Asked()


NO_BACKENDS: Final = NoBackends()


def find_unfit(backends: Backends, before: Split, wanted: Split) -> str:
    """Return why no requests are to be led as `wanted` yet; empty: nothing is known against it.

    What was found sick is so until another answer is there.
    """
    found = list(_ask(backends, before, wanted, within_s=FRESH_S))
    sick = "; ".join(tell_sick(cluster, asked) for cluster, asked in found if asked.sick)
    awaited = [cluster for cluster, asked in found if asked.is_awaited]
    if sick or not awaited:
        return sick
    return f"the gateway is asked how it finds the backends of {' and '.join(awaited)}"


def find_doubts(backends: Backends, before: Split, wanted: Split) -> tuple[str, ...]:
    """Return what is to be noted of these backends; asks nothing anew.

    That is what the gateway did not tell, and what is unhealthy wherever requests are led.
    """
    found = list(_ask(backends, before, wanted, within_s=float("inf")))
    return (
        *(tell_sick_anyway(cluster, asked) for cluster, asked in found if asked.sick_anyway),
        *(
            f"the gateway does not tell how it finds all backends of {cluster}: {asked.doubt}"
            for cluster, asked in found
            if asked.doubt
        ),
    )


def ask_of_held(backends: Backends, cluster: Cluster, before: Split, wanted: Split) -> Asked:
    """Return what is known of the backends that a way back leads to; a stale word stands."""
    return backends.ask(cluster, partial(_rises, before, wanted, cluster), within_s=HELD_S)


def tell_sick(cluster: Cluster, asked: Asked) -> str:
    """Say which backends are not healthy."""
    return f"the gateway finds backends of {cluster} unhealthy: {asked.sick}"


def tell_sick_anyway(cluster: Cluster, asked: Asked) -> str:
    """Say which backends are healthy in neither cluster."""
    return (
        f"the gateway finds backends of {cluster} unhealthy, as {cluster.other}'s in their place, "
        f"so that a move makes nothing worse: {asked.sick_anyway}"
    )


def _ask(
    backends: Backends, before: Split, wanted: Split, *, within_s: float
) -> Iterator[tuple[Cluster, Asked]]:
    for cluster in rising_clusters(before, wanted):
        is_meant = partial(_rises, before, wanted, cluster)
        yield cluster, backends.ask(cluster, is_meant, within_s=within_s)


def _rises(before: Split, wanted: Split, cluster: Cluster, host: str) -> bool:
    return rising_of(before, wanted, host) is cluster
