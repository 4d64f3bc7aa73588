"""Files that the user named, and files for their owner alone."""

import os
import tempfile
from pathlib import Path

from bascule.errors import SpecError


def read_file(file: Path) -> str:
    """Return the text of a file that the user named. Raises SpecError if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(
            f"cannot be read: {error.strerror}", file=str(file), remedy="name an existing file"
        ) from error
    except UnicodeDecodeError as error:
        raise SpecError("is not UTF-8 text", file=str(file)) from error


def write_private(file: Path, content: bytes) -> None:
    """Write a file for its owner alone (0600), whole or not at all, though the power fails.

    Raises OSError.
    """
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
