from datetime import UTC, datetime
from pathlib import Path

import pytest

from bascule.errors import DriverError
from bascule.gateway.appgw.operations import (
    IDS_MAX,
    KEPT_MAX,
    BegunOperation,
    FileOperationLog,
    WatchedWrite,
)

BEGUN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def operation(name: str, url: str = "") -> BegunOperation:
    return BegunOperation(correlation_id=name, etag='W/"1"', begun_at=BEGUN, operation_url=url)


def test_what_was_begun_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "operations.json"
    log = FileOperationLog(path)
    log.record(operation("one"))
    log.record(operation("two"))
    log.record(operation("one", "https://arm/operations/1?t=signed"))
    log.forget("two")
    log.forget("unknown")

    again = FileOperationLog(path)

    assert again.unfinished() == (operation("one", "https://arm/operations/1?t=signed"),)
    assert again.unfinished() == log.unfinished()


def test_what_is_looked_after_outlives_the_process_too(tmp_path: Path) -> None:
    log = FileOperationLog(tmp_path / "operations.json")
    for number in range(KEPT_MAX + 1):
        log.watch(WatchedWrite(correlation_id=str(number), opened_at=BEGUN, span_s=9.0))
    log.watch(WatchedWrite(correlation_id="1", opened_at=BEGUN, span_s=2.5))
    log.unwatch("2")
    log.unwatch("unknown")

    again = FileOperationLog(tmp_path / "operations.json").watched()

    assert again == log.watched()
    assert again[0] == WatchedWrite(correlation_id="1", opened_at=BEGUN, span_s=2.5)
    assert len(again) == KEPT_MAX - 1


def test_whose_it_was_is_known_after_the_end_of_an_operation_and_of_the_process(
    tmp_path: Path,
) -> None:
    log = FileOperationLog(tmp_path / "operations.json")
    for number in range(IDS_MAX + 1):
        log.record(operation(str(number)))
        log.forget(str(number))

    again = FileOperationLog(tmp_path / "operations.json")

    assert again.unfinished() == ()
    assert again.ids() == log.ids() == tuple(str(number) for number in range(1, IDS_MAX + 1))


def test_the_file_is_for_its_owner_alone_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "operations.json"

    FileOperationLog(path).record(operation("one"))

    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"operations": [{}]}', "\x00"])
def test_a_file_that_cannot_be_read_is_as_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "operations.json"
    path.write_text(content)

    log = FileOperationLog(path)
    log.record(operation("one"))

    assert FileOperationLog(path).unfinished() == (operation("one"),)


def test_the_oldest_are_forgotten_beyond_a_number(tmp_path: Path) -> None:
    log = FileOperationLog(tmp_path / "operations.json")
    for number in range(KEPT_MAX + 2):
        log.record(operation(str(number)))

    assert log.unfinished()[0].correlation_id == "2"
    assert len(log.unfinished()) == KEPT_MAX


def test_an_operation_that_cannot_be_written_down_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "operations.json"
    log = FileOperationLog(path)
    path.mkdir()

    with pytest.raises(DriverError, match=r"operations\.json.*cannot be written.*nothing was sent"):
        log.record(operation("one"))

    assert log.unfinished() == ()
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_under_way_goes_on_though_it_cannot_be_written_down(tmp_path: Path) -> None:
    path = tmp_path / "operations.json"
    log = FileOperationLog(path)
    log.record(operation("one"))
    path.unlink()
    path.mkdir()

    log.record(operation("one", "https://arm/operations/1"))
    log.watch(WatchedWrite(correlation_id="one", opened_at=BEGUN, span_s=9.0))
    path.rmdir()
    log.watch(WatchedWrite(correlation_id="two", opened_at=BEGUN, span_s=9.0))

    again = FileOperationLog(path)
    assert again.unfinished() == (operation("one", "https://arm/operations/1"),)
    assert [each.correlation_id for each in again.watched()] == ["one", "two"]
