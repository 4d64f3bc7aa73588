"""Where the server finds what containers wrote; the pods of the lab provide it."""

from collections.abc import Callable, Iterator
from typing import Protocol


class ContainerLog(Protocol):
    """The lines of one container; `written` counts all lines ever written to it."""

    written: int

    def lines(
        self, *, since_s: float = 0.0, after: int = 0, timestamps: bool = False
    ) -> Iterator[str]:
        """Return the lines from a Unix time on, past the first `after` lines ever written."""
        ...


LogSource = Callable[[str, str, str], ContainerLog | None]
"""Given namespace, pod and container: its log, or None when it has not started."""
