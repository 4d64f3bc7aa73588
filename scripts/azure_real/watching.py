"""A client of Azure that remembers how long each operation took, and when it was to be asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from typing_extensions import override

from bascule.azure.client import Accepted, ArmClient
from bascule.azure.document import Document
from bascule.azure.polls import OutcomeStatus, Poll
from bascule.azure.refusals import parse_retry_after
from bascule.azure.resource_id import ResourceId, type_of_path

_GATEWAY = "microsoft.network/applicationgateways"


@dataclass(slots=True, kw_only=True)
class Seen:
    """One operation: `retry_after_s` holds what its answers said, the write's own first."""

    name: str
    began_s: float
    retry_after_s: list[float | None]
    words: list[str] = field(default_factory=list)
    """ARM's own words for its status, each once."""
    took_s: float | None = None


class WatchedClient(ArmClient):
    """An ArmClient whose operations are in `seen`, by the address that tells of them."""

    seen: dict[str, Seen]
    gateway_puts: int = 0
    """How many PUTs of gateways Azure has taken."""
    tell_taken: Callable[[], None] = staticmethod(lambda: None)
    """Called whenever Azure has taken one."""
    spoil_next: Callable[[Document], Document] | None = None
    """What is done to the next gateway that is put, so that Azure refuses it."""

    def know_version(self, resource_type: str, version: str) -> None:
        """Use this api-version for a type that Bascule itself has nothing to do with."""
        self._version_by_type[resource_type] = version

    @override
    async def put(
        self,
        resource: ResourceId | str,
        body: Document,
        *,
        if_match: str = "",
        is_repeatable: bool = False,
        correlation_id: str = "",
    ) -> Accepted:
        began_s = self.clock.monotonic_s()
        is_gateway = type_of_path(str(resource)).lower() == _GATEWAY
        if is_gateway and self.spoil_next is not None:
            body, self.spoil_next = self.spoil_next(body), None
        accepted = await super().put(
            resource,
            body,
            if_match=if_match,
            is_repeatable=is_repeatable,
            correlation_id=correlation_id,
        )
        if is_gateway:
            self.gateway_puts += 1
            self.tell_taken()
        return self._remember("PUT", resource, accepted, began_s)

    @override
    async def delete(
        self,
        resource: ResourceId | str,
        *,
        if_match: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Accepted | None:
        began_s = self.clock.monotonic_s()
        accepted = await super().delete(resource, if_match=if_match, query=query)
        return accepted and self._remember("DELETE", resource, accepted, began_s)

    @override
    async def post(
        self,
        resource: ResourceId | str,
        action: str,
        body: Document | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> Accepted:
        began_s = self.clock.monotonic_s()
        accepted = await super().post(resource, action, body, query=query)
        return self._remember(f"POST {action} of", resource, accepted, began_s)

    @override
    async def poll(self, operation_url: str) -> tuple[Poll, Mapping[str, str]]:
        found, headers = await super().poll(operation_url)
        seen = self.seen.get(operation_url)
        if seen is not None and seen.took_s is None:
            if found.said not in seen.words:
                seen.words.append(found.said)
            if found.status is OutcomeStatus.RUNNING:
                seen.retry_after_s.append(parse_retry_after(headers))
            else:
                seen.took_s = self.clock.monotonic_s() - seen.began_s
        return found, headers

    def _remember(
        self, verb: str, resource: ResourceId | str, accepted: Accepted, began_s: float
    ) -> Accepted:
        if accepted.operation_url:
            self.seen[accepted.operation_url] = Seen(
                name=f"{verb} {type_of_path(str(resource))}",
                began_s=began_s,
                retry_after_s=[accepted.retry_after_s],
            )
        return accepted
