"""The preflight of a running upgrade, from what the controller knows of both clusters."""

from collections.abc import Mapping

from bascule.app import wiring
from bascule.checks.inventory import ClusterFacts, Inventory
from bascule.clock import Clock
from bascule.controller.cache import ClusterKnowledge
from bascule.controller.loop import Controller
from bascule.gateway.driver import GatewayDriver
from bascule.ids import Cluster
from bascule.inventory.live import LiveChecks
from bascule.kube.client import ServerVersion
from bascule.kube.connection import Connection
from bascule.manifest.snapshot import EMPTY_SNAPSHOT, ClusterSnapshot
from bascule.spec.gateway import Gateway


def build_live_checks(
    gateway: Gateway,
    controller: Controller,
    driver: GatewayDriver,
    *,
    connections: Mapping[Cluster, Connection],
    versions: Mapping[Cluster, ServerVersion],
    clock: Clock,
) -> LiveChecks:
    """Return the checks; `versions` is looked at anew each time, so hand in the live mapping."""
    options = wiring.build_options(gateway, active=gateway.active)

    def look() -> Inventory:
        view, snapshots = controller.view(), controller.snapshots()
        return Inventory(
            at=clock.now(),
            clusters={
                cluster: _facts(
                    connections[cluster],
                    versions.get(cluster),
                    snapshots.get(cluster, EMPTY_SNAPSHOT),
                    known,
                )
                for cluster, known in view.clusters.items()
                if cluster in snapshots
            },
            routes=view.routes,
            options=options,
        )

    return LiveChecks(look, driver.observe)


def _facts(
    connection: Connection,
    version: ServerVersion | None,
    snapshot: ClusterSnapshot,
    known: ClusterKnowledge,
) -> ClusterFacts:
    return ClusterFacts(
        name=connection.name,
        server=connection.server,
        version=version.git_version if version is not None else "",
        snapshot=snapshot,
        reason=known.reason,
    )
