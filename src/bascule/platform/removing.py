"""Removes the one cluster of an act, then what was granted for it; what is left gets upgrades back.

Nothing that is granted goes before the cluster itself: one that could not be removed stays whole.
"""

from collections.abc import Awaitable, Callable, Mapping

from bascule.azure.document import Document, object_at, text_at
from bascule.azure.resource_id import ResourceId
from bascule.errors import DriverError, ForbiddenError
from bascule.journal.record import Json
from bascule.platform.desired.ids import has_owner
from bascule.platform.desired.model import GRANTED, Kind
from bascule.platform.destroy import remove_all
from bascule.platform.effects import Effects
from bascule.platform.green.upgrades import RETIRE_TAG
from bascule.platform.plan.encoding import find_cluster, parse_resources
from bascule.platform.plan.unmaking import RANK, Fate, Removal
from bascule.platform.ports import Arm
from bascule.platform.upgrading import apply_upgrades, plan_upgrades
from bascule.upgrade.ports import PlatformProgress, PlatformSeen

RequireRemovable = Callable[[ResourceId, tuple[str, ...]], Awaitable[None]]
"""Raises PlanError for a cluster that must not go: others use what would go with it."""


class Removing:
    """Carries out removals, and remembers what it was not allowed to do."""

    def __init__(self, *, owner: str, require_removable: RequireRemovable | None) -> None:
        self._owner = owner
        self._require_removable = require_removable
        self._stays: set[str] = set()

    async def remove(self, effects: Effects, platform: Mapping[str, Json]) -> None:
        """Return once the cluster is gone, and what was granted for it as far as is allowed.

        Raises DriverError for a cluster that is not ours, PlanError for one that others need.
        """
        cluster = find_cluster(platform)
        is_made = "resources" in platform
        await self._require(await effects.arm.get(cluster), cluster, platform, is_made=is_made)
        if is_made:  # blue gets its upgrades back before the cluster goes that has them noted
            await self._resume(effects, platform)
        await remove_all(effects, [Removal(id=cluster, kind=Kind.CLUSTER, fate=Fate.REMOVE)])
        if not is_made:
            await self._resume(effects, platform)
        for grant in _grants(platform):
            await self._try(grant.name, remove_all(effects, [grant]))

    async def observe(self, arm: Arm, platform: Mapping[str, Json]) -> PlatformSeen:
        """Return whether all is done, and what stays since it is forbidden to change it."""
        cluster = find_cluster(platform)
        is_there = await arm.get(cluster) is not None
        if is_there or await self._is_off(arm, platform) or await self._is_granted(arm, platform):
            return PlatformSeen(progress=PlatformProgress.ABSENT)
        stays = sorted(self._stays)
        return PlatformSeen(
            progress=PlatformProgress.DONE,
            output={"id": str(cluster), "stays": [*stays]},
            reason=f"stays, since changing it is forbidden: {', '.join(stays)}" if stays else "",
        )

    async def _require(
        self,
        found: Document | None,
        cluster: ResourceId,
        platform: Mapping[str, Json],
        *,
        is_made: bool,
    ) -> None:
        if found is None:
            return
        if is_made and not has_owner(object_at(found, "tags"), self._owner):
            raise DriverError(
                f"cluster {cluster.name} was not made by {self._owner}, by its tag",
                remedy="remove it by hand if it is not needed",
            )
        if not is_made and self._require_removable is not None:
            await self._require_removable(cluster, _approved(platform))

    async def _resume(self, effects: Effects, platform: Mapping[str, Json]) -> None:
        """Switch on again, on the cluster that is left, what was off while there were two."""
        cluster = _find_left(platform)
        if cluster is not None:
            work = apply_upgrades(effects, cluster, _note(platform))
            await self._try(_upgrades_of(cluster), work)

    async def _try(self, what: str, work: Awaitable[None]) -> None:
        """Do what is not worth an upgrade that cannot end: what is forbidden stays, and is told."""
        try:
            await work
        except ForbiddenError:
            self._stays.add(what)

    async def _is_off(self, arm: Arm, platform: Mapping[str, Json]) -> bool:
        """Whether upgrades of the cluster that is left are off, and may be switched on."""
        cluster = _find_left(platform)
        if cluster is None:
            return False
        found = await self._fetch(_upgrades_of(cluster), arm, cluster)
        return plan_upgrades(found, _note(platform)) is not None

    async def _is_granted(self, arm: Arm, platform: Mapping[str, Json]) -> bool:
        """Whether something that was granted is there, and may be removed."""
        for grant in _grants(platform):
            if await self._fetch(grant.name, arm, grant.id) is not None:
                return True
        return False

    async def _fetch(self, what: str, arm: Arm, resource: ResourceId) -> Document | None:
        """Return what is there; None too for what may not be changed, or not be seen."""
        if what in self._stays:
            return None
        try:
            return await arm.get(resource)
        except ForbiddenError:
            self._stays.add(what)
            return None


def _approved(platform: Mapping[str, Json]) -> tuple[str, ...]:
    """Return ids of what a plan has shown to go with the cluster, and was approved with it."""
    goes = platform.get("goes")
    return tuple(str(each) for each in goes) if isinstance(goes, list) else ()


def _grants(platform: Mapping[str, Json]) -> tuple[Removal, ...]:
    """Return what was granted for the cluster, under the names that only its platform gives."""
    made = parse_resources(platform) if "resources" in platform else ()
    named = platform.get("grants")
    ids = [each.id for each in made if each.kind in GRANTED]
    ids += [ResourceId(str(each)) for each in (named if isinstance(named, list) else ())]
    return tuple(
        Removal(id=each, kind=RANK[each.type.lower()][1], fate=Fate.REMOVE) for each in ids
    )


def _find_left(platform: Mapping[str, Json]) -> ResourceId | None:
    """Return the cluster that gets its upgrades back; None where a plan names none."""
    left = platform.get("resumes")
    return ResourceId(left) if isinstance(left, str) else None


def _upgrades_of(cluster: ResourceId) -> str:
    return f"upgrades of {cluster.name} by Azure, switched off"


def _note(platform: Mapping[str, Json]) -> str:
    """Return what was on on blue when green was approved; empty where green's own tag tells."""
    made = parse_resources(platform) if "resources" in platform else ()
    green = (each.document for each in made if each.id == find_cluster(platform))
    return text_at(next(green, {}), "tags", RETIRE_TAG)
