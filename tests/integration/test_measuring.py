import asyncio
from dataclasses import replace
from pathlib import Path

from bascule.app.clock import SystemClock
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.probes.checks.asking import CheckAsker
from bascule.probes.measuring import MeasuringDesk, Sources
from bascule.probes.targets import Target, find_target
from bascule.report.samples import Samples
from bascule.routing.arrangement import Arrangement, Preview
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.weights import Split
from bascule.upgrade.gates.model import Check, CheckOutcome, CheckResult, CheckType
from bascule.upgrade.ports import Measuring
from tests.support import tables
from tests.support.envoy_world import EnvoyWorld, envoy_world, fetch
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.waiting import eventually

HEADER = "x-bascule-preview"
REQUESTS = 20


class Blind:
    """Implements `Watcher` and sees nothing."""

    def soak(self, *, is_on: bool) -> None:
        pass

    def window(self, from_s: float, to_s: float) -> Samples:
        return Samples(from_s=from_s, to_s=to_s, interval_s=0.5)


def check(name: str, **args: Json) -> Check:
    return Check(
        name=name, type=CheckType.HTTP, args={"host": "shop.example.com", **args}, every_s=0.5
    )


def build_desk(world: EnvoyWorld, store: FakeJournal) -> MeasuringDesk:
    clock = SystemClock()

    def find(host: str, path: str, is_tls: bool) -> Target | None:  # noqa: FBT001 — the port's
        return find_target(world.routes(), EMPTY_STORE, host=host, path=path, is_tls=is_tls)

    sources = Sources(
        look=world.driver.measure,
        split=lambda: Split(tables.ALL_BLUE),
        ask=CheckAsker(find_target=find, environ={}, clock=clock).ask,
        witness=Blind(),
        samples=store,
    )
    return MeasuringDesk(sources, clock)


async def test_what_a_real_envoy_counts_and_answers_is_measured(tmp_path: Path) -> None:
    store = FakeJournal(FakeDisk())
    ended = dict.fromkeys(Cluster, 0)
    timed = dict.fromkeys(Cluster, 0)
    results: dict[str, CheckResult] = {}
    async with envoy_world(tmp_path) as world:
        table = tables.table(world.routes(), tables.ALL_BLUE)
        preview = Arrangement(preview=Preview(header=HEADER))
        await world.driver.apply(replace(table, arrangement=preview), EMPTY_STORE)
        desk = build_desk(world, store)
        checks = (
            check("green-answers", contains="green"),
            check("same", same_as_blue=True),
            check("same-status", same_as_blue=True, compare="status"),
        )

        def take() -> bool:
            measured = desk.take()
            for interval in measured.intervals:
                for cluster, counts in interval.counts.items():
                    ended[cluster] += counts.requests
                    timed[cluster] += sum(counts.latency.counts) if counts.latency else 0
            results.update({result.name: result for result in measured.results})
            return ended[Cluster.BLUE] >= REQUESTS and len(results) == len(checks)

        async with asyncio.TaskGroup() as group:
            running = group.create_task(desk.run())
            desk.measure(Measuring(run_id="r", key="k", checks=checks, preview_header=HEADER))
            await eventually(lambda: bool(desk.take().intervals))
            for _ in range(REQUESTS):
                await fetch(world.port, "shop.example.com")
            await eventually(take, within_s=20)
            desk.measure(None)
            await eventually(lambda: store.read_samples("r"))
            running.cancel()

    assert ended[Cluster.BLUE] >= REQUESTS
    assert ended[Cluster.GREEN] == 0  # what checks ask by the preview are no users' requests
    assert timed[Cluster.BLUE] >= REQUESTS / 2
    assert {name: r.outcome for name, r in results.items()} == {
        "green-answers": CheckOutcome.PASSED,
        "same": CheckOutcome.FAILED,
        "same-status": CheckOutcome.PASSED,
    }
    assert results["same"].reason == (
        "the bodies differ at byte 0: 'green' from green, 'blue' from blue"
    )
