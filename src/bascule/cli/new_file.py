"""Writes a file that a person will edit: whole or not at all, and never over another unasked."""

import os
import tempfile
from pathlib import Path

from bascule.errors import UsageError

MODE = 0o644


def require_free(path: Path, *, is_forced: bool) -> None:
    """Return if `path` may be written. Raises UsageError if it exists and that is not wanted."""
    if os.path.lexists(path) and not is_forced:
        raise UsageError(f"{path} exists", remedy="name another file, or add --force")


def write_new(path: Path, text: str, *, is_forced: bool) -> None:
    """Write a file for everybody to read. Raises UsageError if it exists or cannot be written."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                os.fchmod(file.fileno(), MODE)
            if is_forced:
                draft.replace(path)
            else:
                path.hardlink_to(draft)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        require_free(path, is_forced=False)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", remedy="name another file"
        ) from error
