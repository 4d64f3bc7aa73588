"""Where a gateway keeps its files: one directory, 0700, and short paths for its sockets."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bascule.errors import UsageError
from bascule.ids import GatewayName

SOCKET_PATH_BYTES_MAX = 100
"""The kernel takes 107 bytes; some are left for the names that Envoy makes beside a socket."""


@dataclass(frozen=True, slots=True)
class StateDir:
    """The state directory of one gateway, and the files in it."""

    path: Path
    sockets: Path

    @property
    def journal(self) -> Path:
        """The journal and the inbox."""
        return self.path / "journal.db"

    @property
    def lock(self) -> Path:
        """Held by the runtime."""
        return self.path / "lock"

    @property
    def last_good(self) -> Path:
        """The last table that was acknowledged."""
        return self.path / "last_good"

    @property
    def control_socket(self) -> Path:
        """Where the runtime is woken and asked."""
        return self.sockets / "control.sock"

    @property
    def xds_socket(self) -> Path:
        """Where our own Envoy gets its configuration."""
        return self.sockets / "xds.sock"

    @property
    def admin_socket(self) -> Path:
        """Where our own Envoy answers."""
        return self.sockets / "admin.sock"


def state_home(environment: Mapping[str, str]) -> Path:
    """Return the directory that holds every gateway's state: `$XDG_STATE_HOME/bascule`.

    As the XDG rules say, a value that is not absolute is ignored.
    """
    given = Path(environment.get("XDG_STATE_HOME", ""))
    home = given if given.is_absolute() else Path.home() / ".local" / "state"
    return home / "bascule"


def build_state_dir(path: Path, environment: Mapping[str, str]) -> StateDir:
    """Return the files of the state directory `path`; sockets go elsewhere if it is too long."""
    absolute = path.expanduser().absolute()
    longest = absolute / "control.sock"
    if len(os.fsencode(longest)) <= SOCKET_PATH_BYTES_MAX:
        return StateDir(path=absolute, sockets=absolute)
    digest = hashlib.sha256(os.fsencode(absolute)).hexdigest()[:16]
    return StateDir(path=absolute, sockets=_runtime_home(environment) / digest)


def apply_state_dir(state_dir: StateDir) -> None:
    """Make the directories, 0700. Raises UsageError if they cannot be ours alone."""
    for path in dict.fromkeys((state_dir.path, state_dir.sockets)):
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            found = path.stat()
            if found.st_uid == os.geteuid():
                path.chmod(0o700)
        except OSError as error:
            raise UsageError(
                f"the state directory {path} cannot be made: {error.strerror}",
                remedy="choose another with --state DIR",
            ) from error
        if found.st_uid != os.geteuid():
            raise UsageError(
                f"the state directory {path} belongs to another user",
                remedy="choose another with --state DIR",
            )


def find_state_dir(
    environment: Mapping[str, str], *, name: GatewayName | None, state: Path | None
) -> StateDir:
    """Return the state directory that the options mean.

    Without options it is the only one that there is. Raises UsageError if there are none or more.
    """
    if state is not None:
        return build_state_dir(state, environment)
    home = state_home(environment)
    if name is not None:
        return build_state_dir(home / name, environment)
    found = sorted(path.parent for path in home.glob("*/journal.db"))
    if len(found) == 1:
        return build_state_dir(found[0], environment)
    if not found:
        raise UsageError(
            f"there is no gateway in {home}",
            remedy="start one with `bascule run -f gateway.yaml`, or name it by --state or -f",
        )
    names = ", ".join(path.name for path in found)
    raise UsageError(
        f"there are several gateways: {names}", remedy="choose one with --gateway NAME"
    )


def _runtime_home(environment: Mapping[str, str]) -> Path:
    given = Path(environment.get("XDG_RUNTIME_DIR", ""))
    if given.is_absolute() and len(os.fsencode(given)) < SOCKET_PATH_BYTES_MAX // 2:
        return given / "bascule"
    return Path(tempfile.gettempdir()) / f"bascule-{os.geteuid()}"
