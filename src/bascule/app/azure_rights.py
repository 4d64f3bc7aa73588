"""Asks Azure what the caller may do at a scope, and compares it with a role; reads alone."""

from dataclasses import dataclass

from bascule.azure.resource_id import ResourceId
from bascule.inventory.azure.asking import Reads
from bascule.inventory.azure.governance import read_permissions
from bascule.platform.rights import Role, Tested, check_role, find_excess


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsFound:
    """What a caller may do of a role at a scope, and what beyond it."""

    scope: ResourceId
    tested: tuple[Tested, ...]
    excess: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The actions of the role that the caller may not take."""
        return tuple(each.action for each in self.tested if not each.is_allowed)


async def fetch_rights(arm: Reads, role: Role, scope: ResourceId) -> RightsFound:
    """Return how the caller's rights at `scope` compare with a role. Raises ApiError."""
    path = f"{scope}/providers/Microsoft.Authorization/permissions"
    held = read_permissions(await arm.list(path))
    return RightsFound(scope=scope, tested=check_role(role, held), excess=find_excess(role, held))
