import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from typing_extensions import override

from bascule.errors import JournalError
from bascule.journal.record import Entry, Json, Record
from bascule.notify.delivering import Delivery, Fate
from bascule.notify.events import CloudEvent
from bascule.notify.mailbox import TRIES_MAX, WAITING_MAX
from bascule.notify.receivers import Program, Receiver
from bascule.notify.sender import RESEND_S, NewsDesk
from bascule.upgrade.run.events import Ended, RunEvent, StageEntered
from bascule.upgrade.run.stages import Stage
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.news import entry, started
from tests.support.virtual_clock import VirtualClock

DELIVERED = Delivery(Fate.DELIVERED)
FAILED = Delivery(Fate.FAILED, "it answered 500")
REFUSED = Delivery(Fate.REFUSED, "it answered 404")
ANN: dict[str, Json] = {"type": "command", "run": ["ann"]}
BOB: dict[str, Json] = {"type": "command", "run": ["bob"], "events": ["end"]}
BAKE = StageEntered(upgrade="spring", stage=Stage.BAKE)
SHIFT = StageEntered(upgrade="spring", stage=Stage.SHIFT)
ENDED = Ended(upgrade="spring", stage=Stage.COMPLETED)


class ShakyJournal(FakeJournal):
    """Cannot be read while `is_broken`."""

    is_broken = False

    @override
    async def read(self, *, after_seq: int = 0) -> tuple[Record, ...]:
        if self.is_broken:
            raise JournalError("the disk is gone")
        return await super().read(after_seq=after_seq)


@dataclass
class Post:
    """Who got what; `fates` says what comes of each try, `hands` what a receiver does first."""

    got: list[tuple[str, str]] = field(default_factory=list)
    fates: dict[str, list[Delivery | Exception]] = field(default_factory=dict)
    hands: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    tries: int = 0

    async def deliver(self, receiver: Receiver, event: CloudEvent) -> Delivery:
        assert isinstance(receiver, Program)
        name = receiver.argv[0]
        self.tries += 1
        if name in self.hands:
            await self.hands[name]()
        fate = self.fates[name].pop(0) if self.fates.get(name) else DELIVERED
        if isinstance(fate, Exception):
            raise fate
        if fate is DELIVERED:
            self.got.append((name, event.id))
        return fate

    def of(self, name: str) -> list[str]:
        return [event_id for receiver, event_id in self.got if receiver == name]


@dataclass
class World:
    clock: VirtualClock
    journal: ShakyJournal
    post: Post
    desk: NewsDesk

    async def write(self, *events: RunEvent) -> None:
        """Record events now."""
        written = [entry(event, self.clock.now()) for event in events]
        await self.write_entries(*written)

    async def write_entries(self, *entries: Entry) -> None:
        seq = len(await FakeJournal.read(self.journal))
        await self.journal.append(entries, expected_seq=seq)


async def forever() -> None:
    await asyncio.Event().wait()


@asynccontextmanager
async def at_work(disk: FakeDisk | None = None, post: Post | None = None) -> AsyncIterator[World]:
    clock = VirtualClock()
    journal = ShakyJournal(disk or FakeDisk())
    found = post or Post()
    rng = Random(1)  # noqa: S311 — spreads tries, guards nothing
    desk = NewsDesk(
        journal, gateway="gw", environ={}, clock=clock, rng=rng, hand_over=found.deliver
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(desk.run())
        await clock.settle()
        yield World(clock, journal, found, desk)
        running.cancel()


async def test_news_reach_those_who_want_their_kind_in_order() -> None:
    async with at_work() as world:
        await world.write(started(ANN, BOB), BAKE, ENDED)
        await world.clock.advance(2)

        assert world.post.of("ann") == ["run-1/1", "run-1/2", "run-1/3"]
        assert world.post.of("bob") == ["run-1/3"]


async def test_a_ring_makes_news_travel_at_once() -> None:
    async with at_work() as world:
        await world.write(started(ANN))
        world.desk.ring()
        await world.clock.settle()

        assert world.post.of("ann") == ["run-1/1"]


async def test_after_a_restart_only_late_news_are_sent_again_with_the_same_ids() -> None:
    disk = FakeDisk()
    async with at_work(disk) as first:
        now = first.clock.now()
        old = now.replace(year=2025)
        await first.write_entries(entry(started(ANN), old), entry(SHIFT, old), entry(BAKE, now))
        await first.clock.advance(2)

    async with at_work(disk) as second:
        await second.clock.advance(2)

    assert first.post.of("ann") == second.post.of("ann") == ["run-1/3"]
    assert RESEND_S < 60


async def test_a_receiver_that_fails_is_tried_a_few_times_and_then_given_up() -> None:
    async with at_work(post=Post(fates={"ann": [FAILED] * TRIES_MAX})) as world:
        await world.write(started(ANN), ENDED)
        await world.clock.advance(120)

        assert world.post.tries == TRIES_MAX + 1
        assert world.post.of("ann") == ["run-1/2"]
        (status,) = world.desk.status()
        assert status == {
            "receiver": "command ann",
            "delivered": 1,
            "retried": TRIES_MAX - 1,
            "given_up": 1,
            "waiting": 0,
            "last_error": "it answered 500",
        }


async def test_a_failure_that_passes_costs_no_news() -> None:
    async with at_work(post=Post(fates={"ann": [FAILED, FAILED]})) as world:
        await world.write(started(ANN), ENDED)
        await world.clock.advance(60)

        assert world.post.of("ann") == ["run-1/1", "run-1/2"]


async def test_a_refusal_is_not_tried_again() -> None:
    async with at_work(post=Post(fates={"ann": [REFUSED]})) as world:
        await world.write(started(ANN))
        await world.clock.advance(120)

        assert world.post.tries == 1


async def test_a_delivery_that_breaks_is_a_failure_like_any_other() -> None:
    async with at_work(post=Post(fates={"ann": [RuntimeError("a mistake of ours")]})) as world:
        await world.write(started(ANN))
        await world.clock.advance(10)

        assert world.post.of("ann") == ["run-1/1"]


async def test_a_receiver_that_hangs_keeps_nobody_else_waiting() -> None:
    async with at_work(post=Post(hands={"ann": forever})) as world:
        await world.write(started(ANN, {**BOB, "events": []}), BAKE)
        await world.clock.advance(2)

        assert world.post.of("bob") == ["run-1/1", "run-1/2"]
        assert world.desk.status()[0] == {
            "receiver": "command ann",
            "delivered": 0,
            "retried": 0,
            "given_up": 0,
            "waiting": 2,
            "last_error": None,
        }


async def test_what_waits_for_a_receiver_is_bounded() -> None:
    async with at_work(post=Post(hands={"ann": forever})) as world:
        await world.write(started(ANN), *([BAKE] * (WAITING_MAX + 10)))
        await world.clock.advance(2)

        (status,) = world.desk.status()
        assert isinstance(status, dict)
        assert (status["waiting"], status["given_up"]) == (WAITING_MAX, 11)


async def test_a_journal_that_cannot_be_read_delays_news_and_nothing_else() -> None:
    async with at_work() as world:
        await world.write(started(ANN))
        world.journal.is_broken = True
        await world.clock.advance(5)
        world.journal.is_broken = False
        await world.clock.advance(2)

        assert world.post.of("ann") == ["run-1/1"]


async def test_a_record_of_a_later_version_is_passed_over() -> None:
    async with at_work() as world:
        await world.write(started(ANN))
        strange = replace(entry(BAKE, world.clock.now()), kind="upgrade_of_a_later_version")
        await world.write_entries(strange)
        await world.write(ENDED)
        await world.clock.advance(2)

        assert world.post.of("ann") == ["run-1/1", "run-1/3"]


async def test_a_plan_that_names_a_receiver_twice_or_wrongly_sends_once() -> None:
    async with at_work() as world:
        await world.write(started(ANN, ANN, {"type": "pigeon"}))
        await world.clock.advance(2)

        assert world.post.of("ann") == ["run-1/1"]


async def test_the_next_run_has_receivers_of_its_own() -> None:
    async with at_work() as world:
        await world.write(started(ANN), ENDED)
        await world.clock.advance(2)
        await world.write(started({**BOB, "events": []}, run_id="run-2"))
        await world.clock.advance(2)

        assert world.post.of("ann") == ["run-1/1", "run-1/2"]
        assert world.post.of("bob") == ["run-2/3"]
        assert [s["receiver"] for s in world.desk.status() if isinstance(s, dict)] == [
            "command bob"
        ]


@pytest.mark.parametrize("is_hanging", [False, True], ids=["in-time", "too-late"])
async def test_the_last_news_are_waited_for_at_the_end_but_not_for_ever(
    *, is_hanging: bool
) -> None:
    async with at_work(post=Post(hands={"ann": forever} if is_hanging else {})) as world:
        await world.write(started(ANN), ENDED)

        is_over = await world.clock.drive(world.desk.drain(timeout_s=5))

        assert is_over is not is_hanging
        assert len(world.post.of("ann")) == (0 if is_hanging else 2)
