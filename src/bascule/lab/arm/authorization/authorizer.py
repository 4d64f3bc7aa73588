"""Lets a request pass or refuses it: by roles first, by locks second."""

from collections.abc import Iterator
from typing import Any

from bascule.lab.arm.authorization.actions import Wanted, wanted_of
from bascule.lab.arm.authorization.decision import Grant, may_do, scope_key
from bascule.lab.arm.authorization.roles import BUILT_IN, Role
from bascule.lab.arm.requests import ArmRefusal, ArmRequest, Caller
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
LOCKS = "Microsoft.Authorization/locks"
GATEWAY_CAUSE = {"x-ms-failure-cause": "gateway"}
_CHANGING = frozenset({"write", "action", "delete"})


class Authorizer:
    """Decides by the role assignments and locks that are in the store."""

    def __init__(self, world: ArmWorld) -> None:
        self._world = world

    def check(self, request: ArmRequest) -> None:
        """Return if the caller may make this request. Raises ArmRefusal (403, 409)."""
        wanted = wanted_of(request.method, request.path, request.body)
        if wanted is None:
            return
        self.require(request.caller, wanted)
        self._check_locks(wanted, request.path.text)

    def require(self, caller: Caller, wanted: Wanted) -> None:
        """Return if somebody may do this. Raises ArmRefusal (403)."""
        grants = tuple(self.grants_of(caller.object_id))
        if not may_do(grants, wanted.action, wanted.scope):
            raise _forbidden(caller, wanted)
        missing = [link for link in wanted.links if not may_do(grants, *link)]
        if missing:
            raise _forbidden_link(caller, wanted, missing)

    def allows(self, object_id: str, action: str, scope: str) -> bool:
        """Say whether a principal may do one thing."""
        return may_do(tuple(self.grants_of(object_id)), action, scope)

    def grants_of(self, object_id: str) -> Iterator[Grant]:
        """Yield what somebody was given, wherever it holds."""
        wanted = object_id.lower()
        return (grant for grant in self.grants() if grant.principal_id.lower() == wanted)

    def grants(self) -> Iterator[Grant]:
        """Yield what anybody was given."""
        for document in self._world.resources.of_type(ASSIGNMENTS):
            properties = document["properties"]
            role = self.role(properties["roleDefinitionId"])
            if role is not None:
                principal = properties["principalId"]
                yield Grant(principal_id=principal, role=role, scope=properties["scope"])

    def role(self, definition_id: str) -> Role | None:
        """Return the role behind a definition's id, built in or custom."""
        name = definition_id.rstrip("/").rpartition("/")[2].lower()
        for role in BUILT_IN:
            if role.id == name:
                return role
        for document in self._world.resources.of_type(DEFINITIONS):
            if document["name"].lower() == name:
                return _read_role(document)
        return None

    def _check_locks(self, wanted: Wanted, path: str) -> None:
        verb = wanted.action.rpartition("/")[2].lower()
        if verb not in _CHANGING or wanted.action.lower().startswith(LOCKS.lower()):
            return
        target = scope_key(path if verb == "write" else wanted.scope)
        locks = [
            document["id"]
            for document in self._world.resources.of_type(LOCKS)
            if _is_in_the_way(document, target, verb)
        ]
        if locks:
            scopes = ",".join(_locked_scope(lock) for lock in locks)
            kind = "delete" if verb == "delete" else "write"
            raise ArmRefusal(
                409,
                "ScopeLocked",
                f"The scope '{wanted.scope}' cannot perform {kind} operation because following "
                f"scope(s) are locked: '{scopes}'. Please remove the lock and try again.",
                headers=GATEWAY_CAUSE,
            )


def _is_in_the_way(lock: Document, target: str, verb: str) -> bool:
    locked = scope_key(_locked_scope(lock["id"]))
    is_at_or_below = target == locked or target.startswith(locked + "/")
    if lock["properties"]["level"].lower() == "readonly":
        return is_at_or_below or (verb == "delete" and locked.startswith(target + "/"))
    return verb == "delete" and (is_at_or_below or locked.startswith(target + "/"))


def _locked_scope(lock_id: str) -> str:
    place = lock_id.lower().rindex("/providers/microsoft.authorization/locks/")
    return lock_id[:place]


def _read_role(document: Document) -> Role:
    properties: dict[str, Any] = document["properties"]
    permissions = properties.get("permissions") or [{}]

    def gather(key: str) -> tuple[str, ...]:
        return tuple(item for each in permissions for item in each.get(key) or ())

    return Role(
        id=document["name"].lower(),
        name=properties.get("roleName", ""),
        description=properties.get("description", ""),
        actions=gather("actions"),
        not_actions=gather("notActions"),
        data_actions=gather("dataActions"),
        not_data_actions=gather("notDataActions"),
    )


def _client(caller: Caller) -> str:
    return f"The client '{caller.app_id or caller.object_id}' with object id '{caller.object_id}'"


def _forbidden(caller: Caller, wanted: Wanted) -> ArmRefusal:
    return ArmRefusal(
        403,
        "AuthorizationFailed",
        f"{_client(caller)} does not have authorization to perform action '{wanted.action}' over "
        f"scope '{wanted.scope}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials.",
        headers=GATEWAY_CAUSE,
    )


def _forbidden_link(caller: Caller, wanted: Wanted, missing: list[tuple[str, str]]) -> ArmRefusal:
    actions = ",".join(dict.fromkeys(action for action, _ in missing))
    scopes = ",".join(scope for _, scope in missing)
    return ArmRefusal(
        403,
        "LinkedAuthorizationFailed",
        f"{_client(caller)} has permission to perform action '{wanted.action}' on scope "
        f"'{wanted.scope}'; however, it does not have permission to perform action(s) "
        f"'{actions}' on the linked scope(s) '{scopes}' (respectively) or the linked scope(s) "
        "are invalid.",
        headers=GATEWAY_CAUSE,
    )
