"""What is known of the world when a plan is made, beside what its user wrote."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bascule.gateway.driver import Capabilities, UpdateTimes
from bascule.ids import Cluster
from bascule.journal.record import Json
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
class PlatformFacts:
    """What a platform would do for an upgrade; times in seconds, None is not known."""

    make: Mapping[str, Json] = field(default_factory=dict)
    """Arguments of the step that makes green; empty: it is there as it is wanted."""
    make_title: str = ""
    remove: Mapping[str, Json] = field(default_factory=dict)
    """Arguments of the steps that stop, start and remove blue."""
    make_s: float | None = None
    stop_s: float | None = None
    start_s: float | None = None
    remove_s: float | None = None


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
    platform: PlatformFacts | None = None
    """None: the clusters exist, and stay."""
    parent: str = ""
    """The digest of the plan that the new one takes the place of; empty for none."""
    has_request_log: bool | None = None
    """Whether the gateway has a log that tells of each request who answered it and how fast; None:
    nobody looked. Of importance only where its counts do not tell that."""
    measured_update: UpdateTimes | None = None
    """What this very gateway took, by its own changes or a rehearsal."""

    @property
    def update(self) -> UpdateTimes | None:
        """How long updates take, as well as it is known; None: changes are mere messages."""
        known = self.capabilities.update
        return known if known is None else self.measured_update or known

    def count_routes(self, cluster: Cluster) -> int | None:
        """Return how many routes `cluster` has; None is not known."""
        if self.routes is None:
            return None
        routes = (route for host in self.routes.hosts for route in host.routes)
        return sum(route.backend(cluster) is not None for route in routes)
