import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from typing_extensions import override

from bascule.clock import Clock
from bascule.probes.targets import Target
from bascule.probes.witness import Witness
from bascule.report.samples import Samples
from bascule.report.verdict import judge
from tests.support.faulty_server import Fault, FaultyServer, Planted
from tests.support.waiting import eventually


class RealClock(Clock):
    @override
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.monotonic_s(), UTC)

    @override
    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()

    @override
    async def sleep_until(self, deadline_s: float) -> None:
        await asyncio.sleep(max(0.0, deadline_s - self.monotonic_s()))


async def watch(planted: Planted, *, requests: int, hosts: Sequence[str] = ("shop",)) -> Samples:
    clock = RealClock()
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
    clock = RealClock()
    target = Target(host="shop", path="/", address="127.0.0.1", port=1)
    witness = Witness([target], clock, interval_s=0.01)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(witness.run())
        await eventually(lambda: len(witness.window(0, 1e9).samples) >= 5)
        running.cancel()

    assert {s.answer for s in witness.window(0, 1e9).samples} == {"connect"}
