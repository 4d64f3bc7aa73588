"""Kills the runtime or Envoy at seeded moments of a switch under load, and checks how it ends.

What must hold, whatever the moment: traffic ends where the last recorded intent says; a dead
runtime fails no request; a dead Envoy fails requests only between its death and its readiness.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from bascule.app.control import fetch_answer
from bascule.ids import Cluster, CommandId
from bascule.storage.sqlite import open_journal
from bascule.upgrade.events import Result
from bascule.upgrade.signals import Order, Switch, build_command
from bascule.upgrade.state import GatewayState, fold
from tests.support.asking import Answer, Load, ask, under_load
from tests.support.site import Site
from tests.support.waiting import eventually

MOMENT_MAX_S = 0.160
"""Kills fall from the order's arrival to after its recorded outcome, some 80 ms later."""

SETTLE_S = 30.0
ANSWERS_AGREEING = 20
STAMP_SLACK_S = 0.050
"""What lies between a death and its being seen and stamped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One kill and how it ended."""

    victim: str
    moment_s: float
    result: Result | None
    """How the order ended; None if the kill came before the runtime took it."""
    wanted: Cluster
    answered_by: str
    requests: int
    failures: tuple[Answer, ...]
    deaths: tuple[tuple[float, float], ...] = ()
    """From when to when Envoy was dead, as the runtime stamped it."""

    @property
    def unexcused(self) -> tuple[Answer, ...]:
        """The failures outside every time in which Envoy was dead."""
        return tuple(
            f
            for f in self.failures
            if not any(
                f.ended_at >= died - STAMP_SLACK_S and f.sent_at <= ready
                for died, ready in self.deaths
            )
        )

    @property
    def is_right(self) -> bool:
        """Whether all that must hold does."""
        return self.answered_by == self.wanted.value and not self.unexcused


async def kill_runtime(site: Site, rng: Random) -> Trial:
    """Kill the runtime in the middle of a switch, start it again, and see where traffic is."""
    async with under_load(site.port) as load:
        order = await give_switch(site)
        moment_s = rng.uniform(0.0, MOMENT_MAX_S)
        await asyncio.sleep(moment_s)
        site.kill_runtime()
        await asyncio.to_thread(site.start_runtime)
        return await _conclude(site, load, order, victim="runtime", moment_s=moment_s)


async def kill_envoy(site: Site, rng: Random) -> Trial:
    """Kill Envoy in the middle of a switch, and see where traffic is once it serves again."""
    known = len(await _deaths(site))
    async with under_load(site.port) as load:
        order = await give_switch(site)
        moment_s = rng.uniform(0.0, MOMENT_MAX_S)
        await asyncio.sleep(moment_s)
        site.kill_envoy()

        async def is_stamped() -> bool:
            return len(await _deaths(site)) > known

        await eventually(is_stamped, within_s=SETTLE_S)
        return await _conclude(site, load, order, victim="envoy", moment_s=moment_s)


async def give_switch(site: Site) -> Order:
    """Order the switch away from the cluster that is active, as the command does."""
    state = await fetch_state(site)
    now = datetime.fromtimestamp(time.time(), UTC)
    order = Order(
        id=CommandId(f"kill-{state.seq}"),
        at=now,
        actor="kills",
        signal=Switch(source=state.active, target=state.active.other),
    )
    with open_journal(site.state_dir.journal) as inbox:
        await inbox.put(build_command(order))
    await fetch_answer(site.state_dir.control_socket, {"op": "wake"})
    return order


async def fetch_state(site: Site) -> GatewayState:
    """Return what the journal says."""
    with open_journal(site.state_dir.journal) as journal:
        state = fold(await journal.read())
    assert state is not None
    return state


async def _conclude(site: Site, load: Load, order: Order, *, victim: str, moment_s: float) -> Trial:
    async def is_settled() -> bool:
        state = await fetch_state(site)
        with open_journal(site.state_dir.journal) as inbox:
            return state.in_flight is None and not await inbox.pending()

    await eventually(is_settled, within_s=SETTLE_S)
    state = await fetch_state(site)
    wanted = state.split.default.only
    assert wanted is not None
    answered_by = await _find_answering(site, wanted)
    outcome = state.outcome_of(order.id)
    return Trial(
        victim=victim,
        moment_s=moment_s,
        result=outcome.result if outcome else None,
        wanted=wanted,
        answered_by=answered_by,
        requests=len(load.answers),
        failures=load.failures,
        deaths=await _deaths(site),
    )


async def _find_answering(site: Site, wanted: Cluster) -> str:
    """Return the one cluster that answers, or all that do, once it had time to settle."""
    found: set[str] = set()

    async def is_one() -> bool:
        found.clear()
        for _ in range(ANSWERS_AGREEING):
            try:
                found.add(await ask(site.port))
            except (OSError, ValueError) as failure:
                found.add(f"error: {failure}")
        return found == {wanted.value}

    try:
        await eventually(is_one, within_s=SETTLE_S)
    except AssertionError:
        return ", ".join(sorted(found))
    return wanted.value


async def _deaths(site: Site) -> tuple[tuple[float, float], ...]:
    """Return from when to when Envoy was dead, of the deaths that have ended."""
    status: dict[str, Any] = await fetch_answer(site.state_dir.control_socket, {"op": "status"})
    return tuple(
        (
            datetime.fromisoformat(death["died_at"]).timestamp(),
            datetime.fromisoformat(death["ready_at"]).timestamp(),
        )
        for death in status["envoy"]["deaths"]
        if death["ready_at"]
    )
