"""The ledger of side effects: how often each idempotency key had its effect in this cluster."""

import os
from collections.abc import Mapping
from pathlib import Path

KEYS_MAX = 1_000_000
KEY_LENGTH_MAX = 256


class Ledger:
    """Counts effects by key; with a path, every effect is in the file before it is answered.

    The file outlives the process (kill -9 included), not the machine: nothing is synced.
    Past `keys_max` keys new ones are counted in `overflow` only.
    """

    def __init__(self, path: Path | None = None, *, keys_max: int = KEYS_MAX) -> None:
        self._keys_max = keys_max
        self._count_by_key: dict[str, int] = {}
        self._descriptor: int | None = None
        self.overflow = 0
        if path is not None:
            self._load(path)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o600)

    def record(self, key: str) -> int:
        """Count one effect and return how often this key has had one."""
        key = key[:KEY_LENGTH_MAX]
        count = self._count_by_key.get(key, 0) + 1
        if count == 1 and len(self._count_by_key) >= self._keys_max:
            self.overflow += 1
            return 1
        self._count_by_key[key] = count
        if self._descriptor is not None:
            os.write(self._descriptor, key.encode(errors="replace") + b"\n")
        return count

    def effects(self) -> Mapping[str, int]:
        """Return the count by key, as of now."""
        return dict(self._count_by_key)

    def close(self) -> None:
        """Close the file; counting in memory goes on."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _load(self, path: Path) -> None:
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            self._count_by_key[line] = self._count_by_key.get(line, 0) + 1
