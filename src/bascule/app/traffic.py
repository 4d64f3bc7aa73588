"""The executor's view of the gateway: the controller's knowledge and the driver's read-back."""

from bascule.controller.cache import ClusterKnowledge, ClusterState
from bascule.controller.loop import Controller
from bascule.gateway.driver import Applied, Capabilities, GatewayDriver, Observation
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement
from bascule.routing.weights import Split
from bascule.upgrade.readiness import ClusterLists, TrafficView


class ControllerTraffic:
    """Implements `bascule.upgrade.ports.Traffic`."""

    def __init__(self, controller: Controller, driver: GatewayDriver) -> None:
        self._controller = controller
        self._driver = driver

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

    async def set_split(self, split: Split) -> Applied:
        """Make `split` live; see `Controller.set_split`."""
        return await self._controller.set_split(split)

    async def set_arrangement(self, arrangement: Arrangement) -> None:
        """Make `arrangement` live; see `Controller.set_arrangement`."""
        await self._controller.set_arrangement(arrangement)

    async def set_retired(self, retired: frozenset[Cluster]) -> None:
        """Take these clusters out of the gateway; see `Controller.set_retired`."""
        await self._controller.set_retired(retired)

    async def observe(self) -> Observation:
        """Return what is live."""
        return await self._driver.observe()


def _lists(known: ClusterKnowledge) -> ClusterLists:
    return ClusterLists(
        is_complete=known.is_complete,
        is_stale=known.state is ClusterState.STALE,
        reason=known.reason,
    )
