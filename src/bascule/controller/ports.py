"""What the controller needs besides the gateway driver."""

from collections.abc import Mapping
from typing import Protocol

from bascule.ids import Cluster
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RouteSet, RoutingTable
from bascule.storage.last_good import LastGood, NoLastGood


class BuildRoutes(Protocol):
    """Turns what is known of the clusters into routes; runs in a thread, one call at a time."""

    def __call__(
        self, snapshots: Mapping[Cluster, ClusterSnapshot], *, previous: RouteSet | None
    ) -> RouteSet:
        """Return the routes; a cluster whose snapshot is not complete keeps its `previous` part."""
        ...


class LastGoodStore(Protocol):
    """Keeps the last table that the gateway acknowledged over a restart; both calls may block."""

    def load(self) -> LastGood | NoLastGood:
        """Return what was stored last, or why there is nothing."""
        ...

    def store(self, table: RoutingTable, certificates: CertificateStore) -> None:
        """Replace what is stored; raises JournalError when it cannot be written."""
        ...
