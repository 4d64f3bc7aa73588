"""Records as stores hold them: plain cells, trusted only once the chain of digests was checked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bascule.errors import CorruptJournalError
from bascule.ids import CommandId
from bascule.journal.record import GENESIS, UNPROVEN, Entry, Json, Record, verify_chain
from bascule.journal.store import Command, Sample

_RENDER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The cells of one record, as they are found; -1 stands for a generation that is no number."""

    seq: int
    generation: int
    at: str
    actor: str
    kind: str
    data: str
    previous: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the owner's row says of the journal's end: a cut-off tail cannot be seen otherwise."""

    generation: int = 0
    seq: int = 0
    digest: str = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class RawJournal:
    """All rows of a journal in the order of their numbers, unverified, and what its owner noted."""

    rows: tuple[Row, ...]
    head: Head


def render_row(record: Record) -> Row:
    """Return the cells of `record`."""
    entry = record.entry
    return Row(
        seq=record.seq,
        generation=record.generation,
        at=entry.at.isoformat(),
        actor=entry.actor,
        kind=entry.kind,
        data=render_data(entry.data),
        previous=record.previous,
        digest=record.digest,
    )


def render_cells(record: Record) -> tuple[str | int, ...]:
    """Return the cells of `record` in the order of the columns of a store."""
    row = render_row(record)
    return (
        row.seq,
        row.generation,
        row.at,
        row.actor,
        row.kind,
        row.data,
        row.previous,
        row.digest,
    )


def build_row(seq: int, generation: object, *cells: object) -> Row:
    """Return cells in the order of `render_cells` as a row, whatever an edited store may hold."""
    at, actor, kind, data, previous, digest = (str(cell) for cell in cells)
    return Row(
        seq=seq,
        generation=generation if isinstance(generation, int) else -1,
        at=at,
        actor=actor,
        kind=kind,
        data=data,
        previous=previous,
        digest=digest,
    )


def parse_row(row: Row) -> Record:
    """Return the record that `row` claims to be. Raises CorruptJournalError if it is none."""
    try:
        entry = Entry(
            at=datetime.fromisoformat(row.at),
            actor=row.actor,
            kind=row.kind,
            data=parse_data(row.data),
        )
    except ValueError as error:
        message = f"record {row.seq} of the journal cannot be read: {error}"
        raise CorruptJournalError(message) from error
    return Record(
        seq=row.seq,
        entry=entry,
        generation=row.generation,
        previous=row.previous,
        digest=row.digest,
    )


def parse_rows(rows: Sequence[Row], head: Head, *, after_seq: int) -> tuple[Record, ...]:
    """Return the records after `after_seq`; see `verify_records`."""
    records = [parse_row(row) for row in rows]
    return verify_records(records, head, after_seq=after_seq)


def verify_records(records: Sequence[Record], head: Head, *, after_seq: int) -> tuple[Record, ...]:
    """Return the records after `after_seq`, verified down to the journal's end.

    `records` begins with the record `after_seq` itself, if that is not 0. Raises
    CorruptJournalError where a record is missing, edited or cut off.
    """
    if after_seq > head.seq:
        return ()
    previous = GENESIS
    if after_seq:
        if not records or records[0].seq != after_seq:
            raise CorruptJournalError(
                f"record {after_seq} of the journal is missing", remedy=UNPROVEN
            )
        previous = records[0].digest
        records = records[1:]
    last_seq = after_seq + verify_chain(records, previous=previous, first_seq=after_seq + 1)
    last_digest = records[-1].digest if records else previous
    if last_seq < head.seq:
        message = f"record {last_seq + 1} of the journal is missing ({head.seq} were written)"
        raise CorruptJournalError(message)
    if (last_seq, last_digest) != (head.seq, head.digest):
        raise CorruptJournalError(
            f"record {last_seq} of the journal is not the last one that its owners wrote"
        )
    return tuple(records)


def render_data(data: Mapping[str, Json]) -> str:
    """Return the one JSON text that stores keep."""
    return _RENDER(data)


def parse_data(text: str) -> dict[str, Json]:
    """Return the object in `text`. Raises ValueError if it is none."""
    data: Json = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("not an object")  # noqa: TRY004 — callers mean one fault: bad text
    return data


def parse_command(*, key: str, at: str, actor: str, kind: str, data: str) -> Command:
    """Return the command in these cells. Raises CorruptJournalError if there is none."""
    try:
        moment, content = datetime.fromisoformat(at), parse_data(data)
    except ValueError as error:
        raise CorruptJournalError(f"command {key} cannot be read: {error}") from error
    return Command(id=CommandId(key), at=moment, actor=actor, kind=kind, data=content)


def parse_sample(*, at: str, data: str) -> Sample:
    """Return the sample in these cells. Raises CorruptJournalError if there is none."""
    try:
        return Sample(at=datetime.fromisoformat(at), data=parse_data(data))
    except ValueError as error:
        raise CorruptJournalError(f"the sample of {at} cannot be read: {error}") from error
