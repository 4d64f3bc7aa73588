import os
import stat
from pathlib import Path

import pytest

from bascule.errors import JournalError, LockedError
from bascule.storage.lock import hold_lock, read_holder


def test_who_holds_the_lock_can_be_read(tmp_path: Path) -> None:
    with hold_lock(tmp_path / "lock"):
        assert read_holder(tmp_path / "lock") == os.getpid()


def test_nobody_holds_a_lock_that_was_let_go_or_never_taken(tmp_path: Path) -> None:
    assert read_holder(tmp_path / "lock") is None

    with hold_lock(tmp_path / "lock"):
        pass

    assert read_holder(tmp_path / "lock") is None


def test_a_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    with (
        hold_lock(tmp_path / "lock"),
        pytest.raises(LockedError, match=f"process {os.getpid()}"),
        hold_lock(tmp_path / "lock"),
    ):
        pass


def test_the_lock_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        with hold_lock(tmp_path / "lock"):
            assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600


def test_a_holder_that_has_not_said_its_name_yet_is_a_holder(tmp_path: Path) -> None:
    with hold_lock(tmp_path / "lock"):
        os.truncate(tmp_path / "lock", 0)

        assert read_holder(tmp_path / "lock") == 0


def test_a_place_where_no_lock_can_be_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(JournalError, match="cannot be opened"),
        hold_lock(tmp_path / "none" / "lock"),
    ):
        pass
