"""The throw-away gateway, read, changed and asked: what all questions do with it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from bascule.azure.document import Document, list_at, text_at
from bascule.azure.errors import ReadAgainError
from bascule.azure.resource_id import ResourceId
from bascule.errors import NotFoundError
from scripts.azure_real.world import World

GATEWAY_MAX_S = 3_600.0
LOOK_S = 2.0
SETTLE_S = 5.0
"""So long requests go on before and after a change."""
WRITES_MAX = 5


async def read(world: World) -> Document:
    """Return the gateway as it is."""
    return await _read(world, world.ids().gateway)


async def change(world: World, make: Callable[[Document], Document]) -> None:
    """Read, change, write, wait; again if somebody was quicker."""
    for _ in range(WRITES_MAX):
        found = await read(world)
        try:
            accepted = await world.client.put(world.ids().gateway, make(found))
        except ReadAgainError as error:
            await pause(world, error.retry_after_s)
            continue
        return await finish(world, accepted.operation_url)
    raise ReadAgainError(f"the gateway was busy {WRITES_MAX} times")


async def finish(world: World, url: str) -> None:
    """Wait for the end of a change; nothing to wait for if `url` is empty."""
    outcome = await world.arm.wait(url, limit_s=GATEWAY_MAX_S)
    outcome.raise_for_failure("changing the gateway")


async def find_url(world: World) -> str:
    """Return where users reach the gateway."""
    address = await _read(world, world.ids().public_ip)
    return f"http://{text_at(address, 'properties', 'ipAddress')}:{world.settings.port}/"


async def await_health(world: World, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the health of each pool's servers, once all of these are well or the time is over."""
    clock = world.arm.clock
    deadline_s = clock.monotonic_s() + world.settings.patience_s
    while True:  # ends at the deadline
        health = await fetch_health(world)
        are_well = all(set(health.get(name, ())) == {"Healthy"} for name in names)
        if are_well or clock.monotonic_s() >= deadline_s:
            return health
        await pause(world, LOOK_S)


async def fetch_health(world: World) -> dict[str, list[str]]:
    """Return what the gateway's probes say of the servers of each pool."""
    accepted = await world.client.post(world.ids().gateway, "backendhealth")
    outcome = await world.arm.wait(accepted.operation_url, limit_s=GATEWAY_MAX_S)
    outcome.raise_for_failure("asking for the health of backends")
    health: dict[str, list[str]] = {}
    for pool in list_at(outcome.document or {}, "backendAddressPools"):
        name = ResourceId(text_at(pool, "backendAddressPool", "id")).name
        for settings in list_at(pool, "backendHttpSettingsCollection"):
            servers = list_at(settings, "servers")
            health.setdefault(name, []).extend(text_at(each, "health") for each in servers)
    return health


async def pause(world: World, seconds: float) -> None:
    """Wait so long, or for one time of draining where that is shorter."""
    await asyncio.sleep(min(seconds, world.settings.drain_s))


async def _read(world: World, resource: ResourceId) -> Document:
    found = await world.arm.get(resource)
    if found is None:
        raise NotFoundError(f"{resource.name} is gone", status=404)
    return found
