"""What checks look at: both clusters and the gateway at one moment, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bascule.checks.appgw.facts import AppGwFacts
from bascule.checks.azure.facts import InsideFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.gateway.driver import Observation
from bascule.ids import Cluster
from bascule.manifest.snapshot import EMPTY_SNAPSHOT, ClusterSnapshot
from bascule.routing.model import RouteSet
from bascule.routing.options import BuildOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """What is known of one cluster; `reason` says why it is not all, empty when it is."""

    name: str = ""
    """What its owner calls it: the context of the kubeconfig."""
    server: str = ""
    """The URL of its API."""
    version: str = ""
    """Such as `v1.33.2`; empty is not known."""
    snapshot: ClusterSnapshot = EMPTY_SNAPSHOT
    reason: str = ""
    remedy: str = ""
    is_awaited: bool = False
    """Whether it is not there yet, and is expected to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostScope:
    """Which hosts an upgrade moves: `include` empty means all; `exclude` never."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def has(self, host: str) -> bool:
        """Return whether the upgrade moves the traffic of `host`."""
        return host not in self.exclude and (not self.include or host in self.include)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Both clusters and the gateway, as they were at one moment."""

    at: datetime
    clusters: Mapping[Cluster, ClusterFacts]
    routes: RouteSet
    """Of both clusters together, as the gateway would serve them."""
    options: BuildOptions = field(default_factory=BuildOptions)
    scope: HostScope = field(default_factory=HostScope)
    observation: Observation | None = None
    """What the gateway showed; None: it was not asked."""
    unfinished: str = ""
    """The name of another upgrade that this gateway has not finished."""
    inside: Mapping[Cluster, InsideFacts | Unreadable] = field(default_factory=dict)
    """Which controllers in each cluster write gateways of Azure; empty where none matters."""

    overlays: Mapping[Cluster, tuple[str, ...]] = field(default_factory=dict)
    """By cluster whose pods are on an overlay: ranges of the gateway, one of which it lets in."""

    appgw: AppGwFacts | None = None
    """The Application Gateway that we write; None: it is another kind of gateway."""

    @property
    def is_known(self) -> bool:
        """Whether both clusters were listed whole, so that what is not there is missing."""
        return all(facts.snapshot.is_complete for facts in self.clusters.values())
