"""The lab's Azure in one process, on a clock that moves when told to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any
from uuid import UUID

from typing_extensions import override

from bascule.lab.arm.operations import Operations
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmReply, ArmRequest, Caller
from bascule.lab.arm.resources import ResourceStore
from bascule.lab.arm.world import ArmSettings, ArmWorld, Durations, Provider
from tests.support.virtual_clock import VirtualClock

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
S = f"/subscriptions/{SUBSCRIPTION}"
RG = f"{S}/resourceGroups/AKS_Upgrade"
LOCATION = "chinanorth2"
OPERATION_S = 100.0
ADMIN = Caller(
    tenant_id=TENANT,
    object_id="33333333-3333-3333-3333-333333333333",
    app_id="44444444-4444-4444-4444-444444444444",
)


class SteadyDurations(Durations):
    """Every operation takes OPERATION_S seconds; no answer says when to ask again."""

    @override
    def draw_s(self, operation: str) -> float:
        return OPERATION_S

    @override
    def retry_after_s(self, operation: str, polls: int) -> float | None:
        return None


def make_world(clock: VirtualClock | None = None, *, seed: int = 1) -> ArmWorld:
    """Return a world with one resource group, AKS_Upgrade."""
    clock = clock or VirtualClock()
    rng = Random(seed)  # noqa: S311 - names and ids, not secrets

    def make_id() -> UUID:
        return UUID(int=rng.getrandbits(128), version=4)

    world = ArmWorld(
        settings=ArmSettings(
            tenant_id=TENANT,
            subscription_id=SUBSCRIPTION,
            url="https://localhost:8443",
            location=LOCATION,
        ),
        clock=clock,
        rng=rng,
        make_id=make_id,
        resources=ResourceStore(),
        operations=Operations(clock, make_id),
        durations=SteadyDurations(),
    )
    world.resources.put(
        {
            "id": RG,
            "name": "AKS_Upgrade",
            "type": "Microsoft.Resources/resourceGroups",
            "location": LOCATION,
            "properties": {"provisioningState": "Succeeded"},
        }
    )
    return world


@asynccontextmanager
async def running(world: ArmWorld) -> AsyncIterator[None]:
    """Let operations run meanwhile."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.operations.run())
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()


def request(
    method: str,
    path: str,
    body: Any = None,
    *,
    caller: Caller = ADMIN,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ArmRequest:
    """Return a request as the server hands it to a provider."""
    return ArmRequest(
        method=method,
        path=parse_path(path),
        caller=caller,
        query={"api-version": "2026-01-01", **(query or {})},
        headers=headers or {},
        body=body,
    )


async def ask(
    provider: Provider,
    method: str,
    path: str,
    body: Any = None,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ArmReply:
    """Ask a provider as the lab's administrator."""
    return await provider.handle(request(method, path, body, query=query, headers=headers))
