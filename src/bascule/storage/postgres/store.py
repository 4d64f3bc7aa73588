"""A gateway's journal, inbox and samples in PostgreSQL, keyed by the gateway's name."""

from collections.abc import Sequence

from bascule.errors import LeaseLapsedError
from bascule.ids import CommandId, GatewayName
from bascule.journal.appending import build_appended
from bascule.journal.record import GENESIS, Entry, Record
from bascule.journal.rows import (
    Head,
    RawJournal,
    build_row,
    parse_command,
    parse_rows,
    parse_sample,
    render_cells,
    render_data,
)
from bascule.journal.store import Command, Sample
from bascule.journal.thinning import choose_kept
from bascule.storage.postgres.link import Cursor, Link

LAPSED_REMEDY = "if another runtime has taken over, use that; if none has, start this one again"

_HEAD = "SELECT generation, seq, digest FROM bascule.owner WHERE gateway = %s"
_LAST = "SELECT seq, digest FROM bascule.record WHERE gateway = %s ORDER BY seq DESC LIMIT 1"
_LOCK = """
SELECT generation, seq, digest, expires_at > clock_timestamp() FROM bascule.owner
 WHERE gateway = %s FOR UPDATE"""
_ROWS = """
SELECT seq, generation, at, actor, kind, data, previous, digest FROM bascule.record
 WHERE gateway = %s AND seq >= %s ORDER BY seq"""
# One statement for all rows: `executemany` is a pipeline, and a process that is frozen in one keeps
# the row of its gateway for ever, since to the server it is not idle.
_INSERT = """
INSERT INTO bascule.record (gateway, seq, generation, at, actor, kind, data, previous, digest)
SELECT %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                         %s::text[], %s::text[], %s::text[])"""
_NOTE_END = "UPDATE bascule.owner SET seq = %s, digest = %s WHERE gateway = %s"
_PUT = """
INSERT INTO bascule.inbox (gateway, id, at, actor, kind, data) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING"""
_PENDING = """
SELECT id, at, actor, kind, data FROM bascule.inbox WHERE gateway = %s AND NOT is_done
 ORDER BY position"""
_DONE = "UPDATE bascule.inbox SET is_done = true WHERE gateway = %s AND id = %s"
# An owner of earlier days adds nothing: what it measured before it slept is not of this time.
_ADD_SAMPLE = """
INSERT INTO bascule.sample (gateway, upgrade, at, data)
SELECT %s, %s, %s, %s WHERE NOT EXISTS (
  SELECT 1 FROM bascule.owner WHERE gateway = %s AND generation > %s AND %s > 0)"""
_SAMPLES = """
SELECT at, data FROM bascule.sample WHERE gateway = %s AND upgrade = %s ORDER BY position"""
_SAMPLE_PLACES = """
SELECT position FROM bascule.sample WHERE gateway = %s AND upgrade = %s ORDER BY position"""
_DROP_SAMPLES = "DELETE FROM bascule.sample WHERE position = ANY(%s)"


class PostgresStore:
    """A `Store` in a database. `generation` 0 is a guest, who may not append."""

    def __init__(self, link: Link, gateway: GatewayName, generation: int = 0) -> None:
        self._link = link
        self._gateway = gateway
        self._generation = generation

    async def append(self, entries: Sequence[Entry], *, expected_seq: int) -> tuple[Record, ...]:
        """Append all entries or none; see `JournalStore.append`."""

        async def work(cursor: Cursor) -> tuple[Record, ...]:
            return await self._append(cursor, entries, expected_seq)

        return await self._link.write(work)

    async def read(self, *, after_seq: int = 0) -> tuple[Record, ...]:
        """Return the records after `after_seq`, digests verified; see `JournalStore.read`."""
        raw = await self._read_from(after_seq)
        return parse_rows(raw.rows, raw.head, after_seq=after_seq)

    async def read_raw(self) -> RawJournal:
        """Return all rows unverified; see `RawSource.read_raw`."""
        return await self._read_from(0)

    async def put(self, command: Command) -> None:
        """Store a command durably; the same id twice is one command."""
        at, data = command.at.isoformat(), render_data(command.data)
        cells = (self._gateway, command.id, at, command.actor, command.kind, data)
        await self._link.write(lambda cursor: cursor.execute(_PUT, cells))

    async def pending(self) -> tuple[Command, ...]:
        """Return the commands not yet marked done, oldest first."""

        async def work(cursor: Cursor) -> Sequence[tuple[str, ...]]:
            await cursor.execute(_PENDING, (self._gateway,))
            return await cursor.fetchall()

        return tuple(
            parse_command(key=key, at=at, actor=actor, kind=kind, data=data)
            for key, at, actor, kind, data in await self._link.read(work)
        )

    async def done(self, command_id: CommandId) -> None:
        """Mark a command as dealt with."""
        await self._link.write(lambda c: c.execute(_DONE, (self._gateway, command_id)))

    async def add_samples(self, upgrade: str, samples: Sequence[Sample]) -> None:
        """Store samples of a run; see `SampleStore.add_samples`."""
        fence = (self._gateway, self._generation, self._generation)
        rows = [
            (self._gateway, upgrade, s.at.isoformat(), render_data(s.data), *fence) for s in samples
        ]
        await self._link.write(lambda cursor: cursor.executemany(_ADD_SAMPLE, rows))

    async def read_samples(self, upgrade: str) -> tuple[Sample, ...]:
        """Return the samples of a run, oldest first."""

        async def work(cursor: Cursor) -> Sequence[tuple[str, ...]]:
            await cursor.execute(_SAMPLES, (self._gateway, upgrade))
            return await cursor.fetchall()

        return tuple(parse_sample(at=at, data=data) for at, data in await self._link.read(work))

    async def thin_samples(self, upgrade: str, *, samples_max: int) -> None:
        """Drop samples until at most `samples_max` are left; see `SampleStore.thin_samples`."""

        async def work(cursor: Cursor) -> None:
            await cursor.execute(_SAMPLE_PLACES, (self._gateway, upgrade))
            places = [place for (place,) in await cursor.fetchall()]
            kept = {places[index] for index in choose_kept(len(places), samples_max=samples_max)}
            await cursor.execute(_DROP_SAMPLES, ([p for p in places if p not in kept],))

        await self._link.write(work)

    async def _append(
        self, cursor: Cursor, entries: Sequence[Entry], expected_seq: int
    ) -> tuple[Record, ...]:
        """Hold the owner's row from the look to the commit: nobody takes over in between."""
        await cursor.execute(_LOCK, (self._gateway,))
        generation, seq, digest, is_alive = await cursor.fetchone() or (0, 0, GENESIS, False)
        await cursor.execute(_LAST, (self._gateway,))
        last_seq, last_digest = await cursor.fetchone() or (0, GENESIS)
        records = build_appended(
            entries,
            generation=self._generation,
            head=Head(generation=generation, seq=seq, digest=digest),
            expected_seq=expected_seq,
            last=(last_seq, last_digest),
        )
        if not is_alive:
            raise LeaseLapsedError(
                f"the lease of gateway {self._gateway} ran out before this could be recorded",
                remedy=LAPSED_REMEDY,
            )
        if records:
            columns = zip(*(render_cells(record) for record in records), strict=True)
            await cursor.execute(_INSERT, (self._gateway, *map(list, columns)))
            end = records[-1]
            await cursor.execute(_NOTE_END, (end.seq, end.digest, self._gateway))
        return records

    async def _read_from(self, first_seq: int) -> RawJournal:
        async def work(cursor: Cursor) -> RawJournal:
            await cursor.execute(_HEAD, (self._gateway,))
            generation, seq, digest = await cursor.fetchone() or (0, 0, GENESIS)
            await cursor.execute(_ROWS, (self._gateway, first_seq))
            rows = tuple(build_row(*cells) for cells in await cursor.fetchall())
            return RawJournal(rows=rows, head=Head(generation=generation, seq=seq, digest=digest))

        return await self._link.read(work)
