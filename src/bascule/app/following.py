"""What a runtime follows beside its traffic: versions of the clusters, and who comes and goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from bascule.clock import Clock
from bascule.controller.cache import ClusterState
from bascule.controller.loop import Controller
from bascule.errors import BasculeError
from bascule.gateway.envoy.process import Death
from bascule.ids import Cluster
from bascule.kube.client import KubeClient, ServerVersion

VERSION_POLL_S = 60.0
VERSION_RETRY_S = 2.0
STATE_POLL_S = 0.2
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.runtime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Each of its coroutines works until cancelled."""

    controller: Controller
    clients: Mapping[Cluster, KubeClient]
    clock: Clock
    versions: dict[Cluster, ServerVersion] = field(default_factory=dict)
    """As last heard; changes while this works."""

    async def log_changes(self) -> None:
        """Say in one line when a cluster comes, goes away or comes back."""
        former: dict[Cluster, ClusterState] = {}
        while True:
            for cluster, known in self.controller.view().clusters.items():
                if former.get(cluster) is known.state:
                    continue
                former[cluster] = known.state
                if known.state is ClusterState.STALE:
                    _LOG.warning("cluster is away", cluster=cluster.value, reason=known.reason)
                else:
                    _LOG.info("cluster is " + known.state.value, cluster=cluster.value)
            await self.clock.sleep_until(self.clock.monotonic_s() + STATE_POLL_S)

    async def follow_version(self, cluster: Cluster) -> None:
        """Ask for the cluster's version now and then, unless it is retired."""
        while True:
            pause_s = VERSION_POLL_S
            try:
                if self.controller.view().clusters[cluster].state is not ClusterState.RETIRED:
                    self.versions[cluster] = await self.clients[cluster].version()
            except BasculeError:
                pause_s = VERSION_RETRY_S  # the controller says why a cluster is away
            await self.clock.sleep_until(self.clock.monotonic_s() + pause_s)

    def count_objects(self) -> int:
        """Return how many objects are known, 0 before the first table."""
        view = self.controller.view()
        if view.applied_split is None:
            return 0
        return sum(known.objects for known in view.clusters.values())


def log_death(death: Death) -> None:
    """Say that Envoy died, or serves again."""
    if death.ready_at is None:
        _LOG.error(
            "Envoy died and is started again",
            died_at=death.died_at.isoformat(),
            exit_code=death.exit_code,
            last_words=death.last_words,
        )
    else:
        _LOG.warning("Envoy serves again", ready_at=death.ready_at.isoformat())
