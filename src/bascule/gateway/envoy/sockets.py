"""Where a unix socket lies: beside the state, or in a short directory if that path is too long."""

import hashlib
import os
import tempfile
from pathlib import Path

from bascule.errors import UsageError

PATH_BYTES_MAX = 100
"""Linux takes 107 bytes and macOS 103; Envoy adds none, gRPC adds none."""


def place_socket(state: Path, name: str) -> Path:
    """Return the path of socket `name` for a state directory; the same one every time.

    The short directory belongs to this user only. Raises UsageError when it belongs to another.
    """
    path = state / name
    if len(os.fsencode(path)) <= PATH_BYTES_MAX:
        return path
    digest = hashlib.sha256(os.fsencode(state.absolute())).hexdigest()[:12]
    root = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    folder = root / f"bascule-{os.getuid()}-{digest}"
    if len(os.fsencode(folder / name)) > PATH_BYTES_MAX:
        folder = Path("/tmp") / folder.name  # noqa: S108 - owned and private, checked below
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.lstat()
    if folder.is_symlink() or owner.st_uid != os.getuid() or owner.st_mode & 0o077:
        raise UsageError(
            f"{folder} belongs to somebody else, or others may write there",
            remedy="remove it, or set XDG_RUNTIME_DIR to a directory of your own",
        )
    return folder / name
