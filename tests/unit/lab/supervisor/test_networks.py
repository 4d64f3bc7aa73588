import os
from pathlib import Path

import pytest

from bascule.lab.supervisor.networks import NoNetworkError, hold_network, locks_directory


def test_two_labs_never_get_the_same_network(tmp_path: Path) -> None:
    first, second = hold_network(tmp_path), hold_network(tmp_path)

    assert first.prefix != second.prefix
    first.release()
    second.release()


def test_a_network_of_before_is_had_again_once_it_is_free(tmp_path: Path) -> None:
    first = hold_network(tmp_path, "127.120")
    other = hold_network(tmp_path, "127.120")
    assert first.prefix == "127.120"
    assert other.prefix != "127.120"
    first.release()

    again = hold_network(tmp_path, "127.120")

    assert again.prefix == "127.120"
    again.release()
    other.release()


def test_another_users_lab_is_seen_by_its_socket(tmp_path: Path) -> None:
    theirs = hold_network(tmp_path / ".", "127.121")

    (tmp_path / "mine").mkdir()
    mine = hold_network(tmp_path / "mine", "127.121")

    assert mine.prefix != theirs.prefix
    mine.release()
    theirs.release()


def test_when_all_are_taken_it_is_said(tmp_path: Path) -> None:
    only = ("127.122",)
    held = hold_network(tmp_path, prefixes=only)

    with pytest.raises(NoNetworkError):
        hold_network(tmp_path, prefixes=only)
    held.release()


def test_locks_lie_in_a_directory_of_this_user(tmp_path: Path) -> None:
    path = locks_directory(tmp_path)

    assert path == tmp_path / f"bascule-{os.getuid()}" / "networks"
    assert path.stat().st_mode & 0o077 == 0
