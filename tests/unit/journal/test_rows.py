from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bascule.errors import CorruptJournalError
from bascule.ids import CommandId
from bascule.journal.record import GENESIS, Entry, Record, build_record
from bascule.journal.rows import (
    Head,
    Row,
    build_row,
    parse_command,
    parse_row,
    parse_rows,
    parse_sample,
    render_cells,
    render_data,
    render_row,
    verify_records,
)
from bascule.journal.store import Command, Sample

AT = datetime(2026, 1, 1, 12, 30, 0, 5, tzinfo=UTC)
ENTRY = Entry(at=AT, actor="ada", kind="note", data={"é": [None, 1.5], "a": "\x00"})


def chain(count: int) -> list[Record]:
    records: list[Record] = []
    for seq in range(1, count + 1):
        previous = records[-1].digest if records else GENESIS
        records.append(build_record(ENTRY, seq=seq, generation=1, previous=previous))
    return records


ROW = render_row(chain(1)[0])


def head(records: list[Record]) -> Head:
    return Head(generation=1, seq=records[-1].seq, digest=records[-1].digest)


def test_a_record_is_the_same_after_it_was_cells() -> None:
    (record,) = chain(1)

    assert parse_row(render_row(record)) == record


def test_a_row_is_the_same_after_it_lay_in_the_columns_of_a_store() -> None:
    (record,) = chain(1)

    assert build_row(1, *render_cells(record)[1:]) == render_row(record)


def test_an_edited_store_may_hold_anything_in_its_cells() -> None:
    row = build_row(1, "three", 2026, None, b"note", 1.5, 0, 0)

    assert (row.generation, row.at, row.actor, row.data) == (-1, "2026", "None", "1.5")


@pytest.mark.parametrize(
    "row",
    [
        replace(ROW, at="yesterday"),
        replace(ROW, data="{"),
        replace(ROW, data="[]"),
    ],
    ids=["no time", "no json", "no object"],
)
def test_cells_that_hold_no_record_are_named(row: Row) -> None:
    with pytest.raises(CorruptJournalError, match="record 1 of the journal cannot be read"):
        parse_row(row)


def test_rows_are_read_from_any_place_on() -> None:
    records = chain(3)
    rows = [render_row(record) for record in records]

    assert parse_rows(rows, head(records), after_seq=0) == tuple(records)
    assert parse_rows(rows[1:], head(records), after_seq=2) == tuple(records[2:])
    assert parse_rows(rows[2:], head(records), after_seq=3) == ()
    assert parse_rows([], head(records), after_seq=4) == ()
    assert parse_rows([], Head(), after_seq=0) == ()


def test_a_journal_without_its_end_is_found() -> None:
    records = chain(3)

    with pytest.raises(CorruptJournalError, match=r"record 3 .* is missing \(3 were written\)"):
        verify_records(records[:2], head(records), after_seq=0)


def test_a_journal_with_more_than_its_owners_wrote_is_found() -> None:
    records = chain(3)

    with pytest.raises(CorruptJournalError, match="record 3 of the journal is not the last"):
        verify_records(records, head(records[:2]), after_seq=0)


def test_a_last_record_that_was_written_over_is_found() -> None:
    records = chain(2)

    with pytest.raises(CorruptJournalError, match="record 2 of the journal is not the last"):
        verify_records(records, replace(head(records), digest="f" * 64), after_seq=0)


@pytest.mark.parametrize("left", [[], [3]], ids=["all", "that one"])
def test_the_record_to_go_on_from_must_be_there(left: list[int]) -> None:
    records = chain(3)

    with pytest.raises(CorruptJournalError, match="record 2 of the journal is missing"):
        verify_records([records[seq - 1] for seq in left], head(records), after_seq=2)


def test_data_has_one_text() -> None:
    assert render_data({"b": 1, "a": "é"}) == '{"a": "é", "b": 1}'


def test_a_command_is_read_from_its_cells() -> None:
    found = parse_command(key="x", at=AT.isoformat(), actor="ada", kind="switch", data='{"a": 1}')

    assert found == Command(id=CommandId("x"), at=AT, actor="ada", kind="switch", data={"a": 1})


def test_cells_that_hold_no_command_are_named() -> None:
    with pytest.raises(CorruptJournalError, match="command x cannot be read"):
        parse_command(key="x", at="", actor="ada", kind="switch", data="{}")


def test_a_sample_is_read_from_its_cells() -> None:
    assert parse_sample(at=AT.isoformat(), data="{}") == Sample(at=AT, data={})


def test_cells_that_hold_no_sample_are_named() -> None:
    with pytest.raises(CorruptJournalError, match="the sample of noon cannot be read"):
        parse_sample(at="noon", data="{}")
