"""Files for their owner alone, written whole or not at all."""

import os
import tempfile
from pathlib import Path


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
