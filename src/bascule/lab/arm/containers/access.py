"""Who may use an Entra cluster: its groups of administrators, or roles of Azure itself. Pure."""

from collections.abc import Iterable
from typing import Final

from bascule.lab.arm.authorization.decision import Grant, allows_data
from bascule.lab.arm.containers.credentials import SERVER_ID
from bascule.lab.arm.resources import Document
from bascule.lab.cluster_plan import Access, SignIn

_DATA: Final = "Microsoft.ContainerService/managedClusters"
_ADMIN: Final = f"{_DATA}/rbac.authorization.k8s.io/clusterroles/write"
_WRITE: Final = f"{_DATA}/apps/deployments/write"
_READ: Final = f"{_DATA}/pods/read"


def build_sign_in(document: Document, key: dict[str, str]) -> SignIn | None:
    """Return whose tokens a cluster takes; None if it has no Entra integration."""
    profile = document["properties"].get("aadProfile")
    if not profile or not key:
        return None
    return SignIn(audience=SERVER_ID, tenant_id=profile["tenantID"], key=key)


def build_access(document: Document, grants: Iterable[Grant]) -> Access:
    """Return who may do what in a cluster, by object ids of principals and groups."""
    profile = document["properties"].get("aadProfile") or {}
    admins = set(profile.get("adminGroupObjectIDs") or ())
    if not profile.get("enableAzureRBAC"):
        return Access(admins=tuple(sorted(admins)))
    here = [grant for grant in grants if grant.holds_at(document["id"])]

    def holders(action: str) -> set[str]:
        return {grant.principal_id for grant in here if allows_data(grant.role, action)}

    admins |= holders(_ADMIN)
    writers = holders(_WRITE) - admins
    readers = holders(_READ) - admins - writers
    return Access(
        admins=tuple(sorted(admins)),
        writers=tuple(sorted(writers)),
        readers=tuple(sorted(readers)),
    )
