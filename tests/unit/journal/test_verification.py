from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bascule.errors import CorruptJournalError
from bascule.journal.record import GENESIS, Entry, build_record
from bascule.journal.rows import Head, RawJournal, Row, parse_row, render_row
from bascule.journal.verification import (
    FAULTS_MAX,
    Fault,
    Verification,
    verify_journal,
    verify_store,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def rows(*generations: int) -> list[Row]:
    found: list[Row] = []
    for seq, generation in enumerate(generations, 1):
        entry = Entry(at=AT, actor="ada", kind="note", data={"n": seq})
        previous = found[-1].digest if found else GENESIS
        record = build_record(entry, seq=seq, generation=generation, previous=previous)
        found.append(render_row(record))
    return found


def head(found: list[Row]) -> Head:
    return Head(generation=3, seq=found[-1].seq, digest=found[-1].digest)


def sealed(row: Row) -> Row:
    """Return `row` with a digest that fits it, as a careful forger makes it."""
    record = parse_row(row)
    return render_row(
        build_record(record.entry, seq=row.seq, generation=row.generation, previous=record.previous)
    )


def messages(found: list[Row], end: Head) -> list[str]:
    return [f.message for f in verify_journal(RawJournal(rows=tuple(found), head=end)).faults]


def test_a_journal_as_it_was_written_is_clean() -> None:
    found = rows(1, 1, 3)

    verification = verify_journal(RawJournal(rows=tuple(found), head=head(found)))

    assert verification == Verification(records=3)
    assert verification.is_clean
    assert verification.first_bad_seq is None


def test_an_empty_journal_is_clean() -> None:
    assert verify_journal(RawJournal(rows=(), head=Head())).is_clean


@pytest.mark.parametrize(
    "edit",
    [
        lambda row: replace(row, actor="mallory"),
        lambda row: replace(row, at="2027-01-01T00:00:00+00:00"),
        lambda row: replace(row, kind="other"),
        lambda row: replace(row, data='{"n": 3}'),
        lambda row: replace(row, data='{"n": 2, "n": 2}'),
        lambda row: replace(row, data="no json"),
        lambda row: replace(row, generation=-1),
        lambda row: replace(row, digest="f" * 64),
    ],
    ids=["actor", "time", "kind", "data", "same data", "no json", "generation", "digest"],
)
def test_an_edited_record_is_named_first(edit: Callable[[Row], Row]) -> None:
    found = rows(1, 1, 1)
    end = head(found)
    found[1] = edit(found[1])

    verification = verify_journal(RawJournal(rows=tuple(found), head=end))

    assert verification.faults[0] == Fault(2, "record 2 is not as it was written")
    assert verification.first_bad_seq == 2


def test_a_record_that_was_edited_and_sealed_again_does_not_fit_the_next() -> None:
    found = rows(1, 1, 1)
    end = head(found)
    found[1] = sealed(replace(found[1], actor="mallory"))

    assert messages(found, end) == ["record 3 does not follow the record before it"]


def test_a_last_record_that_was_edited_and_sealed_again_is_found() -> None:
    found = rows(1, 1)
    end = head(found)
    found[1] = sealed(replace(found[1], actor="mallory"))

    assert messages(found, end) == ["record 2 is not the one that was written last"]


def test_missing_records_are_found() -> None:
    found = rows(1, 1, 1, 1, 1, 1)
    end = head(found)

    assert messages([found[0], *found[2:]], end) == ["record 2 is missing"]
    assert messages([*found[:2], *found[4:]], end) == ["records 3 to 4 are missing"]


def test_a_cut_off_tail_is_found() -> None:
    found = rows(1, 1, 1)
    end = head(found)

    assert messages(found[:2], end) == ["record 3 is missing at the end"]
    assert messages([], end) == ["records 1 to 3 are missing at the end"]


def test_records_of_nobody_are_found() -> None:
    found = rows(1, 1, 1)

    assert messages(found, head(found[:2])) == ["record 3 is of no owner"]


def test_reordered_records_are_found() -> None:
    found = rows(1, 1, 1)
    end = head(found)
    swapped = [found[0], replace(found[2], seq=2), replace(found[1], seq=3)]

    first, second, *_ = messages(swapped, end)

    assert first == "record 2 does not follow the record before it"
    assert second == "record 2 is not as it was written"


def test_a_record_that_is_there_twice_is_found() -> None:
    found = rows(1, 1)

    assert messages([*found, found[0]], head(found))[0] == "record 1 stands after record 2"


def test_a_generation_that_falls_is_found() -> None:
    found = rows(1, 3, 2)

    assert messages(found, head(found)) == ["record 3 is by owner 2, after owner 3"]


def test_an_owner_that_was_set_back_is_found() -> None:
    found = rows(1, 3)

    assert messages(found, replace(head(found), generation=2)) == [
        "owner 3 wrote last, but only 2 are known"
    ]


def test_there_is_an_end_to_what_is_told() -> None:
    found = [replace(row, actor="mallory") for row in rows(*[1] * (FAULTS_MAX + 9))]

    verification = verify_journal(RawJournal(rows=tuple(found), head=head(found)))

    assert len(verification.faults) == FAULTS_MAX
    assert verification.records == FAULTS_MAX + 9


class Source:
    def __init__(self, raw: RawJournal | CorruptJournalError) -> None:
        self._raw = raw

    async def read_raw(self) -> RawJournal:
        if isinstance(self._raw, CorruptJournalError):
            raise self._raw
        return self._raw


async def test_a_store_is_looked_through() -> None:
    found = rows(1)

    verification = await verify_store(Source(RawJournal(rows=tuple(found), head=head(found))))

    assert verification == Verification(records=1)


async def test_a_store_that_cannot_be_read_at_all_is_a_fault() -> None:
    verification = await verify_store(Source(CorruptJournalError("the file is damaged")))

    assert verification.faults == (Fault(0, "the file is damaged"),)
    assert not verification.is_clean
