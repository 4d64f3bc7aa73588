import stat
from pathlib import Path

import pytest

from bascule.platform.pending import FILE, Pending, PendingFile


def test_what_was_begun_is_known_to_the_next_process(tmp_path: Path) -> None:
    PendingFile(tmp_path).append("gw", Pending("creating", "https://arm/1?s=signed"))

    assert PendingFile(tmp_path).find("gw") == Pending("creating", "https://arm/1?s=signed")


def test_what_has_ended_is_forgotten(tmp_path: Path) -> None:
    file = PendingFile(tmp_path)
    file.append("gw", Pending("creating", "https://arm/1"))

    file.forget("gw")
    file.forget("never")

    assert PendingFile(tmp_path).find("gw") is None


def test_the_file_is_its_owners_alone_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    PendingFile(tmp_path).append("gw", Pending("creating", "https://arm/1"))

    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("text", ["", "[1]", '{"gw": 1}', '{"gw": ["a"]}', "\x00"])
def test_a_file_that_cannot_be_read_is_no_file(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)

    assert PendingFile(tmp_path).find("gw") is None


def test_what_cannot_be_written_down_is_known_to_this_process_all_the_same(tmp_path: Path) -> None:
    file = PendingFile(tmp_path)
    (tmp_path / FILE).mkdir()

    file.append("gw", Pending("creating", "https://arm/1"))

    assert file.find("gw") == Pending("creating", "https://arm/1")
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
