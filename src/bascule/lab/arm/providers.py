"""The resource providers of the lab's Azure, written out in one list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bascule.lab.arm.activity import ActivityLog
from bascule.lab.arm.authorization.authorizer import Authorizer
from bascule.lab.arm.authorization.principals import Principals
from bascule.lab.arm.authorization.provider import AuthorizationProvider
from bascule.lab.arm.compute import ComputeProvider
from bascule.lab.arm.containers.processes import ClusterProcesses
from bascule.lab.arm.containers.provider import ContainerServiceProvider
from bascule.lab.arm.containers.starter import ClusterStarter, NoClusters
from bascule.lab.arm.dataplane.plane import DataPlane
from bascule.lab.arm.dataplane.translate.backends import BackendOptions
from bascule.lab.arm.deployments.provider import DeploymentsProvider
from bascule.lab.arm.dispatch import Dispatcher
from bascule.lab.arm.identity import IdentityProvider
from bascule.lab.arm.logs.archive import Archive
from bascule.lab.arm.logs.diagnostics import Diagnostics
from bascule.lab.arm.logs.pages import LogPages
from bascule.lab.arm.logs.workspaces import WorkspacesProvider
from bascule.lab.arm.monitor.book import Book, Pace
from bascule.lab.arm.monitor.provider import InsightsProvider
from bascule.lab.arm.network.plane_port import GatewayPlane, NoPlane
from bascule.lab.arm.network.provider import NetworkProvider
from bascule.lab.arm.quotas import Quotas
from bascule.lab.arm.world import ArmWorld, Living, Provider
from bascule.lab.supervisor.description import LabDirectory

PROBE_TIMEOUT_MIN_S = 1.0
DRAIN_MIN_S = 10.0
"""However fast the lab is: what passes through its gateways takes as long as ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What providers are built from."""

    world: ArmWorld
    dispatcher: Dispatcher
    principals: Principals
    activity: ActivityLog
    directory: Path | None
    """Where clusters and gateways keep their files; None: nothing is live."""
    sign_in_key: Mapping[str, str] = field(default_factory=dict)
    """The JSON Web Key by which others verify tokens of the lab's sign-in."""
    speed: float = 1.0
    """Divides the intervals of probes and the times for draining of gateways."""
    pace: Pace = field(default_factory=Pace)
    """Of Azure Monitor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """All providers, and the parts of them that have a beginning and an end."""

    providers: Sequence[Provider]
    logs: LogPages
    living: Sequence[Living] = ()


class _PlaneLife:
    """The beginning and the end of the data plane."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    async def start(self) -> None:
        await self._plane.open()

    async def stop(self) -> None:
        await self._plane.close()


def _authority(directory: Path) -> str:
    """Return what servers with TLS are verified against; empty if the lab has no authority."""
    file = LabDirectory(path=directory).authority
    return file.read_text() if file.exists() else ""


def build_providers(site: Site) -> Built:
    """Return the providers; data planes come before what uses them."""
    planes: list[Living] = []
    gateways: GatewayPlane = NoPlane()
    book = Book(site.pace)
    diagnostics = Diagnostics(site.world.resources)
    archive = Archive(site.pace, diagnostics)
    if site.directory is not None:
        live = DataPlane(
            site.directory / "gateways",
            site.world.clock,
            meter=book,
            scribe=archive,
            options=BackendOptions(
                speed=site.speed,
                timeout_min_s=PROBE_TIMEOUT_MIN_S,
                drain_min_s=DRAIN_MIN_S,
                well_known_ca=_authority(site.directory),
            ),
        )
        gateways, planes = live, [_PlaneLife(live)]
    clusters: ClusterStarter = NoClusters()
    if site.directory is not None:
        clusters = ClusterProcesses(site.directory / "clusters")
    quotas = Quotas(site.world)
    authorization = AuthorizationProvider(site.world, site.principals)
    containers = ContainerServiceProvider(
        site.world, clusters, site.principals, quotas, sign_in_key=site.sign_in_key
    )
    authorization.on_change = containers.on_roles_changed
    providers: list[Provider] = [
        authorization,
        IdentityProvider(site.world, site.principals),
        ComputeProvider(site.world, quotas),
        containers,
        InsightsProvider(site.world, book, site.activity, diagnostics),
        WorkspacesProvider(site.world),
        NetworkProvider(site.world, gateways),
        DeploymentsProvider(site.world, site.dispatcher.handle),
    ]
    living = [each for each in providers if isinstance(each, Living)]
    return Built(
        providers=tuple(providers),
        living=(*planes, *living),
        logs=LogPages(site.world, archive, diagnostics, Authorizer(site.world)),
    )
