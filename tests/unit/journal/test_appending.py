from datetime import UTC, datetime

import pytest

from bascule.errors import CorruptJournalError, StaleWriterError
from bascule.journal.appending import build_appended
from bascule.journal.record import GENESIS, Entry, Record, verify_chain
from bascule.journal.rows import Head

ENTRY = Entry(at=datetime(2026, 1, 1, tzinfo=UTC), actor="ada", kind="note")


def append(
    *, generation: int = 2, head: Head, expected_seq: int, last: tuple[int, str] | None = None
) -> tuple[Record, ...]:
    return build_appended(
        [ENTRY, ENTRY],
        generation=generation,
        head=head,
        expected_seq=expected_seq,
        last=last or (head.seq, head.digest),
    )


def test_what_is_appended_follows_what_is_there() -> None:
    first = append(head=Head(generation=2), expected_seq=0)
    end = Head(generation=2, seq=2, digest=first[-1].digest)

    second = append(head=end, expected_seq=2)

    assert verify_chain([*first, *second]) == 4
    assert {record.generation for record in (*first, *second)} == {2}


def test_a_guest_may_not_append() -> None:
    with pytest.raises(StaleWriterError, match="only the owner"):
        append(generation=0, head=Head(generation=2), expected_seq=0)


def test_an_owner_of_the_past_may_not_append() -> None:
    with pytest.raises(StaleWriterError, match="owner 1 of the journal, and owner 2 has taken"):
        append(generation=1, head=Head(generation=2), expected_seq=0)


def test_nothing_is_appended_after_another_record_than_expected() -> None:
    with pytest.raises(StaleWriterError, match="has 0 records where 1 were expected"):
        append(head=Head(generation=2), expected_seq=1)


@pytest.mark.parametrize("last", [(0, GENESIS), (2, "f" * 64), (3, "e" * 64)])
def test_nothing_is_appended_where_the_end_is_not_as_it_was_written(last: tuple[int, str]) -> None:
    head = Head(generation=2, seq=2, digest="e" * 64)

    with pytest.raises(CorruptJournalError, match=f"record {max(2, last[0])} of the journal"):
        append(head=head, expected_seq=2, last=last)
