"""The store on disk: an append-only log of puts and removals, folded into a snapshot now and then.

Each change is one `write` of one line, so a killed process loses nothing it acknowledged; a torn
last line is dropped at the next start. A snapshot replaces the log by an atomic rename, and lines
that the snapshot already holds are skipped by their resource version.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from bascule.errors import BasculeError

LOG_BYTES_MIN: Final = 32 * 1024 * 1024
"""The log is not folded before it is this large, nor before it is as large as the snapshot."""


class CorruptStoreError(BasculeError):
    """A line in the middle of the cluster's files cannot be read."""


class Entry(msgspec.Struct, omit_defaults=True):
    """One line: an object put, or (without one) removed, at a resource version."""

    version: int
    resource: str
    namespace: str
    name: str
    object: dict[str, Any] | None = None


class StoreLog:
    """`snapshot.jsonl` and `log.jsonl` in the cluster's directory, both 0600."""

    def __init__(self, directory: Path, *, fold_after_bytes: int = LOG_BYTES_MIN) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._snapshot = directory / "snapshot.jsonl"
        self._log = directory / "log.jsonl"
        self._encoder = msgspec.json.Encoder()
        self._descriptor = -1
        self._fold_after_bytes = fold_after_bytes
        self._log_bytes = 0
        self._snapshot_bytes = 0

    def replay(self) -> Iterator[Entry]:
        """Yield every entry in order, the snapshot's first; drops a torn last line of the log."""
        folded = 0
        for entry in self._read(self._snapshot):
            folded = max(folded, entry.version)
            yield entry
        for entry in self._read(self._log):
            if entry.version > folded:
                yield entry

    def open(self) -> None:
        """Open the log for appending."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self._log, flags, 0o600)
        self._log_bytes = self._log.stat().st_size
        self._snapshot_bytes = self._snapshot.stat().st_size if self._snapshot.exists() else 0

    def close(self) -> None:
        """Close the log; what was appended is on disk."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def append(self, entry: Entry) -> None:
        """Write one change. Raises OSError if the disk is full; then nothing of it is left."""
        line = self._encoder.encode(entry) + b"\n"
        if os.write(self._descriptor, line) != len(line):
            os.ftruncate(self._descriptor, self._log_bytes)
            raise OSError(errno.ENOSPC, "a change could not be written whole", str(self._log))
        self._log_bytes += len(line)

    @property
    def is_due_for_folding(self) -> bool:
        """Say whether the log has outgrown its snapshot."""
        return self._log_bytes > max(self._fold_after_bytes, self._snapshot_bytes)

    def fold(self, entries: Iterable[Entry]) -> None:
        """Replace snapshot and log by these entries, of which the last has the highest version."""
        draft = self._snapshot.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for entry in entries:
                file.write(self._encoder.encode(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._snapshot)
        os.ftruncate(self._descriptor, 0)
        self._log_bytes = 0
        self._snapshot_bytes = self._snapshot.stat().st_size

    def _read(self, path: Path) -> Iterator[Entry]:
        if not path.exists():
            return
        decoder = msgspec.json.Decoder(Entry)
        good_bytes = 0
        torn = b""
        with path.open("rb") as file:
            for line in file:
                if torn:
                    raise CorruptStoreError(
                        f"{path}: a line at byte {good_bytes} cannot be read",
                        remedy="remove the lab with `bascule lab down` and start it again",
                    )
                entry = _decoded(decoder, line)
                if entry is None:
                    torn = line
                    continue
                good_bytes += len(line)
                yield entry
        if torn:
            os.truncate(path, good_bytes)


def _decoded(decoder: "msgspec.json.Decoder[Entry]", line: bytes) -> Entry | None:
    try:
        return decoder.decode(line) if line.endswith(b"\n") else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
