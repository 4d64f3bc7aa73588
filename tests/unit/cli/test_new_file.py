import stat
from pathlib import Path

import pytest

from bascule.cli.new_file import require_free, write_new
from bascule.errors import UsageError


def test_a_file_is_written_whole_for_everybody_to_read(tmp_path: Path) -> None:
    path = tmp_path / "upgrade.yaml"

    write_new(path, "name: ü\n", is_forced=False)

    assert path.read_text(encoding="utf-8") == "name: ü\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [file.name for file in tmp_path.iterdir()] == ["upgrade.yaml"]


def test_a_file_that_exists_stays_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "upgrade.yaml"
    path.write_text("mine")

    with pytest.raises(UsageError, match="exists"):
        write_new(path, "new", is_forced=False)
    assert path.read_text() == "mine"
    write_new(path, "new", is_forced=True)
    assert path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["upgrade.yaml"]


def test_a_link_that_leads_nowhere_is_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "upgrade.yaml"
    path.symlink_to(tmp_path / "absent")

    with pytest.raises(UsageError, match="exists"):
        require_free(path, is_forced=False)
    with pytest.raises(UsageError, match="exists"):
        write_new(path, "new", is_forced=False)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be written: No such file"):
        write_new(tmp_path / "absent" / "upgrade.yaml", "new", is_forced=False)
