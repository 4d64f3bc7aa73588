"""A stage with load on it: two lab clusters, a gateway, the lab's generator; for benchmarks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bascule.lab.load.live import LiveLine
from bascule.lab.load.plan import Lane, LaneKind, Plan, Target
from bascule.lab.load.verdict import Verdict
from bascule.lab.shop.manifests import API_HOST, filler_host
from bascule.lab.story.generator import Generator
from bascule.lab.story.settings import StorySettings
from bascule.lab.story.stage import Stage, open_stage
from bascule.lab.story.verbs import Called, call_verb

WARM_UP_S = 1.0
LOAD_LIMIT_S = 300.0
FRESH_SHARE = 0.02
HOSTS_MAX = 8


def build_plan(stage: Stage, rate: float) -> Plan:
    """Return a plan of quick requests: kept connections to hosts across the table, some fresh."""
    port = stage.places.http_port
    routes = stage.settings.routes
    numbers = sorted({round(i * (routes - 1) / (HOSTS_MAX - 1)) for i in range(HOSTS_MAX)})
    hosts = [filler_host(n) for n in numbers] if routes > 1 else [API_HOST]
    targets = [Target(host=host, address="127.0.0.1", port=port) for host in hosts]
    kept = rate * (1 - FRESH_SHARE) / len(targets)
    lanes = [
        Lane(name=f"kept-{i}", kind=LaneKind.KEEP_ALIVE, target=target, rate=kept)
        for i, target in enumerate(targets)
    ]
    lanes.append(
        Lane(name="fresh", kind=LaneKind.FRESH, target=targets[0], rate=rate * FRESH_SHARE)
    )
    return Plan(lanes=tuple(lanes), duration_max_s=LOAD_LIMIT_S, warm_up_s=WARM_UP_S)


@dataclass(slots=True)
class LoadStage:
    """What a benchmark works on."""

    stage: Stage
    generator: Generator
    verdict: Verdict | None = None
    called: list[Called] = field(default_factory=list)

    async def switch(self, name: str, origin: str, to: str) -> Called:
        """Switch all traffic as a user would, and tell the generator of it."""
        called = await call_verb(
            self.stage.environment, "switch", "--from", origin, "--to", to, "--yes"
        )
        self.generator.tell(called.as_order(name, to=to))
        self.called.append(called)
        return called


@asynccontextmanager
async def open_load_stage(
    settings: StorySettings, plan_for: Callable[[Stage], Plan]
) -> AsyncIterator[LoadStage]:
    """Start everything and the load; at the end the load settles and `verdict` is there."""
    async with open_stage(settings) as stage:
        await stage.start_clusters()
        await stage.start_gateway()
        generator = Generator(stage.directory, stage.environment)
        found = LoadStage(stage, generator)
        await generator.start(plan_for(stage))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(generator.watch(_ignore))
                await asyncio.sleep(WARM_UP_S + 1.0)
                yield found
                await generator.settle()
            found.verdict = await generator.judge([])
        finally:
            await generator.end()


def _ignore(_line: LiveLine) -> None:
    """Take a live line that nobody looks at."""
