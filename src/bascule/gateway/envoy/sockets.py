"""Where a unix socket lies: beside the state, or in a short directory if that path is too long."""

import os
from contextlib import suppress
from pathlib import Path

from bascule.errors import UsageError

PATH_BYTES_MAX = 100
"""Linux takes 107 bytes and macOS 103; Envoy adds none, gRPC adds none."""


def place_socket(state: Path, name: str) -> Path:
    """Return the path of socket `name` for a state directory; the same one every time.

    The short directory belongs to this user only. Raises UsageError when it belongs to another.
    """
    path = state / name
    if _is_short(path):
        return path
    folder = _short_directory(state, name)
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.lstat()
    if folder.is_symlink() or owner.st_uid != os.getuid() or owner.st_mode & 0o077:
        raise UsageError(
            f"{folder} belongs to somebody else, or others may write there",
            remedy="remove it, or set XDG_RUNTIME_DIR to a directory of your own",
        )
    return folder / name


def drop_short_directory(state: Path, name: str) -> None:
    """Remove the directory that `place_socket` made, if it made one and no socket is left in it."""
    if not _is_short(state / name):
        with suppress(OSError):  # it is in use, or was never made
            _short_directory(state, name).rmdir()


def _is_short(path: Path) -> bool:
    return len(os.fsencode(path)) <= PATH_BYTES_MAX


def _short_directory(state: Path, name: str) -> Path:
    import hashlib  # not above: few state directories need it, and every verb starts here
    import tempfile

    digest = hashlib.sha256(os.fsencode(state.absolute())).hexdigest()[:12]
    root = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    folder = root / f"bascule-{os.getuid()}-{digest}"
    if _is_short(folder / name):
        return folder
    return Path("/tmp") / folder.name  # noqa: S108 - owned and private, checked where it is made
