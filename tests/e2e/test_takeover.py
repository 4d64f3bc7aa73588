"""A runtime is frozen and another one takes over, on PostgreSQL, in processes of their own.

Two gateways at once, because a lease takes its time to run out. A of the first is frozen in a hold,
and woken while B lives; A of the second right after it has recorded what it is about to do, and
woken when B has gone. Before that their database stops in the middle of a change, and starts again.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from random import Random
from typing import Any

import pytest

from tests.support.asking import Answer, Load
from tests.support.network import free_port
from tests.support.postgres import PostgresServer
from tests.support.runtimes import FarGateway, Runtime, Written, make_far_gateway
from tests.support.site import Site, open_site, wait_until
from tests.support.waiting import eventually

SEED = 20_261_124
RATE = 20.0
OUTAGE_S = 1.0
EFFECT_MAX_S = 0.010
"""A freeze falls from the record of an intent to after its effect."""
SHIFTS = ["shift-5", "shift-10", "shift-50", "shift-100"]
TAKEOVER_MAX_S = 25.0
"""The lease holds for 15 s and is looked at each 1.5 s; the rest is for a busy machine."""

pytestmark = pytest.mark.timeout(120)

_UPGRADE = """\
name: move
gateway: gateway.yaml
verify: {hold: 100ms}
steps:
  - {weight: 5, hold: 1s}
  - {weight: 10, hold: 3s}
  - {weight: 50, hold: 100ms}
  - {weight: 100, hold: 100ms}
analysis: {minRequests: 0}
bake: {hold: 100ms}
retire: {policy: never}
"""


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the world looks like at one moment."""

    records: list[Written]
    samples: int
    config: list[Any]
    updates: dict[str, int]
    """How often Envoy was told something, whether it took it or not."""


@dataclass(slots=True, kw_only=True)
class Story:
    """One gateway, and what happens to its runtimes."""

    gateway: FarGateway
    rng: Random
    is_in_effect: bool
    """Whether A is frozen between an intent and its outcome, and B gone when A wakes."""
    a: Runtime = field(init=False)
    b: Runtime = field(init=False)
    refused: tuple[int, str] = (0, "")
    """Exit code and words of the one that came second."""
    before: Seen = field(init=False)
    after: Seen = field(init=False)
    ended: tuple[int, str] = (0, "")
    """Exit code and words of A."""
    answers: Sequence[Answer] = ()

    def begin(self, stack: ExitStack) -> None:
        """Start two runtimes at the same moment; let the one that is refused stand by."""
        both = self.gateway.make_runtimes()
        for runtime in both:
            runtime.start()
            stack.callback(runtime.kill)
        wait_until(lambda: any(r.has_said("started") for r in both) and any_ended(both))
        self.a, self.b = sorted(both, key=lambda runtime: runtime.has_ended)
        self.refused = (self.b.await_end(), self.b.log)
        self.b.start("--standby")
        self.gateway.tell_records()
        self.b.await_said("standby")
        stack.enter_context(self.gateway.envoy())

    def hand_over(self) -> None:
        """Give A an upgrade, from a machine where no runtime works."""
        file = self.gateway.folder / "upgrade.yaml"
        file.write_text(_UPGRADE)
        self.gateway.say("start", "-f", str(file), "--yes", "--detach")

    def freeze(self) -> None:
        """Freeze A at its moment."""
        if self.is_in_effect:
            self.gateway.await_record("weights_intended", "shift-50:")
            threading.Event().wait(self.rng.uniform(0.0, EFFECT_MAX_S))
        else:
            self.gateway.await_record("upgrade_step_started", "shift-10-hold")
        self.a.freeze()

    def be_taken_over(self) -> None:
        """Return when B has brought the upgrade to its end."""
        wait_until(lambda: self.b.has_said("started"), within_s=TAKEOVER_MAX_S)
        self.gateway.await_record("upgrade_ended")
        if self.is_in_effect:
            assert self.b.end() == 0
        else:
            # B lives on: what it has still to say of its last change is said before A wakes.
            self.gateway.await_record("order_witnessed", "shift-100:")

    def wake(self) -> None:
        """Wake A and let it end; the world is looked at before and after."""
        self.before = self.look()
        self.a.wake()
        self.ended = (self.a.await_end(), self.a.log)
        self.after = self.look()

    def look(self) -> Seen:
        return Seen(
            records=self.gateway.read_records(),
            samples=self.gateway.count_samples(),
            config=self.gateway.read_config(),
            updates=self.gateway.count_updates(),
        )


def any_ended(runtimes: Sequence[Runtime]) -> bool:
    return any(runtime.has_ended for runtime in runtimes)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("far"), name="far", port=free_port()) as site:
        yield site


@pytest.fixture(scope="module")
def stories(site: Site, postgres: PostgresServer) -> list[Story]:
    """Play both stories at once."""
    told = [
        Story(
            gateway=make_far_gateway(site, postgres, name),
            rng=Random(SEED),  # noqa: S311 - it must be the same every time
            is_in_effect=name == "effect",
        )
        for name in ("hold", "effect")
    ]
    asyncio.run(play(told, postgres))
    return told


async def play(stories: Sequence[Story], postgres: PostgresServer) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(len(stories) + 1) as pool:

        def each(act: Callable[[Story], None]) -> None:
            list(pool.map(act, stories))

        def go_on() -> None:
            each(Story.hand_over)
            stories[-1].gateway.await_record("weights_intended", "shift-10:")
            postgres.stop()
            threading.Event().wait(OUTAGE_S)
            postgres.start()
            each(Story.freeze)
            each(Story.be_taken_over)
            each(Story.wake)

        await asyncio.to_thread(each, lambda story: story.begin(stack))
        async with under_light_load(stories[0]), under_light_load(stories[-1]):
            await asyncio.to_thread(go_on)


@asynccontextmanager
async def under_light_load(story: Story) -> AsyncIterator[None]:
    """Ask through the gateway while the block runs, once it serves."""
    load = Load(story.gateway.port, rate=RATE)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(load.run())
        await eventually(lambda: any(not answer.error for answer in load.answers))
        load.answers.clear()
        yield
        running.cancel()
    story.answers = load.answers


def test_of_two_that_start_at_the_same_moment_one_is_refused_and_told_who_has_it(
    stories: list[Story],
) -> None:
    for story in stories:
        code, said = story.refused
        assert code == 9, said
        assert f"gateway {story.gateway.name} is held by" in said
        assert f"(process {story.a.process.pid})" in said


def test_a_goes_on_after_its_database_was_stopped_in_the_middle_of_a_change(
    stories: list[Story],
) -> None:
    for story in stories:
        by_a = [r for r in story.after.records if r.generation == 1]
        assert "shift-10" in {r.data["key"] for r in by_a if r.kind == "upgrade_step_finished"}


def test_b_brings_the_upgrade_to_its_end_and_nothing_is_lost_or_done_twice(
    stories: list[Story],
) -> None:
    for story in stories:
        records = story.after.records
        assert [r.data["stage"] for r in records if r.kind == "upgrade_ended"] == ["completed"]
        assert [r.seq for r in records] == list(range(1, len(records) + 1))
        (begun,) = [r for r in records if r.kind == "upgrade_started"]
        keys = [step["key"] for step in begun.data["plan"]["steps"]]
        ends = [r.data for r in records if r.kind == "upgrade_step_finished"]
        assert [(end["key"], end["result"]) for end in ends] == [(key, "done") for key in keys]
        # A change may be sent again: by B, where Envoy does not show it while it comes over to B.
        # It is the same one then, and the next one comes after it.
        for kind in ("weights_intended", "weights_finished"):
            changes = [_key_of(record) for record in records if record.kind == kind]
            assert [key for key, _ in groupby(changes)] == SHIFTS


def _key_of(record: Written) -> str:
    key: str = record.data["order_id"].split(":")[1]
    return key


def test_a_writes_nothing_more_once_b_has_written(stories: list[Story]) -> None:
    for story in stories:
        generations = [r.generation for r in story.after.records]
        assert generations == sorted(generations)
        assert set(generations) == {1, 2}
        # Not to the journal, and not a byte to Envoy, whether B lives or has gone.
        assert story.after == story.before
        assert sum(story.before.updates.values()) > 0


def test_a_ends_by_itself_and_says_why(stories: list[Story]) -> None:
    for story in stories:
        code, said = story.ended
        assert code == 9, said
        assert "has taken over" in said or "the lease of gateway" in said


def test_every_record_is_as_it_was_written(stories: list[Story]) -> None:
    for story in stories:
        assert story.gateway.say("verify-journal")["is_clean"] is True


def test_no_request_fails_meanwhile(stories: list[Story]) -> None:
    for story in stories:
        assert [answer for answer in story.answers if answer.error] == []
        assert {answer.cluster for answer in story.answers} == {"blue", "green"}
        assert {answer.cluster for answer in story.answers[-10:]} == {"green"}
