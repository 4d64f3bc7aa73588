"""What checks ask clusters and Azure anew before each step, beside what is followed anyway."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from bascule.checks.appgw.facts import AppGwFacts
from bascule.checks.azure.facts import InsideFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.inventory import ClusterFacts, Inventory
from bascule.clock import Clock
from bascule.ids import Cluster

SURVEY_S = 10.0
"""So long an answer stands: a step that waits looks again and again."""
LOOK_MAX_S = 10.0
"""How long a cluster may take to answer: a dying one must not keep traffic on it."""

LookInside = Callable[[], Awaitable[InsideFacts]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What was answered, and when."""

    at_s: float
    inside: Mapping[Cluster, InsideFacts | Unreadable] = field(default_factory=dict)
    gateway: AppGwFacts | None = None


class Survey:
    """Adds to an inventory which controllers write the gateway, and how the gateway is."""

    def __init__(
        self,
        inside: Mapping[Cluster, LookInside],
        gateway: Callable[[], Awaitable[AppGwFacts]] | None,
        clock: Clock,
    ) -> None:
        self._inside = inside
        self._gateway = gateway
        self.clock = clock
        self._answers: _Answers | None = None

    @property
    def is_silent(self) -> bool:
        """Whether there is nobody to ask: nobody else writes such a gateway."""
        return not self._inside and self._gateway is None

    async def complete(self, inventory: Inventory) -> Inventory:
        """Return the inventory with what was answered in the last `SURVEY_S`."""
        answers, now_s = self._answers, self.clock.monotonic_s()
        if answers is None or now_s - answers.at_s >= SURVEY_S:
            answers = self._answers = await self._ask(inventory)
        return replace(inventory, inside=answers.inside, appgw=answers.gateway)

    async def _ask(self, inventory: Inventory) -> _Answers:
        asked = {
            cluster: look
            for cluster, look in self._inside.items()
            if _is_there(inventory.clusters.get(cluster))
        }
        async with asyncio.TaskGroup() as group:
            tasks = {c: group.create_task(_look(c, look)) for c, look in asked.items()}
            gateway = None if self._gateway is None else await self._gateway()
        return _Answers(
            at_s=self.clock.monotonic_s(),
            inside={cluster: task.result() for cluster, task in tasks.items()},
            gateway=gateway,
        )


def _is_there(facts: ClusterFacts | None) -> bool:
    return facts is not None and not facts.is_awaited and not facts.reason


async def _look(cluster: Cluster, look: LookInside) -> InsideFacts | Unreadable:
    try:
        async with asyncio.timeout(LOOK_MAX_S):
            return await look()
    except TimeoutError:
        reason = f"no answer within {LOOK_MAX_S:g} s"
        return Unreadable(what=f"what runs in {cluster}", reason=reason)
