"""Where a gateway keeps its files: one directory, 0700; a socket goes elsewhere if need be."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bascule.errors import UsageError
from bascule.gateway.envoy.sockets import drop_short_directory, place_socket
from bascule.ids import GatewayName

if TYPE_CHECKING:
    from bascule.storage.opening import Location

SOCKETS = ("control.sock", "xds.sock", "admin.sock")


@dataclass(frozen=True, slots=True)
class StateDir:
    """The state directory of one gateway, and the files in it."""

    path: Path
    url: str = field(default="", repr=False)
    """Where the journal is if it is not in the directory: may hold a password."""

    @property
    def journal(self) -> Path:
        """The journal and the inbox."""
        return self.path / "journal.db"

    @property
    def location(self) -> "Location":
        """Where the journal is kept, as storage takes it."""
        from bascule.storage.opening import parse_location

        return parse_location(self.url or self.path, gateway=GatewayName(self.path.name))

    @property
    def lock(self) -> Path:
        """Held by the runtime."""
        return self.path / "lock"

    @property
    def last_good(self) -> Path:
        """The last table that was acknowledged."""
        return self.path / "last_good"

    @property
    def gateway_before(self) -> Path:
        """An Application Gateway as it was before we first wrote it, exact."""
        return self.path / "gateway-before.json"

    @property
    def gateway_operations(self) -> Path:
        """The updates of an Application Gateway that we have begun."""
        return self.path / "gateway-operations.json"

    @property
    def reports(self) -> Path:
        """The directory of the reports of upgrades that have ended."""
        return self.path / "reports"

    @property
    def run_log(self) -> Path:
        """Where a runtime logs whose terminal shows something else."""
        return self.path / "run.log"

    @property
    def control_socket(self) -> Path:
        """Where the runtime is woken and asked."""
        return place_socket(self.path, "control.sock")

    @property
    def xds_socket(self) -> Path:
        """Where our own Envoy gets its configuration."""
        return place_socket(self.path, "xds.sock")

    @property
    def admin_socket(self) -> Path:
        """Where our own Envoy answers."""
        return place_socket(self.path, "admin.sock")

    def drop_sockets(self) -> None:
        """Remove what the sockets needed outside the directory, once nobody uses them."""
        for name in SOCKETS:
            drop_short_directory(self.path, name)


def state_home(environment: Mapping[str, str]) -> Path:
    """Return the directory that holds every gateway's state: `$XDG_STATE_HOME/bascule`.

    As the XDG rules say, a value that is not absolute is ignored.
    """
    given = Path(environment.get("XDG_STATE_HOME", ""))
    home = given if given.is_absolute() else Path.home() / ".local" / "state"
    return home / "bascule"


def apply_state_dir(state_dir: StateDir) -> None:
    """Make the directory, 0700. Raises UsageError if it cannot be ours alone."""
    path = state_dir.path
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_ours = path.stat().st_uid == os.geteuid()
        if is_ours:
            path.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"the state directory {path} cannot be made: {error.strerror}",
            remedy="choose another with --state DIR",
        ) from error
    if not is_ours:
        raise UsageError(
            f"the state directory {path} belongs to another user",
            remedy="choose another with --state DIR",
        )


def find_state_dir(
    environment: Mapping[str, str], *, name: GatewayName | None, state: str | Path | None
) -> StateDir:
    """Return the state directory that the options mean.

    Without options it is the only one that there is. With a URL for `state` the journal lies there,
    and the local files where they are without it. Raises UsageError if there are none or more.
    """
    if state is not None and "://" in str(state):
        from bascule.storage.opening import parse_location

        parse_location(state, gateway=name)
        return StateDir(state_home(environment) / str(name), url=str(state))
    if state is not None:
        return StateDir(Path(state).expanduser().absolute())
    home = state_home(environment)
    if name is not None:
        return StateDir(home / name)
    found = sorted(path.parent for path in home.glob("*/journal.db"))
    if len(found) == 1:
        return StateDir(found[0])
    if not found:
        raise UsageError(
            f"there is no gateway in {home}",
            remedy="start one with `bascule run -f gateway.yaml`, or name it by --state or -f",
        )
    names = ", ".join(path.name for path in found)
    raise UsageError(
        f"there are several gateways: {names}", remedy="choose one with --gateway NAME"
    )
