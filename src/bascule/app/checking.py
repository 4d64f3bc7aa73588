"""The preflight of a running upgrade, from what the controller knows of both clusters."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

from bascule.app import wiring
from bascule.checks.appgw.facts import AppGwFacts
from bascule.checks.inventory import ClusterFacts, HostScope, Inventory
from bascule.clock import Clock
from bascule.controller.cache import ClusterKnowledge
from bascule.controller.loop import Controller
from bascule.gateway.driver import GatewayDriver
from bascule.ids import Cluster
from bascule.inventory.live import LiveChecks
from bascule.inventory.survey import Survey
from bascule.kube.client import KubeClient, ServerVersion
from bascule.kube.connection import Connection
from bascule.manifest.snapshot import EMPTY_SNAPSHOT, ClusterSnapshot
from bascule.spec.appgw import AppGwGateway
from bascule.spec.gateway import EnvoyGateway, Gateway
from bascule.upgrade.plan.making import find_overlays
from bascule.upgrade.plan.scope import find_scope
from bascule.upgrade.state import GatewayState


def build_live_checks(
    gateway: Gateway,
    controller: Controller,
    driver: GatewayDriver,
    *,
    connections: Mapping[Cluster, Connection],
    versions: Mapping[Cluster, ServerVersion],
    state: Callable[[], GatewayState],
    survey: Survey,
) -> LiveChecks:
    """Return the checks of the upgrade that `state` says is under way, of the hosts that it moves.

    `versions` is looked at anew each time, so hand in the live mapping.
    """
    clock = survey.clock
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
            scope=_scope(state()),
            overlays=_overlays(gateway, state()),
        )

    return LiveChecks(look, driver.observe, clock, survey=survey)


def build_survey(
    gateway: Gateway,
    clients: Mapping[Cluster, KubeClient],
    look: Callable[[], Awaitable[AppGwFacts]] | None,
    clock: Clock,
) -> Survey:
    """Return what is asked anew before each step; of a gateway that nobody else writes nothing."""
    if isinstance(gateway.gateway, EnvoyGateway):
        return Survey({}, None, clock)
    from bascule.inventory.azure.inside import fetch_inside

    return Survey({c: partial(fetch_inside, client) for c, client in clients.items()}, look, clock)


def _scope(state: GatewayState) -> HostScope:
    run = state.unfinished
    return HostScope() if run is None else find_scope(run.plan)


def _overlays(gateway: Gateway, state: GatewayState) -> Mapping[Cluster, tuple[str, ...]]:
    """Return the overlays that this gateway has to get into, of clusters that the upgrade makes."""
    spec, run = gateway.gateway, state.unfinished
    is_led_to_pods = isinstance(spec, AppGwGateway) and spec.backends == "pods"
    return find_overlays(run.plan) if run is not None and is_led_to_pods else {}


def _facts(
    connection: Connection,
    version: ServerVersion | None,
    snapshot: ClusterSnapshot,
    known: ClusterKnowledge,
) -> ClusterFacts:
    return ClusterFacts(
        name=connection.name,
        server=connection.server,
        is_awaited=connection.is_awaited,
        version=version.git_version if version is not None else "",
        snapshot=replace(snapshot, is_complete=known.is_complete),
        reason=known.reason,
    )
