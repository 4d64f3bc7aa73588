import stat
from pathlib import Path

import pytest

from bascule.app.state_dir import StateDir, apply_state_dir, find_state_dir, state_home
from bascule.errors import UsageError
from bascule.ids import GatewayName


def environment(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path)}


def gateway(tmp_path: Path, name: str) -> Path:
    path = tmp_path / "bascule" / name
    path.mkdir(parents=True)
    (path / "journal.db").touch()
    return path


def test_the_state_home_follows_the_xdg_rules(tmp_path: Path) -> None:
    usual = Path.home() / ".local" / "state" / "bascule"

    assert state_home(environment(tmp_path)) == tmp_path / "bascule"
    assert state_home({}) == usual
    assert state_home({"XDG_STATE_HOME": "relative/path"}) == usual


def test_a_gateway_is_found_by_its_name(tmp_path: Path) -> None:
    found = find_state_dir(environment(tmp_path), name=GatewayName("shop"), state=None)

    assert found.path == tmp_path / "bascule" / "shop"


def test_a_directory_that_is_named_is_taken(tmp_path: Path) -> None:
    found = find_state_dir({}, name=GatewayName("shop"), state=tmp_path / "here")

    assert found.path == tmp_path / "here"


def test_the_only_gateway_needs_no_name(tmp_path: Path) -> None:
    path = gateway(tmp_path, "shop")
    (tmp_path / "bascule" / "lab").mkdir()

    assert find_state_dir(environment(tmp_path), name=None, state=None) == StateDir(path)


def test_no_gateway_at_all_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no gateway") as caught:
        find_state_dir(environment(tmp_path), name=None, state=None)

    assert "bascule run" in caught.value.remedy


def test_several_gateways_are_named(tmp_path: Path) -> None:
    gateway(tmp_path, "shop")
    gateway(tmp_path, "bank")

    with pytest.raises(UsageError, match="several gateways: bank, shop"):
        find_state_dir(environment(tmp_path), name=None, state=None)


def test_the_directory_is_made_for_its_user_alone(tmp_path: Path) -> None:
    state_dir = StateDir(tmp_path / "a" / "b")

    apply_state_dir(state_dir)

    assert stat.S_IMODE(state_dir.path.stat().st_mode) == 0o700


def test_a_directory_that_others_could_read_is_closed(tmp_path: Path) -> None:
    state_dir = StateDir(tmp_path / "open")
    state_dir.path.mkdir(mode=0o755)

    apply_state_dir(state_dir)

    assert stat.S_IMODE(state_dir.path.stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="cannot be made"):
        apply_state_dir(StateDir(tmp_path / "file" / "state"))


def test_everything_lies_in_the_directory_while_paths_are_short(tmp_path: Path) -> None:
    short = StateDir(Path("/run/bascule"))

    assert {short.journal.name, short.lock.name, short.last_good.name} == {
        "journal.db",
        "lock",
        "last_good",
    }
    assert short.control_socket == Path("/run/bascule/control.sock")
    assert short.xds_socket.parent == short.admin_socket.parent == short.path
    long = StateDir(tmp_path / ("x" * 90))
    assert long.control_socket.parent != long.path
    assert long.control_socket == long.control_socket
