import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from bascule.lab.load.orders import Command, Effects
from bascule.lab.load.plan import Lane, LaneKind, Plan, StreamKind, StreamLane, Target
from bascule.lab.load.verdict import Verdict
from tests.support.faulty_server import Fault, FaultyServer, Planted
from tests.support.lab_pod import LabPod
from tests.support.load_run import run_load, start_load

FAULTS = {40: Fault.RESET, 60: Fault.UNAVAILABLE, 80: Fault.STALL}
ERROR_BY_FAULT = {
    Fault.RESET: "reset",
    Fault.UNAVAILABLE: "bad_status",
    Fault.STALL: "timed_out",
}


def target(port: int) -> Target:
    return Target(host="shop.example.test", address="127.0.0.1", port=port)


def lane(kind: LaneKind, port: int, *, rate: float = 100.0) -> Lane:
    slow_ms = 300 if kind is LaneKind.SLOW else 0
    users = 5 if kind is LaneKind.USER else 0
    return Lane(name=kind, kind=kind, target=target(port), rate=rate, slow_ms=slow_ms, users=users)


def errors(verdict: Verdict) -> Counter[str]:
    found: Counter[str] = Counter()
    for failure in verdict.failures:
        found[failure.error] += failure.count
    return found


@pytest.mark.parametrize("kind", [LaneKind.FRESH, LaneKind.KEEP_ALIVE])
async def test_every_planted_fault_is_counted_once(kind: LaneKind, tmp_path: Path) -> None:
    planted = Planted(fault_by_request=FAULTS)
    async with FaultyServer(planted) as server:
        plan = Plan(lanes=(lane(kind, server.port),), duration_max_s=1.5, timeout_s=0.5)
        verdict = await run_load(plan, tmp_path)

    assert errors(verdict) == {ERROR_BY_FAULT[f]: n for f, n in planted.done.items()}
    assert verdict.failed == 3
    assert verdict.requests == planted.requests == 150


async def test_a_server_that_is_not_there_fails_every_request(tmp_path: Path) -> None:
    plan = Plan(lanes=(lane(LaneKind.KEEP_ALIVE, 1),), duration_max_s=0.5)

    verdict = await run_load(plan, tmp_path)

    assert verdict.failed == verdict.requests == 50
    assert errors(verdict) == {"connect": 50}


async def test_a_cut_websocket_is_a_reset_stream(tmp_path: Path) -> None:
    async with FaultyServer(Planted(cut_websocket_after=3)) as server:
        streams = StreamLane(
            name="ws",
            kind=StreamKind.WEBSOCKET,
            target=target(server.port),
            count=1,
            life_s=30,
            message_interval_s=0.1,
        )
        plan = Plan(
            lanes=(lane(LaneKind.KEEP_ALIVE, server.port),), streams=(streams,), duration_max_s=1.0
        )
        verdict = await run_load(plan, tmp_path)

    assert verdict.streams.reset >= 1
    assert verdict.rules[4].holds is False


async def test_each_kind_of_traffic_is_answered_by_a_lab_pod(tmp_path: Path) -> None:
    async with LabPod("green") as pod:
        streams = tuple(
            StreamLane(name=kind, kind=kind, target=target(pod.port), count=2, life_s=0.6)
            for kind in StreamKind
        )
        lanes = tuple(lane(kind, pod.port, rate=20.0) for kind in LaneKind)
        generator = await start_load(Plan(lanes=lanes, streams=streams), tmp_path)
        await asyncio.sleep(1.2)
        verdict = await generator.finish(
            lambda: [Effects(cluster="green", count_by_key=pod.effects())]
        )

    assert verdict.failed == 0
    assert verdict.left_out == ()
    assert verdict.answers_by_cluster["green"] == verdict.requests
    assert all(verdict.requests_by_lane[kind] > 0 for kind in LaneKind)
    assert verdict.streams.opened == verdict.streams.ended >= 4
    assert verdict.streams.reset == 0
    assert verdict.effects is not None
    assert (verdict.effects.duplicates, verdict.effects.lost) == (0, 0)


async def test_an_answer_by_the_old_cluster_after_the_effective_time_is_found(
    tmp_path: Path,
) -> None:
    clusters = {"now": "blue"}
    planted = Planted(cluster=lambda _number: clusters["now"])
    async with FaultyServer(planted) as server:
        plan = Plan(lanes=(lane(LaneKind.KEEP_ALIVE, server.port),))
        generator = await start_load(plan, tmp_path)
        intent_s = time.monotonic()
        effective_s = time.monotonic()
        generator.tell(
            Command(
                name="switch",
                begun_s=intent_s,
                intent_s=intent_s,
                effective_s=effective_s,
                ended_s=effective_s,
                to="green",
            )
        )
        await asyncio.sleep(0.3)
        clusters["now"] = "green"
        await asyncio.sleep(0.3)
        verdict = await generator.finish()

    assert verdict.wrong_cluster_after_effective is not None
    assert verdict.wrong_cluster_after_effective > 0
    assert verdict.rules[3].holds is False
