"""What a platform needs of Azure's Resource Manager: one port, whoever answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bascule.azure.client import Accepted
from bascule.azure.document import Document
from bascule.azure.operations import Outcome
from bascule.azure.resource_id import ResourceId
from bascule.clock import Clock


class Arm(Protocol):
    """Azure's Resource Manager."""

    @property
    def clock(self) -> Clock:
        """What waiting goes by."""
        ...

    async def get(self, resource: ResourceId | str) -> Document | None:
        """Return a resource, or None when it does not exist."""
        ...

    async def list(
        self, path: ResourceId | str, query: Mapping[str, str] | None = None
    ) -> tuple[Document, ...]:
        """Return all of a collection."""
        ...

    async def put(
        self,
        resource: ResourceId | str,
        body: Document,
        *,
        if_match: str = "",
        is_repeatable: bool = False,
    ) -> Accepted:
        """Write a whole resource."""
        ...

    async def delete(self, resource: ResourceId | str) -> Accepted | None:
        """Delete a resource; None when it was gone already."""
        ...

    async def post(self, resource: ResourceId | str, action: str) -> Accepted:
        """Carry out an action, such as `stop`."""
        ...

    async def wait(
        self, operation_url: str, *, limit_s: float, on_status: Callable[[str], None] | None = None
    ) -> Outcome:
        """Wait until an operation ends or the limit is reached."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Something that happens to a resource: `cluster old`, `creating`, Azure's own word for it."""

    resource: str
    what: str
    detail: str = ""


OnProgress = Callable[[Progress], None]
