import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bascule.app.clock import SystemClock
from bascule.app.witnessing import SOAK_INTERVAL_S, WitnessDesk, World
from bascule.gateway.driver import Convergence, Observation
from bascule.ids import CommandId
from bascule.lab.shop.certificates import issue_certificate
from bascule.probes.targets import Target
from bascule.probes.witness import INTERVAL_S, Witness
from bascule.report.samples import Sample, Samples
from bascule.report.verdict import judge
from bascule.routing.weights import Split, Weights
from tests.support.faulty_server import Fault, FaultyServer, Planted
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually


async def watch(planted: Planted, *, requests: int, hosts: Sequence[str] = ("shop",)) -> Samples:
    clock = SystemClock()
    async with FaultyServer(planted) as server:
        targets = [
            Target(host=host, path="/", address="127.0.0.1", port=server.port) for host in hosts
        ]
        witness = Witness(targets, clock, interval_s=0.01)
        start_s = clock.monotonic_s()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(witness.run())
            await eventually(lambda: len(witness.window(start_s, start_s + 60).samples) >= requests)
            running.cancel()
        return witness.window(start_s, start_s + 60)


async def ask(target: Target, *, requests: int) -> tuple[Sample, ...]:
    witness = Witness([target], SystemClock(), interval_s=0.01)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(witness.run())
        await eventually(lambda: len(witness.window(0, 1e9).samples) >= requests)
        running.cancel()
    return witness.window(0, 1e9).samples


async def test_each_planted_fault_is_one_failure_of_the_witness() -> None:
    planted = Planted(fault_by_request={5: Fault.RESET, 9: Fault.UNAVAILABLE})

    seen = await watch(planted, requests=30)

    answers = Counter(s.answer for s in seen.samples)
    assert (answers["reset"], answers["503"]) == (1, 1)
    assert answers["200"] == len(seen.samples) - 2
    nothing = Samples(from_s=0, to_s=0, interval_s=0.01)
    assert judge(nothing, seen).failed == 2


async def test_every_target_is_asked_in_turn() -> None:
    seen = await watch(Planted(), requests=40, hosts=("shop", "pay"))

    counts = Counter(s.target.partition(":8")[0].split(":")[1] for s in seen.samples)
    assert counts["//shop"] - counts["//pay"] in (0, 1)


async def test_a_gateway_that_is_not_there_fails_every_request() -> None:
    target = Target(host="shop", path="/", address="127.0.0.1", port=1)

    assert {sample.answer for sample in await ask(target, requests=5)} == {"connect"}


async def nothing_counted() -> Observation:
    return Observation(convergence=Convergence.UNKNOWN)


@asynccontextmanager
async def desk_at_work(port: int) -> AsyncIterator[tuple[WitnessDesk, VirtualClock, float]]:
    """Give a desk whose clock moves on in small steps while sockets take real time."""
    clock = VirtualClock()
    target = Target(host="shop", path="/", address="127.0.0.1", port=port)
    world = World(targets=lambda: (target,), observe=nothing_counted, on_summary=lambda: None)
    desk = WitnessDesk(world, clock)
    since_s = clock.monotonic_s()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(desk.run())
        yield desk, clock, since_s
        running.cancel()


async def step_until(clock: VirtualClock, predicate: Callable[[], object]) -> None:
    async def step() -> object:
        await clock.advance(0.05)
        return predicate()

    await eventually(step)


async def test_an_upgrade_is_witnessed_now_and_then_for_as_long_as_it_lasts() -> None:
    async with FaultyServer(Planted()) as server, desk_at_work(server.port) as work:
        desk, clock, since_s = work
        desk.soak(is_on=True)
        await step_until(clock, lambda: len(desk.window(since_s, 1e9).samples) >= 4)
        desk.soak(is_on=False)
        await clock.advance(5)
        seen = desk.window(since_s, 1e9)

        assert seen.interval_s == SOAK_INTERVAL_S
        assert {s.answer for s in seen.samples} == {"200"}
        times = [s.scheduled_s - since_s for s in seen.samples]
        assert times == [SOAK_INTERVAL_S * turn for turn in range(len(times))]
        desk.soak(is_on=True)
        await step_until(clock, lambda: len(desk.window(since_s, 1e9).samples) > len(times))


async def test_around_an_order_of_an_upgrade_the_witness_looks_closer() -> None:
    async with FaultyServer(Planted()) as server, desk_at_work(server.port) as work:
        desk, clock, since_s = work
        desk.soak(is_on=True)
        desk.begin(CommandId("run-1/shift-5/1"), Split(Weights(9_500)))
        await step_until(clock, lambda: len(desk.window(since_s, 1e9).samples) >= 30)

        assert desk.window(since_s + 0.3, since_s + 0.6).interval_s == INTERVAL_S
        assert desk.window(since_s - 1.0, since_s + 0.6).interval_s == SOAK_INTERVAL_S


@pytest.mark.parametrize("is_trusted", [True, False], ids=["its-own-chain", "another-chain"])
async def test_a_tls_host_must_show_the_chain_that_the_gateway_was_given(
    tmp_path: Path, *, is_trusted: bool
) -> None:
    clock = SystemClock()
    shown, other = (issue_certificate(("shop.example",), now=clock.now()) for _ in range(2))
    (tmp_path / "pair.pem").write_bytes(shown.certificate + shown.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    async with FaultyServer(Planted(), context=context) as server:
        target = Target(
            host="shop.example",
            path="/",
            address="127.0.0.1",
            port=server.port,
            chain_pem=(shown if is_trusted else other).certificate,
        )
        answers = {sample.answer for sample in await ask(target, requests=5)}

    assert answers == {"200" if is_trusted else "tls"}
