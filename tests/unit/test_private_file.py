from pathlib import Path

import pytest

from bascule.private_file import write_private


def test_a_file_for_its_owner_alone_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    file.write_text("older, and longer")

    write_private(file, b"new")

    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [*tmp_path.iterdir()] == [file]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    file.mkdir()

    with pytest.raises(OSError, match="directory"):
        write_private(file, b"new")

    assert [*tmp_path.iterdir()] == [file]
