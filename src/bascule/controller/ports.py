"""What the controller works on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bascule.controller.feed import ClusterFeed
from bascule.controller.report import Reporter
from bascule.gateway.driver import GatewayDriver
from bascule.ids import Cluster
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RoutingTable
from bascule.storage.last_good import LastGood, NoLastGood


class LastGoodStore(Protocol):
    """Keeps the last table that the gateway acknowledged over a restart; both calls may block."""

    def load(self) -> LastGood | NoLastGood:
        """Return what was stored last, or why there is nothing."""
        ...

    def store(self, table: RoutingTable, certificates: CertificateStore) -> None:
        """Replace what is stored; raises JournalError when it cannot be written."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerPorts:
    """The gateway, the clusters, what outlives a restart, and where problems are told."""

    driver: GatewayDriver
    feeds: Mapping[Cluster, ClusterFeed]
    last_good: LastGoodStore
    reporters: tuple[Reporter, ...] = ()
