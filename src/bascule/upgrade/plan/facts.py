"""What is known of the world when a plan is made, beside what its user wrote."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bascule.gateway.driver import Capabilities
from bascule.ids import Cluster
from bascule.routing.model import RouteSet
from bascule.routing.weights import Split, Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterName:
    """How people know a cluster."""

    name: str
    """The context of its kubeconfig; what is typed before it is retired."""
    version: str = ""
    """Empty is not known."""
    server: str = ""
    """The URL of its API server; empty is not known."""


def _unnamed() -> Mapping[Cluster, ClusterName]:
    return {cluster: ClusterName(name=cluster.value) for cluster in Cluster}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The gateway, and what goes through it; None is not known."""

    capabilities: Capabilities
    split: Split = field(default_factory=lambda: Split(Weights.all_to(Cluster.BLUE)))
    """Where traffic is now."""
    retired: frozenset[Cluster] = frozenset()
    """Clusters that an earlier upgrade has taken out of the gateway."""
    clusters: Mapping[Cluster, ClusterName] = field(default_factory=_unnamed)
    routes: RouteSet | None = None
    requests_per_s: float | None = None
    """How many requests the gateway gets."""
    at: datetime | None = None
    """When the plan is made."""
    parent: str = ""
    """The digest of the plan that the new one takes the place of; empty for none."""

    def count_routes(self, cluster: Cluster) -> int | None:
        """Return how many routes `cluster` has; None is not known."""
        if self.routes is None:
            return None
        routes = (route for host in self.routes.hosts for route in host.routes)
        return sum(route.backend(cluster) is not None for route in routes)
