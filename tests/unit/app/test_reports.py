from pathlib import Path

import pytest

from bascule.app.reports import find_run, is_witness_awaited, name_report, write_report
from bascule.errors import JournalError, UsageError
from bascule.ids import CommandId
from bascule.upgrade.events import Witnessed
from tests.support.orders import GREEN, moved, state_after
from tests.support.run_records import completed_records


def test_a_report_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "reports" / "up.html"

    write_report(file, "<p>é</p>")

    assert file.read_text() == "<p>é</p>"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["up.html"]


def test_a_report_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    blocker = tmp_path / "reports"
    blocker.write_text("")

    with pytest.raises(JournalError, match=r"up\.html cannot be written"):
        write_report(blocker / "up.html", "")


def test_a_report_waits_for_what_the_witness_saw_of_the_last_change() -> None:
    told = Witnessed(order_id=CommandId("m0"), summary={})

    assert not is_witness_awaited(state_after())
    assert is_witness_awaited(state_after(*moved(GREEN)))
    assert not is_witness_awaited(state_after(*moved(GREEN), told))


def test_a_second_try_of_the_same_name_leaves_the_report_of_the_first(tmp_path: Path) -> None:
    first = name_report(tmp_path, "up", "0123456789abcdef")
    second = name_report(tmp_path, "up", "fedcba9876543210")

    assert (first.name, second.name) == ("up-01234567.html", "up-fedcba98.html")


def test_a_run_is_found_by_how_its_id_begins() -> None:
    records = completed_records()
    run_id = str(records[1].entry.data["run_id"])

    assert find_run(records, None, run_id[:2]) == run_id
    assert find_run(records, "up", run_id) == run_id


def test_a_run_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="no run begins with 'zz'") as caught:
        find_run(completed_records(), None, "zz")

    assert "(up)" in caught.value.remedy
    with pytest.raises(UsageError) as other:
        find_run(completed_records(), "other", "")
    assert other.value.remedy == "no upgrade has been started"


def test_the_beginning_of_several_runs_names_none_of_them() -> None:
    with pytest.raises(UsageError, match="several runs begin with ''"):
        find_run([*completed_records(), *completed_records()], None, "")
