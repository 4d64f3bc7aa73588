"""What the lab's Azure keeps on disk for a restart: one file (0600), replaced whole."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from bascule.clock import Clock
from bascule.lab.arm.entra.directory import DirectoryState
from bascule.lab.arm.operations import Operation, Operations
from bascule.lab.arm.resources import Document, ResourceStore
from bascule.lab.kubeapi.access.certificates import write_private

SAVE_INTERVAL_S: Final = 0.1
OPERATIONS_KEPT_MAX: Final = 1_000
_MOVING: Final = {"accepted", "creating", "deleting", "running", "scaling", "updating", "upgrading"}
_LOST: Final = {
    "code": "InternalServerError",
    "message": "The lab was restarted while the operation ran.",
}


class Identity(msgspec.Struct, kw_only=True):
    """What is chosen once and stays: ids, and the lab's own secrets."""

    tenant_id: str
    subscription_id: str
    admin_secret: str
    first_object_id: str = ""
    first_app_id: str = ""
    first_secret: str = ""
    machine_object_id: str = ""
    starts: int = 0


class SavedState(msgspec.Struct, kw_only=True):
    """The file."""

    identity: Identity
    documents: list[Any] = msgspec.field(default_factory=list)
    operations: list[Operation] = msgspec.field(default_factory=list)
    directory: DirectoryState = msgspec.field(default_factory=DirectoryState)
    events: list[Any] = msgspec.field(default_factory=list)


class StateFile:
    """Writes the state soon after it has changed, and at once when asked to."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._dirty = asyncio.Event()
        self.collect: Callable[[], SavedState] | None = None

    def load(self) -> SavedState | None:
        """Return what was kept, or None if this is the first start."""
        if self._path is None or not self._path.exists():
            return None
        return msgspec.json.decode(self._path.read_bytes(), type=SavedState)

    def mark(self) -> None:
        """Note that something has changed."""
        self._dirty.set()

    def save(self) -> None:
        """Write what has changed since the last time."""
        if not self._dirty.is_set() or self._path is None or self.collect is None:
            return
        self._dirty.clear()
        write_private(self._path, msgspec.json.encode(self.collect()))

    async def run(self) -> None:
        """Write soon after each change, until cancelled."""
        while self._path is not None:
            await self._dirty.wait()
            await self._clock.sleep_until(self._clock.monotonic_s() + SAVE_INTERVAL_S)
            self.save()


def kept_operations(operations: Operations) -> list[Operation]:
    """Return the operations that are worth keeping, the newest ones."""
    return list(operations.all()[-OPERATIONS_KEPT_MAX:])


def restore(saved: SavedState, resources: ResourceStore, operations: Operations) -> None:
    """Take in what was kept; what was under way then has failed."""
    resources.load(saved.documents)
    for operation in saved.operations:
        if not operation.is_ended:
            operation.status, operation.error = "Failed", _LOST
            _fail(resources, operation.resource_id)
        operations.keep(operation)


def _fail(resources: ResourceStore, resource_id: str) -> None:
    document: Document | None = resources.find(resource_id)
    properties = (document or {}).get("properties") or {}
    if document is None or str(properties.get("provisioningState", "")).lower() not in _MOVING:
        return
    is_group = str(document.get("type", "")).lower() == "microsoft.resources/resourcegroups"
    properties["provisioningState"] = "Succeeded" if is_group else "Failed"
    resources.put(document)
