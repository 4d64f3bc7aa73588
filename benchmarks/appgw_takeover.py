"""(k) The switch of an Application Gateway against the article's way, in one run.

The article's way: the old cluster's controller (AGIC) is stopped, and the new cluster's is started
against the same gateway. Same lab, load and seed, so that Azure takes as long both times.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bascule.ids import Cluster
from bascule.lab.load.orders import Command
from bascule.lab.shop.deploy import open_api
from bascule.lab.story.azure.arm import open_arm
from benchmarks.agic import Agic
from benchmarks.appgw_lab import (
    PACE,
    RECORDED,
    SPEED,
    START_LIMIT_S,
    TIME_COLUMNS,
    Load,
    Place,
    Times,
    open_place,
    other,
    render_times,
    under_load,
)
from benchmarks.figures import Section, Target, median, percentile, write_section
from tests.support.appgw_site import OWN_LISTENER

ROUTES = 50
ROUNDS = 10
RATE = 100.0
PAUSE_S = 1.0
AGIC_PAUSE_S = 1.0 / SPEED
FRONTEND = "public"
NOTE = (
    f"{ROUTES} routes, {ROUNDS} changes there and back each. {PACE} {RECORDED} Same seed, so that "
    "Azure takes as long both times. The other controller is a script that does what AGIC does, "
    "with neither its start nor its slow translation (0.25 s for 50 Ingresses, 27.6 s for 400). "
    "All pods stay as they are."
)
NOTE_ON_TIME = (
    "Both ways wait for the same PUT, so neither is sooner: whoever writes an Application Gateway "
    "waits for Azure. Ours has both clusters' children in its document, which costs the lab some "
    f"50 ms more an update, and they are multiplied by {SPEED:g} too. What differs: AGIC rewrites "
    "the whole, so that what somebody else had on the gateway is gone; and from the stop of one "
    "controller to the end of the other's first PUT nobody follows either cluster's pods."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One way."""

    times: Sequence[Times]
    blind_s: Sequence[float]
    """How long nobody followed the pods that got requests, each time."""
    puts: Sequence[int]
    requests: int
    failed: int
    keeps_others: bool
    """Whether a listener of somebody else is still there."""


async def switch_often(place: Place) -> Measured:
    """Switch there and back with the product."""
    await place.set_routes(ROUTES)
    await place.start_runtime()
    async with under_load(place, RATE) as load:
        to = Cluster.GREEN
        for number in range(ROUNDS):
            await load.switch(f"switch-{number}", to)
            to = other(to)
            await asyncio.sleep(PAUSE_S)
    return await sum_up(place, load, list(load.puts.values()), blind_s=[0.0] * ROUNDS)


async def take_over_often(place: Place) -> Measured:
    """Stop one cluster's controller and start the other's, there and back."""
    await place.set_routes(ROUTES)
    puts: list[int] = []
    blind_s: list[float] = []
    async with starting(place, Cluster.BLUE) as running, under_load(place, RATE) as load:
        to = Cluster.GREEN
        for number in range(ROUNDS):
            before = await place.count_puts()
            blind_s.append(await running.give_to(to, load, f"takeover-{number}"))
            to = other(to)
            await asyncio.sleep(PAUSE_S)
            puts.append(await place.count_puts() - before)
    return await sum_up(place, load, puts, blind_s=blind_s)


@dataclass(slots=True)
class Running:
    """The one controller that runs."""

    place: Place
    tasks: asyncio.TaskGroup
    task: asyncio.Task[None] | None = None

    async def give_to(self, to: Cluster, load: Load, name: str) -> float:
        """Stop it, start the other cluster's, and return the seconds that took."""
        begun_s = time.monotonic()
        await self.stop()
        await self.start(to)
        ended_s = time.monotonic()
        load.tell(
            Command(
                name=name,
                begun_s=begun_s,
                ended_s=ended_s,
                to=to,
                intent_s=begun_s,
                acknowledged_s=ended_s,
                effective_s=ended_s,
            )
        )
        return ended_s - begun_s

    async def start(self, cluster: Cluster) -> None:
        """Start a cluster's controller and return when its document is in force."""
        is_in_force = asyncio.Event()
        self.task = self.tasks.create_task(self._run(cluster, is_in_force))
        async with asyncio.timeout(START_LIMIT_S):
            await is_in_force.wait()

    async def stop(self) -> None:
        """Stop the controller that runs."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])

    async def _run(self, cluster: Cluster, is_in_force: asyncio.Event) -> None:
        site = self.place.site
        async with open_api(self.place.targets[cluster]) as api, open_arm(site.lab) as arm:
            agic = Agic(
                api=api,
                arm=arm,
                gateway_id=site.gateway_id,
                frontend=FRONTEND,
                port=site.port,
                pause_s=AGIC_PAUSE_S,
                is_in_force=is_in_force,
            )
            await agic.run()


@asynccontextmanager
async def starting(place: Place, cluster: Cluster) -> AsyncIterator[Running]:
    """Let a cluster's controller run; whichever runs at the end is stopped."""
    async with asyncio.TaskGroup() as tasks:
        running = Running(place, tasks)
        await running.start(cluster)
        yield running
        await running.stop()


async def sum_up(
    place: Place, load: Load, puts: Sequence[int], *, blind_s: Sequence[float]
) -> Measured:
    """Return what the load, Azure's log and the gateway say of it."""
    gateway = await asyncio.to_thread(place.site.read_gateway)
    listeners = {each["name"] for each in gateway["properties"]["httpListeners"]}
    return Measured(
        times=await load.read_times(""),
        blind_s=blind_s,
        puts=puts,
        requests=load.judged.requests,
        failed=load.judged.failed,
        keeps_others=OWN_LISTENER in listeners,
    )


def render_row(way: str, found: Measured) -> list[str]:
    """Return the table's row for one way."""
    return [
        way,
        *render_times(found.times),
        f"{SPEED * median(found.blind_s):.0f}, {SPEED * percentile(found.blind_s, 90):.0f}",
        f"{min(found.puts)} to {max(found.puts)}",
        f"{found.failed} of {found.requests:,}",
        "stay" if found.keeps_others else "gone",
    ]


def find_ratios(ours: Measured, usual: Measured) -> str:
    """Return how many times sooner ours is in force than the usual way: median and p90."""
    old, new = ([each.recorded_s for each in way.times] for way in (usual, ours))
    p90 = percentile(old, 90) / percentile(new, 90)
    return f"{median(old) / median(new):.2f}x, {p90:.2f}x"


def judge_targets(ours: Measured, usual: Measured) -> list[Target]:
    """Return what was promised, and whether it was kept."""
    return [
        Target(
            text=f"a PUT for each switch, beside {sum(usual.puts) / len(usual.puts):g}: "
            f"{sum(ours.puts) / len(ours.puts):g}",
            is_met=set(ours.puts) == {1},
            is_required=True,
        ),
        Target(
            text=f"0 failed requests: {ours.failed} of {ours.requests:,}, the article's way "
            f"{usual.failed}",
            is_met=ours.failed == 0 < ours.requests,
            is_required=True,
        ),
        Target(
            text="what others have on the gateway stays",
            is_met=ours.keeps_others,
            is_required=True,
        ),
    ]


def main() -> None:
    """Measure both ways and keep the section."""
    keep(ours=measure_in_lab(switch_often), usual=measure_in_lab(take_over_often))


def measure_in_lab(way: Callable[[Place], Coroutine[object, object, Measured]]) -> Measured:
    """Measure one way in a lab of its own."""
    with open_place() as place:
        return asyncio.run(way(place))


def keep(*, ours: Measured, usual: Measured) -> None:
    """Keep the section."""
    puts = sum(usual.puts) / max(1, sum(ours.puts))
    write_section(
        Section(
            name="appgw_takeover",
            title="The switch of an Application Gateway against the article's way",
            command="make bench ARGS=appgw_takeover",
            columns=[
                "way",
                *TIME_COLUMNS,
                "nobody follows pods, as recorded, s: p50, p90",
                "PUTs",
                "failed",
                "children of others",
            ],
            rows=[
                render_row("`bascule switch`", ours),
                render_row("one AGIC stopped, the other started", usual),
                ["ratio", "", "", find_ratios(ours, usual), "", "", f"{puts:.1f}x", "", ""],
            ],
            targets=judge_targets(ours, usual),
            notes=[NOTE, NOTE_ON_TIME],
        )
    )


if __name__ == "__main__":
    main()
