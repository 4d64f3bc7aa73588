"""Which cluster an address belongs to, as routing tables and the gateway's pools said it lately.

What is logged of a minute is read minutes later, when its pod may be gone from both.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from bascule.azure.document import Document, list_at, text_at
from bascule.gateway.appgw.part import POOLS
from bascule.gateway.appgw.reach import cluster_of_pool, read_addresses
from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind
from bascule.ids import Cluster
from bascule.routing.model import Backend, RoutingTable

KEPT_S: Final = 3_600.0
"""How long an address is known for a cluster's after it was last seen."""
LOOKS_MAX: Final = 1_000
"""Of so many looks it is known whose the pools were that are of no one cluster by their names."""


class Whose:
    """Addresses by cluster; one that both had lately is nobody's."""

    def __init__(self, settings: AppGwSettings) -> None:
        self._settings = settings
        self._now: dict[Cluster, frozenset[str]] = {
            cluster: frozenset(
                balancer.address.lower()
                for whose, balancer in settings.load_balancers.items()
                if whose is cluster
            )
            for cluster in Cluster
        }
        """By the newest table."""
        self._seen: dict[Cluster, dict[str, float]] = {cluster: {} for cluster in Cluster}
        """When each of the others was last seen."""
        self._shared: deque[tuple[float, frozenset[Cluster]]] = deque(maxlen=LOOKS_MAX)

    def note_table(self, table: RoutingTable, now_s: float) -> None:
        """Learn which addresses each cluster has."""
        if self._settings.backends is BackendsKind.LOAD_BALANCER:
            return
        for cluster in Cluster:
            backends = {
                id(backend): backend
                for host in table.routes.hosts
                for route in host.routes
                if (backend := route.backend(cluster)) is not None
            }
            self._see(cluster, self._now[cluster], now_s)
            self._now[cluster] = frozenset(_addresses(backends.values()))

    def note_document(self, document: Document, now_s: float) -> None:
        """Learn from pools whose names say a cluster, and whose the members of the others are."""
        shared: set[str] = set()
        ours = f"{self._settings.prefix}pool-".lower()
        for pool in list_at(document, "properties", POOLS):
            name = text_at(pool, "name").lower()
            cluster = cluster_of_pool(name, self._settings.prefix)
            if cluster is not None:
                self._see(cluster, read_addresses(pool), now_s)
            elif name.startswith(ours):
                shared.update(read_addresses(pool))
        for known in self._seen.values():
            known.update(dict.fromkeys(shared & known.keys(), now_s))
            for address in [each for each, seen_s in known.items() if seen_s < now_s - KEPT_S]:
                del known[address]
        self._shared.append((now_s, self._owners(shared)))

    def known(self) -> Mapping[Cluster, frozenset[str]]:
        """Return the addresses that are of one cluster and no other."""
        blue, green = (self._now[cluster] | self._seen[cluster].keys() for cluster in Cluster)
        return {Cluster.BLUE: blue - green, Cluster.GREEN: green - blue}

    def cluster_of_shared(self, from_s: float, to_s: float) -> Cluster | None:
        """Return whose pools without a cluster's name were all that time; None: nobody's alone."""
        before = [owners for at_s, owners in self._shared if at_s <= from_s][-1:]
        within = [owners for at_s, owners in self._shared if from_s < at_s < to_s]
        after = [owners for at_s, owners in self._shared if at_s >= to_s][:1]
        found = frozenset[Cluster]().union(*before, *within, *after)
        return next(iter(found)) if before and after and len(found) == 1 else None

    def _see(self, cluster: Cluster, addresses: Iterable[str], now_s: float) -> None:
        self._seen[cluster].update(dict.fromkeys(addresses, now_s))

    def _owners(self, addresses: set[str]) -> frozenset[Cluster]:
        """Return whose these are: both clusters', where somebody is not known to be of one."""
        known = self.known()
        if addresses - known[Cluster.BLUE] - known[Cluster.GREEN]:
            return frozenset(Cluster)
        return frozenset(cluster for cluster in Cluster if addresses & known[cluster])


def _addresses(backends: Iterable[Backend]) -> Iterable[str]:
    return (endpoint.address.lower() for each in backends for endpoint in each.endpoints)
