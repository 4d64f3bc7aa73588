"""What every resource provider of the lab's Azure works with, and what each of them is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol, runtime_checkable
from uuid import UUID

from bascule.clock import Clock
from bascule.lab.arm.operations import Operations
from bascule.lab.arm.requests import ArmReply, ArmRequest
from bascule.lab.arm.resources import ResourceStore


class Durations(Protocol):
    """How long things take: `fast`, or as recorded and divided by the lab's speed."""

    def draw_s(self, operation: str) -> float:
        """Return how long an operation takes, such as `aks.create` or `appgw.put`."""
        ...

    def retry_after_s(self, operation: str, polls: int) -> float | None:
        """Return what the answer to this poll (from 0) says to wait; None: no such header."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmSettings:
    """What the lab was asked for."""

    tenant_id: str
    subscription_id: str
    url: str
    """Where ARM itself answers, such as `https://localhost:8443`; no slash at the end."""
    location: str = "chinanorth2"
    honours_if_match: bool = True
    """Whether application gateways honour If-Match: nobody could verify it on real Azure."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmWorld:
    """Shared by all resource providers."""

    settings: ArmSettings
    clock: Clock
    rng: Random
    """Source of names, durations and ids of resources; nothing secret comes from it."""
    make_id: Callable[[], UUID]
    resources: ResourceStore
    operations: Operations
    durations: Durations


class Provider(Protocol):
    """A resource provider: answers every path below its namespace."""

    namespace: str
    """Such as `Microsoft.Network`; compared without case."""

    async def handle(self, request: ArmRequest) -> ArmReply:
        """Answer. Raises ArmRefusal, and the server answers with that."""
        ...


@runtime_checkable
class Living(Protocol):
    """A provider, or a part of one, that holds processes: it has a beginning and an end.

    `start` is awaited once all documents of before a restart are there and operations may begin,
    `stop` before the lab's Azure ends.
    """

    async def start(self) -> None:
        """Begin, and bring back what was there before a restart."""
        ...

    async def stop(self) -> None:
        """End everything; what is kept on disk stays."""
        ...
