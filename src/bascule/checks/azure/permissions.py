"""Whether what a caller may do at a scope allows an action: Azure's wildcards, without case."""

import re
from collections.abc import Iterable

from bascule.checks.azure.facts import Permission


def allows(permissions: Iterable[Permission], action: str) -> bool:
    """Return whether one of the permissions names the action and does not take it out again."""
    return any(
        _names(each.actions, action) and not _names(each.not_actions, action)
        for each in permissions
    )


def covers(pattern: str, action: str) -> bool:
    """Return whether a pattern such as `Microsoft.Network/*/read` holds an action or pattern."""
    regex = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(regex, action, re.IGNORECASE) is not None


def _names(patterns: Iterable[str], action: str) -> bool:
    return any(covers(pattern, action) for pattern in patterns)
