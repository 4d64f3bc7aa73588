"""The platform of a plan in Azure: signed in, with its kubeconfigs written where the plan says."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from bascule.app.azure_removal import require_removable
from bascule.app.kubeconfigs import remove_kubeconfig, write_kubeconfig
from bascule.azure.opening import Azure, open_azure
from bascule.azure.resource_id import ResourceId
from bascule.clock import Clock
from bascule.journal.record import Json
from bascule.platform.effects import Effects
from bascule.platform.live import LiveArm
from bascule.platform.pending import PendingFile
from bascule.platform.plan.encoding import find_cluster
from bascule.platform.ports import Progress
from bascule.platform.stages import AzurePlatform
from bascule.upgrade.encoding import read_text
from bascule.upgrade.ports import PlatformAct, PlatformProgress, PlatformSeen, PlatformVerb

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.platform")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformHome:
    """What a runtime gives a platform: its environment, a directory of its own (0700), time."""

    environ: Mapping[str, str]
    directory: Path
    clock: Clock


@asynccontextmanager
async def open_azure_platform(
    platform: Mapping[str, Json], home: PlatformHome
) -> AsyncIterator["ReachablePlatform"]:
    """Yield the platform that an approved plan means. Raises SpecError, JournalError, ApiError."""
    async with open_azure(
        home.environ, clock=home.clock, cloud=read_text(platform, "cloud")
    ) as azure:

        async def require(cluster: ResourceId, approved: tuple[str, ...]) -> None:
            await require_removable(azure.client, cluster, approved)

        effects = Effects(
            arm=LiveArm(azure.client), pending=PendingFile(home.directory), on_progress=_tell
        )
        async with AzurePlatform(
            effects, owner=read_text(platform, "platform"), require_removable=require
        ) as inner:
            yield ReachablePlatform(inner, azure)


class ReachablePlatform:
    """Implements `bascule.upgrade.ports.Platform`: a cluster is there once it can be reached."""

    def __init__(self, inner: AzurePlatform, azure: Azure) -> None:
        self._inner = inner
        self._azure = azure

    async def observe(self, act: PlatformAct) -> PlatformSeen:
        """Return how far `act` is; what is made is done when its kubeconfig is written."""
        seen = await self._inner.observe(act)
        file = act.platform.get("kubeconfig")
        if seen.progress is not PlatformProgress.DONE or not isinstance(file, str):
            return seen
        if act.verb is PlatformVerb.REMOVE:
            remove_kubeconfig(Path(file))
        elif act.verb is PlatformVerb.MAKE:
            context = read_text(act.platform, "context")
            await write_kubeconfig(self._azure, find_cluster(act.platform), Path(file), context)
        return seen

    async def begin(self, act: PlatformAct) -> None:
        """Begin `act` and return. Raises DriverError."""
        await self._inner.begin(act)


def _tell(progress: Progress) -> None:
    _LOG.info(progress.what, resource=progress.resource, detail=progress.detail)
