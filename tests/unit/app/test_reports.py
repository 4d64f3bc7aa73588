from pathlib import Path

import pytest

from bascule.app.reports import is_witness_awaited, write_private
from bascule.errors import JournalError
from bascule.ids import CommandId
from bascule.upgrade.events import Witnessed
from tests.support.orders import GREEN, moved, state_after


def test_a_report_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "reports" / "up.html"

    write_private(file, "<p>é</p>")

    assert file.read_text() == "<p>é</p>"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["up.html"]


def test_a_report_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    blocker = tmp_path / "reports"
    blocker.write_text("")

    with pytest.raises(JournalError, match=r"up\.html cannot be written"):
        write_private(blocker / "up.html", "")


def test_a_report_waits_for_what_the_witness_saw_of_the_last_change() -> None:
    told = Witnessed(order_id=CommandId("m0"), summary={})

    assert not is_witness_awaited(state_after())
    assert is_witness_awaited(state_after(*moved(GREEN)))
    assert not is_witness_awaited(state_after(*moved(GREEN), told))
