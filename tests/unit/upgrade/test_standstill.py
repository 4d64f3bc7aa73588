from collections.abc import Iterable

import pytest

from bascule.gateway.driver import Applied, Capabilities, ClusterTraffic, Convergence, Observation
from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from bascule.upgrade.readiness import TrafficView
from bascule.upgrade.standstill import LIMIT_S, QUIET_S, idle_cluster, observe_standstill
from tests.support.orders import BLUE, GREEN
from tests.support.virtual_clock import VirtualClock


class Counting:
    """A gateway whose count of blue's requests is what the test says, the last one for ever."""

    def __init__(self, counts: Iterable[int | None], *, is_late: bool = False) -> None:
        self._active = None if is_late else 0
        self._counts = iter(counts)
        self._last: int | None = None

    async def observe(self) -> Observation:
        self._last = next(self._counts, self._last)
        if self._last is None:
            return Observation(convergence=Convergence.CONVERGED)
        counted = ClusterTraffic(
            requests_total=self._last,
            requests_active=self._active,
            endpoints_healthy=1,
            failures_total=0,
        )
        return Observation(convergence=Convergence.CONVERGED, traffic={Cluster.BLUE: counted})

    def capabilities(self) -> Capabilities:
        raise NotImplementedError

    def view(self) -> TrafficView:
        raise NotImplementedError

    async def set_split(self, split: Split, cancels: tuple[str, ...] = ()) -> Applied:
        raise NotImplementedError


async def settled_after(counts: Iterable[int | None], wanted: Split = GREEN) -> float | None:
    clock = VirtualClock()
    begun_s = clock.monotonic_s()
    found = await clock.drive(
        observe_standstill(Counting(counts), clock, wanted, acknowledged_s=begun_s)
    )
    return None if found is None else round(found - begun_s, 6)


async def test_a_count_that_stands_still_means_in_effect_when_acknowledged() -> None:
    assert await settled_after([7]) == 0.0


async def test_a_count_that_goes_on_rising_moves_the_effective_time() -> None:
    assert await settled_after([7, 8, 9, 9]) == 2 * QUIET_S


async def test_a_count_that_never_stands_still_leaves_it_unknown() -> None:
    assert await settled_after(range(10_000)) is None
    assert LIMIT_S > 3 * QUIET_S


async def test_counts_that_are_not_known_leave_the_acknowledgement() -> None:
    assert await settled_after([None]) == 0.0


@pytest.mark.parametrize(
    ("wanted", "idle"),
    [
        (GREEN, Cluster.BLUE),
        (BLUE, Cluster.GREEN),
        (Split(Weights(5_000)), None),
        (Split(Weights(0), {"shop.example": Weights(10_000)}), None),
    ],
    ids=["green", "blue", "half", "one-host-stays"],
)
async def test_a_cluster_is_idle_only_if_no_host_uses_it(
    wanted: Split, idle: Cluster | None
) -> None:
    assert idle_cluster(wanted) is idle
    if idle is None:
        assert await settled_after([7, 8, 9], wanted) == 0.0


async def test_counts_that_come_late_tell_nothing_of_now() -> None:
    clock = VirtualClock()

    found = await observe_standstill(
        Counting(range(10_000), is_late=True), clock, GREEN, acknowledged_s=7.0
    )

    assert found == 7.0
