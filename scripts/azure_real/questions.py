"""The questions that nobody could answer without a subscription, each put to the live gateway.

Each returns a fact: its answer in a few words, and what was seen. The contract suite of gateway
drivers will be one more of them when there is a driver for application gateways.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bascule.azure.document import Document, list_at, text_at
from bascule.azure.errors import ReadAgainError
from bascule.azure.resource_id import ResourceId
from bascule.errors import NotFoundError
from scripts.azure_real import documents
from scripts.azure_real.judging import Fact, judge_drain, judge_mixture, judge_reach
from scripts.azure_real.kubernetes import deploy
from scripts.azure_real.traffic import KEPT, loading, sampling
from scripts.azure_real.world import BLUE, GREEN, POD_PORT, World

STALE = 'W/"00000000-0000-0000-0000-000000000000"'
PRECONDITION_FAILED = 412
GATEWAY_MAX_S = 3_600.0
HEALTH_MAX_S = 180.0
HEALTH_LOOK_S = 2.0
SETTLE_S = 5.0
"""So long requests go on before and after a change."""
OLD, NEW = "https://example.com/old", "https://example.com/new"
WRITES_MAX = 5


async def ask_if_match(world: World) -> Fact:
    """Ask whether a PUT with an etag that nobody has is refused."""
    gateway = world.ids().gateway
    before = await _read(world, gateway)
    try:
        accepted = await world.client.put(gateway, before, if_match=STALE)
    except ReadAgainError as error:
        if error.status != PRECONDITION_FAILED:
            raise
        stale = {"answer": "honoured", "status": error.status, "code": error.reason}
    else:
        stale = {"answer": "ignored"}
        await _finish(world, accepted.operation_url)
    current = text_at(await _read(world, gateway), "etag")
    accepted = await world.client.put(gateway, before, if_match=current)
    during = text_at(await _read(world, gateway), "etag")
    await _finish(world, accepted.operation_url)
    after = text_at(await _read(world, gateway), "etag")
    return {
        **stale,
        "current_etag_is_taken": True,
        "etag_changes_when_accepted": during != current,
        "etag_changes_when_ended": after != during,
    }


async def ask_mixture(world: World) -> Fact:
    """Ask for how long old and new answers come side by side while a change is made."""
    gateway, now = world.ids().gateway, world.arm.clock.monotonic_s
    await _change(world, lambda found: documents.with_redirect(found, gateway, OLD))
    async with sampling(await find_url(world), now) as log:
        await _pause(world, SETTLE_S)
        sent_s = now()
        await _change(world, lambda found: documents.with_redirect(found, gateway, NEW))
        ended_s = now()
        await _pause(world, SETTLE_S)
    return judge_mixture(log.answers, OLD, NEW, sent_s=sent_s, ended_s=ended_s)


async def ask_reach(world: World) -> Fact:
    """Ask whether one gateway reaches the pods of two overlay clusters, and their balancers."""
    gateway = world.ids().gateway
    found = {name: await deploy(world, name) for name in (BLUE, GREEN)}
    pools = {
        f"{name}-{way}": addresses[way]
        for name, addresses in found.items()
        for way in ("balancer", "pods")
    }
    await _change(world, lambda read: documents.with_map(read, gateway, pools, POD_PORT))
    health = await _await_health(world, tuple(pools))
    extended = {name: each["is_overlay_extended"] for name, each in found.items()}
    return {**judge_reach(health, tuple(pools)), "is_overlay_extended": extended}


async def ask_drain(world: World) -> Fact:
    """Ask what a change that has nothing to do with them does to requests in flight."""
    now, settings = world.arm.clock.monotonic_s, world.settings
    drain_s = settings.drain_s
    url = await find_url(world)
    timeout_s = round(2 * settings.longest_s) + drain_s
    await _change(world, lambda read: documents.with_drain(read, drain_s, timeout_s))

    def slow_url(length_s: float) -> str:
        place = settings.slow_path.format(seconds=length_s, ms=round(length_s * 1_000))
        return url.rstrip("/") + place

    lengths_s = (drain_s / 2, drain_s * 3.0, settings.longest_s)
    async with loading(url, slow_url, lengths_s, now) as log:
        await _pause(world, SETTLE_S)
        await _change(world, documents.with_unrelated_pool)
        await _pause(world, drain_s)
    return judge_drain(log.slow, log.kept, KEPT, drain_s=drain_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and how."""

    key: str
    text: str
    ask: Callable[[World], Awaitable[Fact]]
    needs_clusters: bool = False


QUESTIONS = (
    Question(
        key="if_match",
        text="Does an application gateway honour If-Match?",
        ask=ask_if_match,
    ),
    Question(
        key="mixture",
        text="Do instances of both versions answer while a change is made?",
        ask=ask_mixture,
    ),
    Question(
        key="two_overlay_clusters",
        text="Does one gateway reach the pods of two overlay clusters?",
        ask=ask_reach,
        needs_clusters=True,
    ),
    Question(
        key="drain",
        text="Does a change that concerns nobody cut requests in flight?",
        ask=ask_drain,
        needs_clusters=True,
    ),
)
"""In their order: the last needs the servers of the one before it."""


async def find_url(world: World) -> str:
    """Return where users reach the gateway."""
    address = await _read(world, world.ids().public_ip)
    return f"http://{text_at(address, 'properties', 'ipAddress')}:{world.settings.port}/"


async def _change(world: World, change: Callable[[Document], Document]) -> None:
    """Read, change, write, wait; again if somebody was quicker."""
    gateway = world.ids().gateway
    for _ in range(WRITES_MAX):
        found = await _read(world, gateway)
        try:
            accepted = await world.client.put(gateway, change(found))
        except ReadAgainError as error:
            await _pause(world, error.retry_after_s)
            continue
        return await _finish(world, accepted.operation_url)
    raise ReadAgainError(f"the gateway was busy {WRITES_MAX} times")


async def _await_health(world: World, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the health of each pool's servers, once all are well or the time is over."""
    clock = world.arm.clock
    deadline_s = clock.monotonic_s() + HEALTH_MAX_S
    while True:  # ends at the deadline
        health = await _fetch_health(world)
        are_well = all(set(health.get(name, ())) == {"Healthy"} for name in names)
        if are_well or clock.monotonic_s() >= deadline_s:
            return health
        await _pause(world, HEALTH_LOOK_S)


async def _fetch_health(world: World) -> dict[str, list[str]]:
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


async def _read(world: World, resource: ResourceId) -> Document:
    found = await world.arm.get(resource)
    if found is None:
        raise NotFoundError(f"{resource.name} is gone", status=404)
    return found


async def _finish(world: World, url: str) -> None:
    outcome = await world.arm.wait(url, limit_s=GATEWAY_MAX_S)
    outcome.raise_for_failure("changing the gateway")


async def _pause(world: World, seconds: float) -> None:
    """Wait so long, or for one time of draining where that is shorter."""
    await asyncio.sleep(min(seconds, world.settings.drain_s))
