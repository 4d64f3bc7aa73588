"""A store in memory, with leases: passes the same contract suite as SQLite and PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bascule.clock import Clock
from bascule.errors import BasculeError, LeaseLapsedError, LockedError, StaleWriterError
from bascule.ids import CommandId
from bascule.journal.appending import build_appended
from bascule.journal.record import GENESIS, Entry, Record
from bascule.journal.rows import Head, RawJournal, render_row, verify_records
from bascule.journal.store import Command, Sample
from bascule.journal.thinning import choose_kept

FOREVER_S = float("inf")
POLL_S = 1.0


@dataclass(slots=True)
class FakeDisk:
    """What outlives a process: give one disk to several journals."""

    generation: int = 0
    records: list[Record] = field(default_factory=list)
    inbox: dict[CommandId, Command] = field(default_factory=dict)
    done: set[CommandId] = field(default_factory=set)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    end: tuple[int, str] | None = None
    """Number and digest of the record that was appended last; None before the first append."""
    owner: str = ""
    expires_s: float = -FOREVER_S
    """Until when the owner's lease holds, by the clock that all share."""

    @property
    def last(self) -> tuple[int, str]:
        """Number and digest of the last record that is there."""
        return (self.records[-1].seq, self.records[-1].digest) if self.records else (0, GENESIS)

    @property
    def head(self) -> Head:
        seq, digest = self.end or self.last
        return Head(generation=self.generation, seq=seq, digest=digest)

    def take(self) -> int:
        """Let a new owner in, whoever was there; return its generation."""
        self.generation += 1
        return self.generation


class FakeJournal:
    """Implements `bascule.storage.opening.Store`; `fail_next` makes coming appends raise.

    Made `as_owner` it takes over without asking, and its lease never ends; `acquire_fake` asks.
    """

    def __init__(self, disk: FakeDisk, *, as_owner: bool = True) -> None:
        self._disk = disk
        self._clock: Clock | None = None
        self._generation = disk.take() if as_owner else 0
        self._failures: list[BasculeError] = []

    def lease_by(self, clock: Clock) -> None:
        """Let appends be refused from now on once the lease on the disk has run out."""
        self._clock = clock

    def fail_next(self, *errors: BasculeError) -> None:
        """Let the next appends raise these, one each, with nothing written."""
        self._failures.extend(errors)

    async def append(self, entries: Sequence[Entry], *, expected_seq: int) -> tuple[Record, ...]:
        if self._failures:
            raise self._failures.pop(0)
        added = build_appended(
            entries,
            generation=self._generation,
            head=self._disk.head,
            expected_seq=expected_seq,
            last=self._disk.last,
        )
        if self._clock is not None and self._clock.monotonic_s() >= self._disk.expires_s:
            raise LeaseLapsedError("the lease ran out before this could be recorded")
        self._disk.records.extend(added)
        self._disk.end = self._disk.last
        return added

    async def read(self, *, after_seq: int = 0) -> tuple[Record, ...]:
        records = [record for record in self._disk.records if record.seq >= after_seq]
        return verify_records(records, self._disk.head, after_seq=after_seq)

    async def read_raw(self) -> RawJournal:
        rows = tuple(render_row(record) for record in self._disk.records)
        return RawJournal(rows=rows, head=self._disk.head)

    async def put(self, command: Command) -> None:
        self._disk.inbox.setdefault(command.id, command)

    async def pending(self) -> tuple[Command, ...]:
        return tuple(c for c in self._disk.inbox.values() if c.id not in self._disk.done)

    async def done(self, command_id: CommandId) -> None:
        self._disk.done.add(command_id)

    async def add_samples(self, upgrade: str, samples: Sequence[Sample]) -> None:
        self._disk.samples.setdefault(upgrade, []).extend(samples)

    async def read_samples(self, upgrade: str) -> tuple[Sample, ...]:
        return tuple(self._disk.samples.get(upgrade, ()))

    async def thin_samples(self, upgrade: str, *, samples_max: int) -> None:
        samples = self._disk.samples.get(upgrade, [])
        kept = choose_kept(len(samples), samples_max=samples_max)
        self._disk.samples[upgrade] = [samples[place] for place in kept]


class FakeLease:
    """Implements `bascule.journal.store.Lease` on a disk and a clock that all processes share."""

    def __init__(self, disk: FakeDisk, generation: int, *, clock: Clock, ttl_s: float) -> None:
        self._disk = disk
        self._generation = generation
        self._clock = clock
        self._ttl_s = ttl_s
        self._expires_s = clock.monotonic_s()
        self._lost = ""

    @property
    def generation(self) -> int:
        return self._generation

    def check(self) -> None:
        if self._lost:
            raise StaleWriterError(self._lost)
        if self._clock.monotonic_s() >= self._expires_s:
            raise LeaseLapsedError("the lease ran out")

    async def keep(self) -> None:
        while True:
            self.renew()
            await self._clock.sleep_until(self._clock.monotonic_s() + self._ttl_s / 3)

    def renew(self) -> None:
        if self._lost or self._disk.generation != self._generation:
            self._lost = self._lost or "another owner has taken over"
            raise StaleWriterError(self._lost)
        self._expires_s = self._disk.expires_s = self._clock.monotonic_s() + self._ttl_s

    async def release(self) -> None:
        self._lost = "the lease was given back"
        if self._disk.generation == self._generation:
            self._disk.expires_s = -FOREVER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeOwned:
    """What `bascule.storage.opening.Owned` is."""

    store: FakeJournal
    lease: FakeLease


@asynccontextmanager
async def acquire_fake(
    disk: FakeDisk, *, owner: str, clock: Clock, ttl_s: float = 15.0, wait: bool = False
) -> AsyncIterator[FakeOwned]:
    """Own `disk` as `bascule.storage.opening.acquire_store` owns a place."""
    while clock.monotonic_s() < disk.expires_s:
        if not wait:
            raise LockedError(f"the gateway is held by {disk.owner}")
        await clock.sleep_until(clock.monotonic_s() + POLL_S)
    store = FakeJournal(disk)
    store.lease_by(clock)
    disk.owner = owner
    lease = FakeLease(disk, disk.generation, clock=clock, ttl_s=ttl_s)
    lease.renew()
    try:
        yield FakeOwned(store=store, lease=lease)
    finally:
        await lease.release()
