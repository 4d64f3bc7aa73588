"""Who exists in the lab's directory, as far as role assignments ask."""

from dataclasses import dataclass
from typing import Literal

from bascule.clock import Clock
from bascule.lab.arm.resources import ResourceStore

PrincipalKind = Literal["ServicePrincipal", "User", "Group"]
_IDENTITY_KINDS = (
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.ContainerService/managedClusters",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who can be given a role."""

    id: str
    """The object id."""
    kind: PrincipalKind = "ServicePrincipal"
    name: str = ""
    app_id: str = ""


class Principals:
    """All principals; a new one is found only after `lag_s`, as in a directory with replicas.

    Identities of resources that are in the store are always known, also after a restart.
    """

    def __init__(self, clock: Clock, resources: ResourceStore, *, lag_s: float = 0.0) -> None:
        self._clock = clock
        self._resources = resources
        self.lag_s = lag_s
        self._by_id: dict[str, tuple[Principal, float]] = {}

    def add(self, principal: Principal) -> None:
        """Take in somebody who exists from now on."""
        self._by_id[principal.id.lower()] = (principal, self._clock.monotonic_s())

    def remove(self, object_id: str) -> None:
        """Forget somebody; nothing happens if there is no such principal."""
        self._by_id.pop(object_id.lower(), None)

    def find(self, object_id: str) -> Principal | None:
        """Return somebody who exists, whether replicas know it yet or not."""
        known = self._by_id.get(object_id.lower())
        if known is not None:
            return known[0]
        return self._identity(object_id)

    def is_replicated(self, object_id: str) -> bool:
        """Say whether a role assignment without a principalType finds this principal."""
        known = self._by_id.get(object_id.lower())
        if known is not None:
            return self._clock.monotonic_s() >= known[1] + self.lag_s
        return self._identity(object_id) is not None

    def _identity(self, object_id: str) -> Principal | None:
        wanted = object_id.lower()
        for kind in _IDENTITY_KINDS:
            for document in self._resources.of_type(kind):
                identity = document.get("identity") or {}
                properties = document.get("properties") or {}
                holders = {identity.get("principalId"), properties.get("principalId")}
                if wanted in {str(holder).lower() for holder in holders}:
                    return Principal(id=object_id, name=str(document["name"]))
        return None
