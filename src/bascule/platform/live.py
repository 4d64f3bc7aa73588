"""The live Resource Manager, as the platform asks it."""

from collections.abc import Callable, Mapping

from bascule.azure.client import Accepted, ArmClient
from bascule.azure.document import Document
from bascule.azure.operations import Outcome, wait
from bascule.azure.resource_id import ResourceId
from bascule.clock import Clock


class LiveArm:
    """Implements `bascule.platform.ports.Arm` over one cloud."""

    def __init__(self, client: ArmClient) -> None:
        self._client = client

    @property
    def clock(self) -> Clock:
        """What waiting goes by."""
        return self._client.clock

    async def get(self, resource: ResourceId | str) -> Document | None:
        """Return a resource, or None when it does not exist."""
        return await self._client.get(resource)

    async def list(
        self, path: ResourceId | str, query: Mapping[str, str] | None = None
    ) -> tuple[Document, ...]:
        """Return all of a collection."""
        return await self._client.list(path, query)

    async def put(
        self,
        resource: ResourceId | str,
        body: Document,
        *,
        if_match: str = "",
        is_repeatable: bool = False,
    ) -> Accepted:
        """Write a whole resource."""
        return await self._client.put(
            resource, body, if_match=if_match, is_repeatable=is_repeatable
        )

    async def delete(self, resource: ResourceId | str) -> Accepted | None:
        """Delete a resource; None when it was gone already."""
        return await self._client.delete(resource)

    async def post(self, resource: ResourceId | str, action: str) -> Accepted:
        """Carry out an action, such as `stop`."""
        return await self._client.post(resource, action)

    async def wait(
        self, operation_url: str, *, limit_s: float, on_status: Callable[[str], None] | None = None
    ) -> Outcome:
        """Wait until an operation ends or the limit is reached."""
        return await wait(self._client, operation_url, limit_s=limit_s, on_status=on_status)
