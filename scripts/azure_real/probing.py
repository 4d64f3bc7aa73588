"""Questions about probes: which pools have them, how one asks, and what users see before them."""

from collections.abc import Sequence
from typing import Any

from bascule.azure.document import Document, list_at, object_at, text_at
from bascule.azure.resource_id import ResourceId
from bascule.errors import NotFoundError
from scripts.azure_real import documents
from scripts.azure_real.documents import COLD, UNUSED_MARK, USED_MARK
from scripts.azure_real.gateway import (
    GATEWAY_MAX_S,
    LOOK_S,
    SETTLE_S,
    await_health,
    change,
    fetch_health,
    find_url,
    pause,
    read,
)
from scripts.azure_real.judging import Fact
from scripts.azure_real.judging_evidence import (
    is_settled,
    judge_first_answer,
    judge_first_answers,
    judge_health,
    judge_unused_pool,
)
from scripts.azure_real.kubernetes import count_in_log
from scripts.azure_real.traffic import Log, sampling
from scripts.azure_real.traffic_questions import OLD
from scripts.azure_real.world import BLUE, POD_PORT, World

POOLS = (f"{BLUE}-pods", f"{BLUE}-balancer")
"""Whose servers the cold pool has too: of the first that is healthy."""
PROBES = 6
"""So many probes of the pool in use are waited for."""
TIMES = 3
ON_DEMAND = "getBackendHealthOnDemand"


async def ask_unused_pool(world: World) -> Fact:
    """Ask by the server's own log whether a pool is probed that a map holds and no rule leads to.

    Probes of a pool in use, and of this one, ask for paths of their own.
    """
    gateway, clock = world.ids().gateway, world.arm.clock
    addresses = await _find_servers(world)
    await change(world, lambda read: documents.with_cold_pool(read, gateway, addresses, POD_PORT))
    deadline_s = clock.monotonic_s() + world.settings.patience_s
    used = 0
    while used < PROBES and clock.monotonic_s() < deadline_s:
        await pause(world, LOOK_S)
        used = await count_in_log(world, BLUE, USED_MARK)
    return judge_unused_pool(used, await count_in_log(world, BLUE, UNUSED_MARK))


async def ask_health(world: World) -> Fact:
    """Ask how long both ways of asking for health take, and what they tell of an unused pool."""
    now = world.arm.clock.monotonic_s
    took_s: dict[str, list[float]] = {"backendhealth": [], ON_DEMAND: []}
    servers: dict[str, Sequence[str]] = {}
    for _ in range(TIMES):
        begun_s = now()
        servers["backendhealth"] = (await fetch_health(world)).get(COLD, [])
        took_s["backendhealth"].append(now() - begun_s)
    for _ in range(TIMES):
        begun_s = now()
        servers[ON_DEMAND] = await _fetch_on_demand(world)
        took_s[ON_DEMAND].append(now() - begun_s)
    return judge_health(took_s, servers, COLD)


async def ask_first_answer(world: World) -> Fact:
    """Ask what users get when a rule is led to a pool: one that is new, and one that was probed."""
    gateway = world.ids().gateway
    await change(world, lambda read: documents.with_redirect(read, gateway, OLD))
    cold = await _lead_to_pool(world)

    def prepare(read: Document) -> Document:
        redirected = documents.with_redirect(read, gateway, OLD)
        return documents.with_listener_to_cold_pool(redirected, gateway)

    await change(world, prepare)
    await await_health(world, (COLD,))
    return judge_first_answers(cold, await _lead_to_pool(world))


async def _lead_to_pool(world: World) -> Fact:
    gateway, now = world.ids().gateway, world.arm.clock.monotonic_s
    async with sampling(await find_url(world), now) as log:
        await pause(world, SETTLE_S)
        sent_s = now()
        await change(world, lambda read: documents.with_rule_to_cold_pool(read, gateway))
        ended_s = now()
        await _await_good(world, log)
    return judge_first_answer(log.answers, OLD, sent_s=sent_s, ended_s=ended_s)


async def _await_good(world: World, log: Log) -> None:
    """Return once none but good answers came for a while, or the time is over."""
    now = world.arm.clock.monotonic_s
    deadline_s = now() + world.settings.patience_s
    while now() < deadline_s:
        begun_s = now()
        await pause(world, SETTLE_S)
        if is_settled(log.answers, since_s=begun_s):
            return


async def _fetch_on_demand(world: World) -> list[str]:
    """Return what a probe that is asked for finds of the cold pool."""
    gateway = world.ids().gateway
    body: dict[str, Any] = {
        "backendAddressPool": {"id": str(gateway.child("backendAddressPools", COLD))},
        "backendHttpSettings": {"id": _settings_id(gateway)},
        "protocol": "Http",
        "host": "127.0.0.1",
        "path": "/",
        "timeout": 30,
    }
    accepted = await world.client.post(gateway, ON_DEMAND, body)
    outcome = await world.arm.wait(accepted.operation_url, limit_s=GATEWAY_MAX_S)
    outcome.raise_for_failure("asking for the health of a pool")
    found = outcome.document or accepted.document or {}
    servers = list_at(object_at(found, "backendHealthHttpSettings"), "servers")
    return [text_at(each, "health") for each in servers]


def _settings_id(gateway: ResourceId) -> str:
    return str(gateway.child("backendHttpSettingsCollection", COLD))


async def _find_servers(world: World) -> list[str]:
    """Return the addresses of a pool whose servers answer."""
    health = await fetch_health(world)
    document = await read(world)
    for name in POOLS:
        if set(health.get(name, ())) == {"Healthy"}:
            return documents.find_addresses(document, name)
    raise NotFoundError(f"no server of {' or '.join(POOLS)} is healthy", status=404)
