"""The last lines that a container wrote, for `kubectl logs`."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice

LINES_MAX = 2_000


class ContainerLog:
    """A ring of lines with their times; formatting waits until somebody reads.

    `written` counts all lines ever written, so that a follower knows where it was.
    """

    __slots__ = ("_lines", "_wall_s", "written")

    def __init__(self, wall_s: Callable[[], float]) -> None:
        self._wall_s = wall_s
        self._lines: deque[tuple[float, str]] = deque(maxlen=LINES_MAX)
        self.written = 0

    def write(self, line: str) -> None:
        """Add one line, without its newline."""
        self.written += 1
        self._lines.append((self._wall_s(), line))

    def access(self, method: str, target: str, status: int) -> None:
        """Add the line of one answered request; health checks are left out."""
        if target == "/healthz":
            return
        self.written += 1
        self._lines.append((self._wall_s(), f"{method} {target} {status}"))

    def lines(
        self, *, since_s: float = 0.0, after: int = 0, timestamps: bool = False
    ) -> Iterator[str]:
        """Return what was written from the time `since_s` on, past the first `after` lines ever."""
        first = self.written - len(self._lines)
        for at, line in islice(tuple(self._lines), max(0, after - first), None):
            if at >= since_s:
                yield f"{stamp(at)} {line}" if timestamps else line


def stamp(at_s: float) -> str:
    """Write a time as `kubectl logs --timestamps` does."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
