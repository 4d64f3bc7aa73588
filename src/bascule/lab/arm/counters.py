"""Who asked for what: counts of reads and writes by caller, and the latest writes one by one."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from bascule.lab.arm.paths import ArmPath
from bascule.lab.arm.requests import Caller

WRITES_KEPT_MAX: Final = 10_000
_READING: Final = ("backendhealth", "validate", "whatif")
"""Actions that change nothing, beside those that begin with `list`, `get` or `check`."""


@dataclass(slots=True)
class _Count:
    reads: int = 0
    writes: int = 0


class Counters:
    """Counts every request that a known caller made, whatever its answer was."""

    def __init__(self) -> None:
        self._by_caller: dict[str, dict[str, int]] = {}
        self._counts: dict[str, _Count] = {}
        self._writes: deque[dict[str, Any]] = deque(maxlen=WRITES_KEPT_MAX)

    def add(self, caller: Caller, method: str, path: ArmPath, status: int) -> None:
        """Count a request; a `status` of 0 says that its answer was lost."""
        name = caller.app_id or caller.object_id
        methods = self._by_caller.setdefault(name, {})
        methods[method] = methods.get(method, 0) + 1
        count = self._counts.setdefault(name, _Count())
        if is_read(method, path):
            count.reads += 1
            return
        count.writes += 1
        self._writes.append({"caller": name, "method": method, "path": path.text, "status": status})

    def clear(self) -> None:
        """Begin anew."""
        self._by_caller.clear()
        self._counts.clear()
        self._writes.clear()

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        callers = {
            name: {"reads": count.reads, "writes": count.writes, "methods": self._by_caller[name]}
            for name, count in self._counts.items()
        }
        return {
            "reads": sum(count.reads for count in self._counts.values()),
            "writes": sum(count.writes for count in self._counts.values()),
            "callers": callers,
            "latestWrites": list(self._writes),
        }


def is_read(method: str, path: ArmPath) -> bool:
    """Say whether a request changes nothing."""
    if method != "POST":
        return method in {"GET", "HEAD"}
    verb = path.key.rpartition("/")[2]
    return verb in _READING or verb.startswith(("list", "get", "check"))
