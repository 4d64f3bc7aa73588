from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bascule.errors import CorruptJournalError
from bascule.journal.record import GENESIS, Entry, Json, Record, build_record, verify_chain

AT = datetime(2026, 1, 1, tzinfo=UTC)


def chain(*generations: int) -> list[Record]:
    records: list[Record] = []
    for seq, generation in enumerate(generations, 1):
        entry = Entry(at=AT, actor="ada", kind="note", data={"text": f"number {seq}"})
        previous = records[-1].digest if records else GENESIS
        records.append(build_record(entry, seq=seq, generation=generation, previous=previous))
    return records


def test_a_chain_as_it_was_written_holds() -> None:
    assert verify_chain(chain(1, 1, 2)) == 3


def test_an_empty_chain_holds() -> None:
    assert verify_chain([]) == 0


def test_a_part_of_a_chain_holds_from_its_place_on() -> None:
    records = chain(1, 1, 2)

    assert verify_chain(records[1:], previous=records[0].digest, first_seq=2) == 2


def test_a_missing_record_is_found() -> None:
    first, _, third = chain(1, 1, 1)

    with pytest.raises(CorruptJournalError, match="record 2 of the journal is missing"):
        verify_chain([first, third])


def test_an_edited_record_is_found() -> None:
    first, second = chain(1, 1)
    edited = replace(second, entry=replace(second.entry, actor="mallory"))

    with pytest.raises(CorruptJournalError, match="record 2 of the journal is not") as caught:
        verify_chain([first, edited])
    assert "traffic stays as it is" in caught.value.remedy


def test_a_record_of_an_older_owner_after_a_newer_one_is_found() -> None:
    with pytest.raises(CorruptJournalError, match="record 2"):
        verify_chain(chain(2, 1))


def test_equal_entries_in_different_places_have_different_digests() -> None:
    entry = Entry(at=AT, actor="ada", kind="note")

    first = build_record(entry, seq=1, generation=1, previous=GENESIS)
    second = build_record(entry, seq=2, generation=1, previous=GENESIS)

    assert first.digest != second.digest


def test_what_is_no_json_cannot_be_recorded() -> None:
    entry = Entry(at=AT, actor="ada", kind="note", data={"value": float("nan")})

    with pytest.raises(ValueError, match="not JSON compliant"):
        build_record(entry, seq=1, generation=1, previous=GENESIS)


def test_digests_are_those_of_every_version_so_far() -> None:
    data: dict[str, Json] = {"é": [None, 1.5, True], "a": {"z": 1, "b": "\n"}}
    entry = Entry(at=datetime(2026, 1, 1, 12, 30, tzinfo=UTC), actor="ada", kind="n", data=data)

    record = build_record(entry, seq=7, generation=2, previous=GENESIS)

    assert record.digest == "875977336b6251b069c064aff40e3e94ba7594a92e3980d3e02c4602af588623"
