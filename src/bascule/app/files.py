"""Files that the user named."""

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
