"""What is known of a gateway before a plan: asked of its runtime, or seen without one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bascule.app.gateways.rehearsals import Rehearsal, keep_rehearsal
from bascule.app.known import fetch_known
from bascule.app.state_dir import StateDir, apply_state_dir
from bascule.gateway.driver import Convergence
from bascule.ids import Cluster
from bascule.journal.record import Entry, Json
from bascule.routing.weights import Split, Weights
from bascule.storage.lock import hold_lock
from bascule.storage.sqlite import open_journal
from bascule.upgrade.events import KIND_BY_EVENT, Opened, render_event
from tests.support.virtual_clock import VirtualClock

BLUE = Split(Weights.all_to(Cluster.BLUE))


@pytest.fixture
async def place(tmp_path: Path) -> StateDir:
    """A gateway whose journal has begun."""
    found = StateDir(tmp_path / "shop")
    apply_state_dir(found)
    entry = Entry(
        at=datetime(2026, 6, 1, tzinfo=UTC),
        actor="ada@desk",
        kind=KIND_BY_EVENT[Opened],
        data=render_event(Opened(split=BLUE)),
    )
    with open_journal(found.journal, as_owner=True) as journal:
        await journal.append([entry], expected_seq=0)
    return found


@asynccontextmanager
async def runtime(place: StateDir, *answers: dict[str, Json]) -> AsyncIterator[None]:
    """Hold the gateway and answer `status` with each of these in turn."""
    left = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert json.loads(await reader.readline()) == {"op": "status"}
        writer.write(json.dumps(left.pop(0)).encode())
        await writer.drain()
        writer.close()

    with hold_lock(place.lock):
        async with await asyncio.start_unix_server(answer, str(place.control_socket)):
            yield


def live(blue: int, green: int, convergence: str = "converged") -> dict[str, Json]:
    traffic: Json = {"blue": {"requests_total": blue}, "green": {"requests_total": green}}
    return {"live": {"convergence": convergence, "reason": "", "traffic": traffic}}


async def test_requests_are_counted_for_a_second(place: StateDir) -> None:
    clock = VirtualClock()

    async with runtime(place, live(1_000, 10), live(1_040, 12)):
        known = await clock.drive(fetch_known(place, clock=clock))

    assert known.requests_per_s == 42.0
    assert known.observation is not None
    assert known.observation.convergence is Convergence.CONVERGED
    assert known.state is not None
    assert known.state.split == BLUE


async def test_counts_that_fall_are_not_a_rate(place: StateDir) -> None:
    clock = VirtualClock()

    async with runtime(place, live(1_000, 10), live(3, 0)):
        known = await clock.drive(fetch_known(place, clock=clock))

    assert known.requests_per_s is None


async def test_a_gateway_that_counts_nothing_is_asked_once(place: StateDir) -> None:
    clock = VirtualClock()
    silent: dict[str, Json] = {"live": {"convergence": "dancing", "traffic": None}}

    async with runtime(place, silent):
        known = await clock.drive(fetch_known(place, clock=clock))

    assert known.requests_per_s is None
    assert known.observation is None


async def test_a_runtime_that_does_not_answer_leaves_it_open(place: StateDir) -> None:
    clock = VirtualClock()

    with hold_lock(place.lock):
        known = await clock.drive(fetch_known(place, clock=clock))

    assert known.state is not None
    assert known.observation is None


async def test_a_gateway_that_never_ran_is_not_known_and_not_made(tmp_path: Path) -> None:
    clock = VirtualClock()

    known = await clock.drive(fetch_known(StateDir(tmp_path / "none"), clock=clock))

    assert known.state is None
    assert not (tmp_path / "none").exists()


async def test_what_was_rehearsed_is_known_before_a_gateway_has_run(tmp_path: Path) -> None:
    keep_rehearsal(StateDir(tmp_path), Rehearsal(at=datetime(2026, 6, 1, tzinfo=UTC), took_s=9.0))

    known = await fetch_known(StateDir(tmp_path), clock=VirtualClock())

    assert known.state is None
    assert known.update is not None
    assert known.update.median_s == 9.0
