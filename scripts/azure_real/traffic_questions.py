"""Questions about requests while the gateway is changed, and about what it reaches."""

from scripts.azure_real import documents
from scripts.azure_real.gateway import SETTLE_S, await_health, change, find_url, pause
from scripts.azure_real.judging import Fact, judge_drain, judge_mixture, judge_reach
from scripts.azure_real.kubernetes import deploy
from scripts.azure_real.traffic import KEPT, loading, sampling
from scripts.azure_real.world import BLUE, GREEN, POD_PORT, World

OLD, NEW = "https://example.com/old", "https://example.com/new"


async def ask_mixture(world: World) -> Fact:
    """Ask for how long old and new answers come side by side while a change is made."""
    gateway, now = world.ids().gateway, world.arm.clock.monotonic_s
    await change(world, lambda found: documents.with_redirect(found, gateway, OLD))
    async with sampling(await find_url(world), now) as log:
        await pause(world, SETTLE_S)
        sent_s = now()
        await change(world, lambda found: documents.with_redirect(found, gateway, NEW))
        ended_s = now()
        await pause(world, SETTLE_S)
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
    await change(world, lambda read: documents.with_map(read, gateway, pools, POD_PORT))
    health = await await_health(world, tuple(pools))
    extended = {name: each["is_overlay_extended"] for name, each in found.items()}
    return {**judge_reach(health, tuple(pools)), "is_overlay_extended": extended}


async def ask_drain(world: World) -> Fact:
    """Ask what a change that has nothing to do with them does to requests in flight."""
    now, settings = world.arm.clock.monotonic_s, world.settings
    drain_s = settings.drain_s
    url = await find_url(world)
    timeout_s = round(2 * settings.longest_s) + drain_s
    await change(world, lambda read: documents.with_drain(read, drain_s, timeout_s))

    def slow_url(length_s: float) -> str:
        place = settings.slow_path.format(seconds=length_s, ms=round(length_s * 1_000))
        return url.rstrip("/") + place

    lengths_s = (drain_s / 2, drain_s * 3.0, settings.longest_s)
    async with loading(url, slow_url, lengths_s, now) as log:
        await pause(world, SETTLE_S)
        await change(world, documents.with_unrelated_pool)
        await pause(world, drain_s)
    return judge_drain(log.slow, log.kept, KEPT, drain_s=drain_s)
