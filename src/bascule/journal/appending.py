"""Whether an owner may append, and what exactly: the one rule behind every store."""

from collections.abc import Sequence

from bascule.errors import CorruptJournalError, StaleWriterError
from bascule.journal.record import Entry, Record, build_record
from bascule.journal.rows import Head


def build_appended(
    entries: Sequence[Entry],
    *,
    generation: int,
    head: Head,
    expected_seq: int,
    last: tuple[int, str],
) -> tuple[Record, ...]:
    """Return `entries` as the records that follow.

    `last` is the number and the digest of the last record that is there. Raises StaleWriterError
    for a guest (generation 0), for an owner of the past and where another record came first,
    CorruptJournalError when the end of the journal was cut off or written over.
    """
    if generation != head.generation:
        raise _explain_stale(generation, head.generation)
    if last != (head.seq, head.digest):
        raise CorruptJournalError(
            f"record {max(head.seq, last[0])} of the journal is not as it was written",
            remedy="see `bascule upgrade verify-journal`",
        )
    if head.seq != expected_seq:
        raise StaleWriterError(
            f"the journal has {head.seq} records where {expected_seq} were expected"
        )
    records: list[Record] = []
    previous = head.digest
    for seq, entry in enumerate(entries, expected_seq + 1):
        record = build_record(entry, seq=seq, generation=generation, previous=previous)
        records.append(record)
        previous = record.digest
    return tuple(records)


def _explain_stale(mine: int, present: int) -> StaleWriterError:
    if mine == 0:
        return StaleWriterError("only the owner of the journal may append to it")
    return StaleWriterError(
        f"this process is owner {mine} of the journal, and owner {present} has taken over",
        remedy="see `bascule status` for the runtime that works now",
    )
