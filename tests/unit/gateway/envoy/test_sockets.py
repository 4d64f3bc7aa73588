from pathlib import Path

import pytest

from bascule.errors import UsageError
from bascule.gateway.envoy.sockets import PATH_BYTES_MAX, drop_short_directory, place_socket


def test_a_socket_lies_beside_the_state_when_its_path_is_short() -> None:
    assert place_socket(Path("/s"), "admin.sock") == Path("/s/admin.sock")


def test_a_long_path_gives_way_to_a_short_private_one_that_stays_the_same(tmp_path: Path) -> None:
    state = tmp_path / ("x" * PATH_BYTES_MAX)

    first, again = place_socket(state, "admin.sock"), place_socket(state, "admin.sock")
    other = place_socket(state / "y", "admin.sock")

    assert first == again
    assert first != other
    assert len(bytes(first)) <= PATH_BYTES_MAX
    assert first.parent.stat().st_mode & 0o777 == 0o700
    for path in (first, other):
        path.parent.rmdir()


def test_a_short_directory_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    state = tmp_path / ("x" * PATH_BYTES_MAX)
    folder = place_socket(state, "admin.sock").parent
    folder.chmod(0o777)

    with pytest.raises(UsageError, match="others may write"):
        place_socket(state, "admin.sock")

    folder.rmdir()


def test_the_short_directory_goes_once_no_socket_is_left(tmp_path: Path) -> None:
    state = tmp_path / ("x" * PATH_BYTES_MAX)
    socket = place_socket(state, "admin.sock")
    socket.touch()

    drop_short_directory(state, "admin.sock")
    assert socket.exists()

    socket.unlink()
    drop_short_directory(state, "admin.sock")
    drop_short_directory(state, "admin.sock")
    assert not socket.parent.exists()


def test_a_state_directory_with_a_short_path_is_left_alone(tmp_path: Path) -> None:
    drop_short_directory(tmp_path, "s")

    assert tmp_path.exists()
