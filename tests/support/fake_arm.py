"""Azure's Resource Manager in memory, on a clock that moves when told to, with faults on request.

It outlives whoever is killed while talking to it: operations go on, and documents stay.
"""

import copy
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from bascule.azure.client import Accepted
from bascule.azure.document import Document
from bascule.azure.errors import AlreadyThereError, LostAnswerError, ReadAgainError
from bascule.azure.operations import OperationError, Outcome, OutcomeStatus
from bascule.azure.resource_id import ResourceId
from bascule.errors import ConflictError, ForbiddenError, NotFoundError, ThrottledError
from tests.support.virtual_clock import VirtualClock

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
OPERATION_S = 5.0
_SYNCHRONOUS = ("resourcegroups", "userassignedidentities", "roleassignments", "federatedidentity")


class KilledError(BaseException):
    """The process ends here, as by kill -9."""


class Fault(StrEnum):
    KILL_BEFORE = "killed before the effect"
    KILL_AFTER = "killed after the effect"
    LOST_BEFORE = "the request was lost"
    LOST_AFTER = "the answer was lost"
    BUSY = "409"
    THROTTLED = "429"
    FAILS = "the operation fails"
    CROWDED = "the operation fails since others were at it"


@dataclass(slots=True)
class _Operation:
    ends_s: float
    work: Callable[[], None]
    status: OutcomeStatus = OutcomeStatus.SUCCEEDED
    is_crowded: bool = False
    is_done: bool = False


@dataclass
class FakeArm:
    """Implements `bascule.platform.ports.Arm`."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[int, Fault] = field(default_factory=dict)
    """By the number of the call, the first being 1."""
    calls: int = 0
    made: Counter[str] = field(default_factory=Counter)
    """How often each resource was made, by key."""
    writes: list[tuple[str, str]] = field(default_factory=list)
    """Verb and key of each write that took effect."""
    operations: dict[str, _Operation] = field(default_factory=dict)
    on_put: Callable[[], object] | None = None
    """Called once, as the next write of a resource arrives: somebody else is quicker."""
    forbidden: set[str] = field(default_factory=set)
    """Keys of what may not be written."""
    is_stop_idle: bool = False
    """Whether a stop is taken and never done."""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    # -- what the port asks for

    async def get(self, resource: ResourceId | str) -> Document | None:
        self._call(is_write=False)
        self._advance()
        found = self.documents.get(_key(resource))
        self._end()
        return copy.deepcopy(found)

    async def list(
        self, path: ResourceId | str, query: Mapping[str, str] | None = None
    ) -> tuple[Document, ...]:
        self._call(is_write=False)
        self._advance()
        found = tuple(copy.deepcopy(each) for each in self._collection(str(path), query or {}))
        self._end()
        return found

    async def put(
        self,
        resource: ResourceId | str,
        body: Document,
        *,
        if_match: str = "",
        is_repeatable: bool = False,
    ) -> Accepted:
        del is_repeatable  # every answer that is lost is told here
        fault = self._call(is_write=True)
        self._advance()
        key = self._allowed(resource)
        self._refuse_orphans(str(resource))
        if self.on_put is not None:
            self.on_put()
            self.on_put = None
        found = self.documents.get(key)
        if found is not None and if_match and found.get("etag") not in (None, if_match):
            raise ReadAgainError("precondition failed", status=412, retry_after_s=1.0)
        if self._is_busy(key):
            raise ReadAgainError("another operation is in progress", retry_after_s=1.0)
        if "/roleassignments/" in key:
            self._refuse_double(key, body)
        if found is None:
            self.made[key] += 1
        self.writes.append(("put", key))
        self.documents[key] = self._fill(str(resource), copy.deepcopy(dict(body)), found)
        accepted = self._begin(key, fault, lambda: self._ready(key))
        self._end()
        return accepted

    async def delete(self, resource: ResourceId | str) -> Accepted | None:
        fault = self._call(is_write=True)
        self._advance()
        key = self._allowed(resource)
        if key not in self.documents:
            self._end()
            return None
        if self._is_busy(key):
            raise ReadAgainError("another operation is in progress", retry_after_s=1.0)
        self.writes.append(("delete", key))
        self._set_state(key, "Deleting")
        accepted = self._begin(key, fault, lambda: self._remove(key))
        self._end()
        return accepted

    async def post(self, resource: ResourceId | str, action: str) -> Accepted:
        fault = self._call(is_write=True)
        self._advance()
        key = _key(resource)
        if key not in self.documents:
            raise NotFoundError("not there", status=404, reason="ResourceNotFound")
        code = {"stop": "Stopped", "start": "Running"}[action]
        if self.documents[key]["properties"]["powerState"]["code"] == code or self._is_busy(key):
            raise ConflictError("not now", status=409, reason="OperationNotAllowed")
        self.writes.append((action, key))
        self._set_state(key, "Updating")

        def end() -> None:
            if not self.is_stop_idle:
                self.documents[key]["properties"]["powerState"] = {"code": code}
            self._ready(key)

        accepted = self._begin(key, fault, end)
        self._end()
        return accepted

    async def wait(
        self, operation_url: str, *, limit_s: float, on_status: Callable[[str], None] | None = None
    ) -> Outcome:
        fault = self._call(is_write=False)
        operation = self.operations.get(operation_url)
        if operation is None:
            return Outcome(status=OutcomeStatus.UNKNOWN)
        if on_status is not None:
            on_status("InProgress")
        deadline_s = min(operation.ends_s, self.clock.monotonic_s() + limit_s)
        await self.clock.sleep_until(deadline_s)
        self._advance()
        if fault is Fault.KILL_AFTER:
            raise KilledError
        if not operation.is_done:
            return Outcome(status=OutcomeStatus.RUNNING, last_seen="InProgress")
        failed = operation.status is OutcomeStatus.FAILED
        code = "RetryableError" if operation.is_crowded else "InternalServerError"
        error = OperationError(message="no luck", codes=(code,)) if failed else None
        return Outcome(status=operation.status, error=error)

    # -- what tests use

    def add(self, resource: ResourceId | str, document: Mapping[str, object]) -> str:
        """Let a resource exist, made by somebody else; return its key."""
        key = _key(resource)
        self.documents[key] = self._fill(str(resource), copy.deepcopy(dict(document)), None)
        self._ready(key)
        return key

    # -- how it works

    def _call(self, *, is_write: bool) -> Fault | None:
        self.calls += 1
        fault = self.faults.get(self.calls)
        match fault:
            case Fault.KILL_BEFORE:
                raise KilledError
            case Fault.LOST_BEFORE if is_write:
                raise LostAnswerError("no answer came")
            case Fault.BUSY if is_write:
                raise ReadAgainError("another operation is in progress", retry_after_s=1.0)
            case Fault.THROTTLED if is_write:
                raise ThrottledError("too many", retry_after_s=2.0)
            case _:
                return fault

    def _allowed(self, resource: ResourceId | str) -> str:
        key = _key(resource)
        if key in self.forbidden:
            raise ForbiddenError(f"{resource} is not yours", status=403, reason="Authorization")
        return key

    def _end(self) -> None:
        match self.faults.get(self.calls):
            case Fault.KILL_AFTER:
                raise KilledError
            case Fault.LOST_AFTER:
                raise LostAnswerError("no answer came")
            case _:
                return

    def _begin(self, key: str, fault: Fault | None, work: Callable[[], None]) -> Accepted:
        if any(part in key.rsplit("/", 2)[-2] for part in _SYNCHRONOUS):
            work()
            return Accepted(document=copy.deepcopy(self.documents.get(key)))
        url = f"https://arm/operations/{next(self._numbers)}?s=signed"
        operation = _Operation(self.clock.monotonic_s() + OPERATION_S, work)
        if fault in {Fault.FAILS, Fault.CROWDED}:
            operation.status = OutcomeStatus.FAILED
            operation.is_crowded = fault is Fault.CROWDED
            operation.work = lambda: self._set_state(key, "Failed")
        self.operations[url] = operation
        return Accepted(document=copy.deepcopy(self.documents[key]), operation_url=url)

    def _advance(self) -> None:
        for operation in self.operations.values():
            if not operation.is_done and operation.ends_s <= self.clock.monotonic_s():
                operation.is_done = True
                operation.work()

    def _is_busy(self, key: str) -> bool:
        state = self.documents.get(key, {}).get("properties", {}).get("provisioningState")
        return state not in (None, "Succeeded", "Failed", "Canceled")

    def _ready(self, key: str) -> None:
        self._set_state(key, "Succeeded")
        if key in self.documents and "etag" in self.documents[key]:
            self.documents[key]["etag"] = f"W/{next(self._numbers)}"

    def _set_state(self, key: str, state: str) -> None:
        if key in self.documents and "/roleassignments/" not in key:
            self.documents[key].setdefault("properties", {})["provisioningState"] = state

    def _remove(self, key: str) -> None:
        for each in list(self.documents):
            if each == key or each.startswith(f"{key}/"):
                del self.documents[each]

    def _refuse_orphans(self, text: str) -> None:
        parent = ResourceId(text).parent
        if parent is not None and parent.group and parent.key not in self.documents:
            raise NotFoundError(f"{parent} does not exist", status=404, reason="ParentNotFound")

    def _refuse_double(self, key: str, body: Document) -> None:
        scope = key.partition("/providers/microsoft.authorization/")[0]
        properties = cast("dict[str, Any]", body["properties"])
        for other, document in self.documents.items():
            if other == key or not other.startswith(f"{scope}/providers/microsoft.authorization/"):
                continue
            same = ("principalId", "roleDefinitionId")
            if all(document["properties"][name] == properties[name] for name in same):
                raise AlreadyThereError("exists", status=409, reason="RoleAssignmentExists")

    def _fill(
        self, text: str, body: dict[str, Any], found: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Return what Azure makes of a body: what it adds by itself, and the children."""
        resource = ResourceId(text)
        before = found or {}
        document = {**body, "id": text, "name": resource.name, "type": resource.type}
        properties = document.setdefault("properties", {})
        number = next(self._numbers)
        kind = resource.type.lower()
        if not kind.endswith("roleassignments"):
            properties["provisioningState"] = "Updating" if found else "Creating"
            document["etag"] = f"W/{number}"
        if kind.endswith("userassignedidentities"):
            old = before.get("properties", {})
            properties["principalId"] = old.get("principalId", f"principal-{number}")
            properties["clientId"] = old.get("clientId", f"client-{number}")
        if kind.endswith("roleassignments"):
            properties["scope"] = resource.scope
        if kind.endswith("managedclusters"):
            self._fill_cluster(resource, document, before, number)
        if kind.endswith("virtualnetworks"):
            for subnet in properties.get("subnets", []):
                key = f"{resource.text}/subnets/{subnet['name']}"
                if key.lower() not in self.documents:
                    self.add(key, {"properties": dict(subnet["properties"])})
        return document

    def _fill_cluster(
        self, resource: ResourceId, document: dict[str, Any], before: dict[str, Any], number: int
    ) -> None:
        properties = document["properties"]
        old = before.get("properties", {})
        document["id"] = resource.text.replace("/resourceGroups/", "/resourcegroups/")
        identity = dict(document.get("identity", {"type": "SystemAssigned"}))
        if identity["type"] == "SystemAssigned":
            was = before.get("identity", {})
            identity["principalId"] = was.get("principalId", f"principal-{number}")
        document["identity"] = identity
        group = f"MC_{resource.group}_{resource.name}_{document.get('location', 'here')}"
        properties.setdefault("nodeResourceGroup", group)
        properties.setdefault("kubernetesVersion", "1.35")
        properties["currentKubernetesVersion"] = old.get(
            "currentKubernetesVersion", _patched(properties["kubernetesVersion"])
        )
        properties.setdefault("powerState", {"code": "Running"})
        if properties.get("oidcIssuerProfile", {}).get("enabled"):
            issuer = f"https://issuer/{resource.name}/"
            properties["oidcIssuerProfile"] = {"enabled": True, "issuerURL": issuer}
        nodes = {"objectId": f"nodes-{number}", "resourceId": f"/subscriptions/s/{group}/agentpool"}
        properties.setdefault(
            "identityProfile", old.get("identityProfile") or {"kubeletidentity": nodes}
        )
        for pool in properties.get("agentPoolProfiles", []):
            pool.setdefault("vmSize", "Standard_D2s_v5")
            key = f"{resource.text}/agentPools/{pool['name']}"
            if key.lower() not in self.documents:
                self.documents[resource.key] = document
                own = {name: value for name, value in pool.items() if name != "name"}
                self.add(key, {"properties": own})

    def _collection(self, path: str, query: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        where = path.lower().rstrip("/")
        filtered = query.get("$filter", "")
        if where.endswith("/resources"):
            group = where.removesuffix("/resources") + "/providers/"
            return [
                each
                for key, each in self.documents.items()
                if key.startswith(group)
                and len(key.removeprefix(group).split("/")) == 3
                and "/roleassignments/" not in key
            ]
        if where.endswith("/roleassignments"):
            scope = where.partition("/providers/microsoft.authorization/")[0]
            found = [e for k, e in self.documents.items() if "/roleassignments/" in k]
            if filtered == "atScope()":
                return [
                    e
                    for e in found
                    if f"{scope}/".startswith(f"{e['properties']['scope'].lower()}/")
                ]
            return [e for e in found if not filtered or e["properties"]["principalId"] in filtered]
        if where.startswith(f"/subscriptions/{SUBSCRIPTION}/providers/"):
            kind = where.partition("/providers/")[2]
            return [e for e in self.documents.values() if e["type"].lower() == kind]
        return [
            each
            for key, each in self.documents.items()
            if key.startswith(f"{where}/") and "/" not in key.removeprefix(f"{where}/")
        ]


def _key(resource: ResourceId | str) -> str:
    return str(resource).rstrip("/").lower()


def _patched(version: str) -> str:
    return version if version.count(".") == 2 else f"{version}.2"
