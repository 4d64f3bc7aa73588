"""Looks through a whole journal and says everything that is wrong with it, not only the first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bascule.errors import CorruptJournalError
from bascule.journal.record import GENESIS, build_record
from bascule.journal.rows import Head, RawJournal, Row, parse_row, render_row

FAULTS_MAX = 100
"""A report names no more than these; the journal is then past repair by hand anyway."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a record; `seq` 0 is the journal as a whole."""

    seq: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was looked at, and what is wrong, in the order of the records."""

    records: int
    faults: tuple[Fault, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether every record is there, as it was written, in its place."""
        return not self.faults

    @property
    def first_bad_seq(self) -> int | None:
        """The first record that something is wrong with, or None."""
        return min((fault.seq for fault in self.faults), default=None)


class RawSource(Protocol):
    """A store that hands out its rows as they are."""

    async def read_raw(self) -> RawJournal:
        """Return all rows without looking at their digests.

        Raises CorruptJournalError when not even rows can be read, JournalError as any reading.
        """
        ...


async def verify_store(source: RawSource) -> Verification:
    """Look through all of a store; a damaged one is a fault and no exception.

    Raises JournalError where it cannot be reached.
    """
    try:
        raw = await source.read_raw()
    except CorruptJournalError as error:
        return Verification(records=0, faults=(Fault(0, error.message),))
    return verify_journal(raw)


def verify_journal(raw: RawJournal) -> Verification:
    """Return everything that is wrong with `raw`, at most FAULTS_MAX of it."""
    faults: list[Fault] = []
    former: Row | None = None
    for row in raw.rows:
        faults.extend(_find_faults(row, former))
        former = row
        if len(faults) >= FAULTS_MAX:
            break
    else:
        faults.extend(_find_end_faults(raw.rows, raw.head))
    return Verification(records=len(raw.rows), faults=tuple(faults[:FAULTS_MAX]))


def _find_faults(row: Row, former: Row | None) -> Iterator[Fault]:
    expected_seq = former.seq + 1 if former else 1
    if row.seq > expected_seq:
        yield Fault(expected_seq, f"{_span(expected_seq, row.seq - 1)} missing")
    elif row.seq < expected_seq:
        yield Fault(row.seq, f"record {row.seq} stands after record {expected_seq - 1}")
    elif row.previous != (former.digest if former else GENESIS):
        yield Fault(row.seq, f"record {row.seq} does not follow the record before it")
    if not _is_as_written(row):
        yield Fault(row.seq, f"record {row.seq} is not as it was written")
    elif former and row.generation < former.generation:
        message = f"record {row.seq} is by owner {row.generation}, after owner {former.generation}"
        yield Fault(row.seq, message)


def _is_as_written(row: Row) -> bool:
    try:
        record = parse_row(row)
    except CorruptJournalError:
        return False
    rebuilt = build_record(
        record.entry, seq=row.seq, generation=row.generation, previous=row.previous
    )
    return render_row(rebuilt) == row


def _find_end_faults(rows: Sequence[Row], head: Head) -> Iterator[Fault]:
    last_seq, last_digest = (rows[-1].seq, rows[-1].digest) if rows else (0, GENESIS)
    if last_seq < head.seq:
        yield Fault(last_seq + 1, f"{_span(last_seq + 1, head.seq)} missing at the end")
    elif last_seq > head.seq:
        yield Fault(head.seq + 1, f"{_span(head.seq + 1, last_seq)} of no owner")
    elif last_digest != head.digest:
        yield Fault(last_seq, f"record {last_seq} is not the one that was written last")
    if rows and rows[-1].generation > head.generation:
        message = f"owner {rows[-1].generation} wrote last, but only {head.generation} are known"
        yield Fault(last_seq, message)


def _span(first: int, last: int) -> str:
    return f"record {first} is" if first == last else f"records {first} to {last} are"
