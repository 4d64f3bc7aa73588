"""Files that the user named."""

from pathlib import Path

from bascule.errors import SpecError
from bascule.private_file import write_private

__all__ = ["read_file", "write_private"]


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
