"""The executor's view of the gateway: the controller's knowledge and the driver's read-back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bascule.app.metering import Timed
from bascule.clock import Clock
from bascule.controller.cache import ClusterKnowledge, ClusterState
from bascule.controller.loop import Controller
from bascule.errors import BasculeError, OutcomeUnknownError
from bascule.gateway.driver import (
    Applied,
    Capabilities,
    GatewayDriver,
    MayCancel,
    Observation,
    cancels_nothing,
)
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement
from bascule.routing.weights import Split
from bascule.upgrade.readiness import ClusterLists, TrafficView

LOOK_S = 0.5
"""How often it is asked whether a change that takes long is still meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """For a gateway whose changes take long: whether an order waits that leads back from one."""

    is_overtaken: Callable[[], Awaitable[bool]]
    clock: Clock


class ControllerTraffic:
    """Implements `bascule.upgrade.ports.Traffic`."""

    def __init__(
        self,
        controller: Controller,
        driver: GatewayDriver,
        call_back: CallBack | None = None,
        *,
        may_cancel: MayCancel = cancels_nothing,
        puts: Timed | None = None,
    ) -> None:
        self._controller = controller
        self._driver = driver
        self._call_back = call_back
        self._may_cancel = may_cancel
        self._puts = puts

    def capabilities(self) -> Capabilities:
        """Return what the gateway can do."""
        return self._driver.capabilities()

    def view(self) -> TrafficView:
        """Return what is known of both clusters now."""
        seen = self._controller.view()
        return TrafficView(
            routes=seen.routes,
            lists={cluster: _lists(known) for cluster, known in seen.clusters.items()},
        )

    def count_updates(self) -> int | None:
        """Return how many updates Azure took since the runtime began; None: there are no such."""
        return None if self._puts is None else self._puts.total

    async def set_split(self, split: Split, cancels: tuple[str, ...] = ()) -> Applied:
        """Make `split` live; see `Controller.set_split`.

        Raises OutcomeUnknownError also when it is called back before its end was seen.
        """
        with self._may_cancel(split, cancels):
            if self._call_back is None:
                return await self._controller.set_split(split)
            return await wait_unless_overtaken(self._controller.set_split(split), self._call_back)

    async def set_arrangement(self, arrangement: Arrangement) -> None:
        """Make `arrangement` live; see `Controller.set_arrangement`."""
        await self._controller.set_arrangement(arrangement)

    async def set_retired(self, retired: frozenset[Cluster]) -> None:
        """Take these clusters out of the gateway; see `Controller.set_retired`."""
        await self._controller.set_retired(retired)

    async def observe(self) -> Observation:
        """Return what is live."""
        return await self._driver.observe()


async def wait_unless_overtaken(change: Awaitable[Applied], call_back: CallBack) -> Applied:
    """Return what `change` did; it is broken off once an order leads back from it.

    Raises what it raises, and OutcomeUnknownError when it was broken off.
    """
    clock = call_back.clock

    async def settle() -> Applied | BasculeError:
        try:
            return await change
        except BasculeError as error:
            return error

    async with asyncio.TaskGroup() as group:
        changing = group.create_task(settle())
        while not changing.done():
            pause = group.create_task(clock.sleep_until(clock.monotonic_s() + LOOK_S))
            await asyncio.wait((changing, pause), return_when=asyncio.FIRST_COMPLETED)
            pause.cancel()
            if not changing.done() and await call_back.is_overtaken():
                changing.cancel()
                break
    if changing.cancelled():
        raise OutcomeUnknownError("it was called back before the gateway was updated")
    ended = changing.result()
    if isinstance(ended, BasculeError):
        raise ended
    return ended


def _lists(known: ClusterKnowledge) -> ClusterLists:
    return ClusterLists(
        is_complete=known.is_complete,
        is_stale=known.state is ClusterState.STALE,
        reason=known.reason,
    )
