import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bascule.errors import JournalError
from bascule.journal.record import Json
from bascule.journal.store import Sample
from bascule.probes.keeping import (
    SAMPLES_MAX,
    THIN_EVERY,
    WAITING_MAX,
    WRITE_EVERY_S,
    Keeper,
    order_points,
)
from tests.support.virtual_clock import VirtualClock


class Store:
    """Implements `SampleStore` in memory; fails while `is_broken`, hangs while `is_hanging`."""

    def __init__(self) -> None:
        self.samples: dict[str, list[Sample]] = {}
        self.thinned: list[int] = []
        self.is_broken = False
        self.is_hanging = False

    async def add_samples(self, upgrade: str, samples: Sequence[Sample]) -> None:
        if self.is_hanging:
            await asyncio.Event().wait()
        if self.is_broken:
            raise JournalError("the disk is full")
        self.samples.setdefault(upgrade, []).extend(samples)

    async def read_samples(self, upgrade: str) -> tuple[Sample, ...]:
        return tuple(self.samples.get(upgrade, ()))

    async def thin_samples(self, upgrade: str, *, samples_max: int) -> None:
        assert upgrade in self.samples
        self.thinned.append(samples_max)


@asynccontextmanager
async def at_work(store: Store) -> AsyncIterator[tuple[Keeper, VirtualClock]]:
    clock = VirtualClock()
    keeper = Keeper(store, clock)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(keeper.run())
        await clock.settle()
        yield keeper, clock
        running.cancel()


def numbers(store: Store, run_id: str = "r") -> list[Json]:
    return [sample.data["n"] for sample in store.samples.get(run_id, ())]


async def test_points_are_written_together_now_and_then() -> None:
    store = Store()
    async with at_work(store) as (keeper, clock):
        keeper.keep("r", clock.now(), {"n": 1})
        keeper.keep("r", clock.now(), {"n": 2}, {"n": 3})
        await clock.advance(WRITE_EVERY_S / 2)
        early = numbers(store)
        await clock.advance(WRITE_EVERY_S)

    assert early == []
    assert numbers(store) == [1, 2, 3]


async def test_points_are_written_at_once_when_nothing_more_comes() -> None:
    store = Store()
    async with at_work(store) as (keeper, clock):
        keeper.keep("r", clock.now(), {"n": 1})
        keeper.keep("s", clock.now(), {"n": 2})
        keeper.hurry()
        await clock.settle()

    assert (numbers(store, "r"), numbers(store, "s")) == ([1], [2])


async def test_a_store_that_fails_costs_its_points_and_nothing_else() -> None:
    store = Store()
    async with at_work(store) as (keeper, clock):
        store.is_broken = True
        keeper.keep("r", clock.now(), {"n": 1})
        await clock.advance(WRITE_EVERY_S + 1)
        store.is_broken = False
        keeper.keep("r", clock.now(), {"n": 2})
        await clock.advance(WRITE_EVERY_S + 1)

        assert numbers(store) == [2]
        assert keeper.lost == 1


async def test_while_a_store_hangs_the_oldest_points_are_given_up() -> None:
    store = Store()
    store.is_hanging = True
    async with at_work(store) as (keeper, clock):
        for number in range(WAITING_MAX + 3):
            keeper.keep("r", clock.now(), {"n": number})

        assert keeper.lost == 3


async def test_a_long_run_is_thinned() -> None:
    store = Store()
    async with at_work(store) as (keeper, clock):
        for number in range(THIN_EVERY - 1):
            keeper.keep("r", clock.now(), {"n": number})
        await clock.advance(WRITE_EVERY_S + 1)
        before = list(store.thinned)
        keeper.keep("r", clock.now(), {"n": 0})
        await clock.advance(WRITE_EVERY_S + 1)

    assert before == []
    assert store.thinned == [SAMPLES_MAX]


def test_each_kind_loses_its_half_however_often_every_other_point_is_dropped() -> None:
    kept = [
        document["kind"]
        for number in range(1_024)
        for document in order_points(number, {"kind": "traffic"}, {"kind": "witness"})
    ]

    for _ in range(6):
        kept = kept[1::2]
        assert kept.count("traffic") == kept.count("witness")
