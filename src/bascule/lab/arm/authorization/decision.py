"""May somebody do something there? Decided from the grants that hold at a scope. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bascule.lab.arm.authorization.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Somebody has a role at a scope, and so at all below it."""

    principal_id: str
    role: Role
    scope: str

    def holds_at(self, scope: str) -> bool:
        """Say whether it reaches down to a scope."""
        own, asked = scope_key(self.scope), scope_key(scope)
        return own in {"/", asked} or asked.startswith(own + "/")


def scope_key(scope: str) -> str:
    """Return a scope as it is compared; `/` is that of the whole tenant."""
    return scope.rstrip("/").lower() or "/"


def may_do(grants: Iterable[Grant], action: str, scope: str) -> bool:
    """Say whether one of somebody's grants allows an action at a scope.

    What one role's notActions take away another role may still give, as in Azure.
    """
    return any(grant.holds_at(scope) and allows(grant.role, action) for grant in grants)


def allows(role: Role, action: str) -> bool:
    """Say whether a role allows an action; case does not count, `*` stands for anything."""
    return _any_matches(role.actions, action) and not _any_matches(role.not_actions, action)


def allows_data(role: Role, action: str) -> bool:
    """Say whether a role allows an action on data, such as on the objects of a cluster."""
    return _any_matches(role.data_actions, action) and not _any_matches(
        role.not_data_actions, action
    )


def _any_matches(patterns: Iterable[str], action: str) -> bool:
    return any(_compiled(pattern).fullmatch(action) for pattern in patterns)


@lru_cache(maxsize=1_024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.compile(".*".join(parts), re.IGNORECASE)
