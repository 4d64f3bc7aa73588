"""Users of a cluster that sign in at the lab's Azure: their tokens, and what they may do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from bascule.clock import Clock
from bascule.lab.arm.entra import jwt
from bascule.lab.cluster_plan import ACCESS_FILE, Access, SignIn
from bascule.lab.kubeapi.access.rbac import CLUSTER_ROLE_BINDINGS, GROUP
from bascule.lab.kubeapi.access.users import AUTHENTICATED, MASTERS, User
from bascule.lab.kubeapi.store import Store

_SKEW_S: Final = 10.0
_ROLE_BY_GROUP: Final[Mapping[str, str]] = {
    "aks:azure-rbac-writer": "edit",
    "aks:azure-rbac-reader": "view",
}


class SignedInUsers:
    """Reads the access file anew for each token, so that rights count as soon as they are given."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._path = directory / ACCESS_FILE
        self._clock = clock
        self.sign_in: SignIn | None = None
        """Whose tokens count; None: nobody's."""

    def find(self, token: str) -> User | None:
        """Return whom a token of the sign-in stands for; None if it is none that counts here."""
        if self.sign_in is None:
            return None
        try:
            claims = jwt.verify(token, jwt.key_of(self.sign_in.key))
            is_good = self._is_good(claims, self.sign_in)
        except (jwt.InvalidJwtError, KeyError, ValueError):
            return None
        return self._user(claims) if is_good else None

    def _is_good(self, claims: Mapping[str, Any], sign_in: SignIn) -> bool:
        now_s = self._clock.now().timestamp()
        audience = str(claims["aud"]).removeprefix("api://").rstrip("/")
        is_now = float(claims["nbf"]) - _SKEW_S <= now_s < float(claims["exp"])
        return is_now and audience == sign_in.audience and claims["tid"] == sign_in.tenant_id

    def _user(self, claims: Mapping[str, Any]) -> User:
        name = str(claims.get("upn") or claims["oid"])
        ids = {str(claims["oid"]), *(str(each) for each in claims.get("groups") or ())}
        access = self._load_access()
        groups = [*sorted(ids - {name}), AUTHENTICATED]
        if ids & set(access.admins):
            groups.append(MASTERS)
        if ids & set(access.writers):
            groups.append("aks:azure-rbac-writer")
        if ids & set(access.readers):
            groups.append("aks:azure-rbac-reader")
        return User(name=name, groups=tuple(groups), extra={"oid": (str(claims["oid"]),)})

    def _load_access(self) -> Access:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Access)
        except (FileNotFoundError, msgspec.MsgspecError):
            return Access()


def bind_roles(store: Store) -> None:
    """Have writers and readers that Azure names be so in the cluster too."""
    for group, role in _ROLE_BY_GROUP.items():
        name = group.replace(":", "-")
        if store.find(CLUSTER_ROLE_BINDINGS, name) is None:
            store.create(
                CLUSTER_ROLE_BINDINGS,
                {
                    "metadata": {"name": name},
                    "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
                    "subjects": [{"apiGroup": GROUP, "kind": "Group", "name": group}],
                },
            )
