"""What a request needs: the action's name and scope, and the actions on what it links to. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bascule.lab.arm.paths import ArmPath, parse_path

_VERBS = {
    "GET": "read",
    "HEAD": "read",
    "PUT": "write",
    "PATCH": "write",
    "DELETE": "delete",
    "POST": "action",
}
_FREE_PAGES = frozenset({"operations", "operationstatuses", "operationresults"})
"""ARM signs the addresses of operations: whoever was given one may poll it."""
_FREE_KINDS = frozenset({"microsoft.authorization/permissions"})
"""Anybody may ask what he himself may do."""
_PLURAL_OF_GROUPS = "resourceGroups"
_ASSIGN_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
_LINK_BY_KIND = {
    kind.lower(): f"{kind}/join/action"
    for kind in (
        "Microsoft.Network/virtualNetworks/subnets",
        "Microsoft.Network/publicIPAddresses",
        "Microsoft.Network/publicIPPrefixes",
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Network/routeTables",
        "Microsoft.Network/natGateways",
        "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
    )
} | {"microsoft.managedidentity/userassignedidentities": _ASSIGN_IDENTITY}
_LINKING_KEYS = frozenset({"id", "vnetsubnetid", "podsubnetid", "resourceid"})
_ONLY_LINKED_TO = frozenset(
    {
        "microsoft.network/networksecuritygroups",
        "microsoft.network/routetables",
        "microsoft.network/publicipaddresses",
        "microsoft.network/natgateways",
    }
)
"""Their documents show who uses them: that is no link of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a caller must be allowed to do; `links` are actions on other resources."""

    action: str
    scope: str
    links: tuple[tuple[str, str], ...] = ()
    """Pairs of action and scope, in the order in which the body names them."""


def wanted_of(method: str, path: ArmPath, body: Any = None) -> Wanted | None:
    """Return what a request needs, or None if every signed-in caller may make it."""
    verb = _VERBS.get(method.upper(), "read")
    if not path.namespace:
        return _wanted_of_scope(verb, path)
    if (
        not path.parts
        or path.kind in _FREE_KINDS
        or _FREE_PAGES & {part.lower() for part in path.parts[::2]}
    ):
        return None
    if _is_page_of_deployment(path):
        return None
    kind = "/".join((path.namespace, *path.parts[::2]))
    scope = path.text.rstrip("/")
    if path.is_collection:
        scope = scope.rpartition("/")[0] if len(path.parts) > 1 else path.scope
    if verb == "action" and not path.is_collection:
        verb = "write"
    links = tuple(_links(path, body)) if verb == "write" else ()
    if path.namespace.lower() == "microsoft.authorization":
        scope = path.scope
    return Wanted(action=f"{kind}/{verb}", scope=scope or "/", links=links)


def _wanted_of_scope(verb: str, path: ArmPath) -> Wanted | None:
    """Return what a path without a provider needs: a subscription, a group, a list of either."""
    if not path.subscription:
        return None
    subscription = f"/subscriptions/{path.subscription}"
    prefix = "Microsoft.Resources/subscriptions"
    segments = [segment for segment in path.text.split("/") if segment]
    rest = segments[2:]
    if rest and rest[0].lower() in _FREE_PAGES | {"providers", "locations"}:
        return None
    if not rest:
        return Wanted(action=f"{prefix}/{verb}", scope=subscription)
    if rest[0].lower() == "resourcegroups":
        rest[0] = _PLURAL_OF_GROUPS
    scope = path.scope if path.group else subscription
    if len(rest) > 2:
        tail = "/".join(rest[2:])
        action = f"{prefix}/{_PLURAL_OF_GROUPS}/{tail}/{verb}"
        return Wanted(action=action, scope=scope)
    return Wanted(action=f"{prefix}/{rest[0]}/{verb}", scope=scope)


def _is_page_of_deployment(path: ArmPath) -> bool:
    return path.text.lower().rstrip("/").rpartition("/")[0].endswith("/operationstatuses")


def _links(path: ArmPath, body: Any) -> Iterator[tuple[str, str]]:
    if path.kind in _ONLY_LINKED_TO:
        return
    seen = set()
    for text in _references(body):
        reference = parse_path(text)
        action = _LINK_BY_KIND.get(reference.kind)
        is_own = reference.key == path.key or reference.key.startswith(path.key + "/")
        if action is None or is_own or reference.is_collection or reference.key in seen:
            continue
        seen.add(reference.key)
        yield action, text


def _references(value: Any, key: str = "") -> Iterator[str]:
    """Yield the ids that a body refers to."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name.lower() == "userassignedidentities" and isinstance(item, Mapping):
                yield from item
            else:
                yield from _references(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item, key)
    elif isinstance(value, str) and value.startswith("/") and key.lower() in _LINKING_KEYS:
        yield value
