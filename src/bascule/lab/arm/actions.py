"""What a request does in the words of Azure's roles: an action, and the scope it is done on."""

from collections.abc import Callable, Mapping
from typing import Final

from bascule.lab.arm.paths import ArmPath
from bascule.lab.arm.requests import ArmRefusal, Caller

Authorize = Callable[[Caller, str, str], ArmRefusal | None]
"""May this caller do this action on this scope? None, or the answer that says no."""

_VERBS: Final[Mapping[str, str]] = {
    "GET": "read",
    "HEAD": "read",
    "PUT": "write",
    "PATCH": "write",
    "DELETE": "delete",
}
_SUBSCRIPTIONS: Final = "Microsoft.Resources/subscriptions"
_GROUPS: Final = f"{_SUBSCRIPTIONS}/resourceGroups"


def allow_everything(_caller: Caller, _action: str, _scope: str) -> None:
    """Let everybody do everything: a lab without authorisation."""


def action_of(method: str, path: ArmPath) -> tuple[str, str]:
    """Return such as `Microsoft.Network/applicationGateways/write` and the resource's id."""
    method = method.upper()
    if not path.namespace:
        return _core_action(method, path)
    types = path.parts[::2]
    verb = _VERBS.get(method, "action")
    scope = path.text.rstrip("/")
    if path.is_collection:
        scope = path.scope if len(path.parts) == 1 else scope.rpartition("/")[0]
    return "/".join((path.namespace, *types, verb)), scope or "/"


def _core_action(method: str, path: ArmPath) -> tuple[str, str]:
    verb = _VERBS.get(method, "action")
    if not path.subscription:
        return f"{_SUBSCRIPTIONS}/{verb}", "/"
    prefix = _GROUPS if path.group else _SUBSCRIPTIONS
    parts = path.parts[:1]
    if parts and parts[0].lower() == "resourcegroups":
        return f"{_GROUPS}/{verb}", path.scope
    return "/".join((prefix, *parts, verb)), path.scope
