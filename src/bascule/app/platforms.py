"""Who makes and removes clusters for a runtime: nobody, where they exist already."""

from dataclasses import dataclass

from bascule.errors import DriverError
from bascule.upgrade.ports import PlatformAct, PlatformProgress, PlatformSeen

_REMEDY = "plan the upgrade anew, for clusters that exist already"


@dataclass(frozen=True, slots=True)
class NoPlatform:
    """Implements `bascule.upgrade.ports.Platform` where clusters are reached by kubeconfig only."""

    async def observe(self, act: PlatformAct) -> PlatformSeen:
        """Say that it cannot be done here."""
        return PlatformSeen(
            progress=PlatformProgress.FAILED, reason=self._refuse(act), remedy=_REMEDY
        )

    async def begin(self, act: PlatformAct) -> None:
        """Raise DriverError."""
        raise DriverError(self._refuse(act), remedy=_REMEDY)

    def _refuse(self, act: PlatformAct) -> str:
        return f"this gateway has no platform that could {act.verb} {act.cluster}"
