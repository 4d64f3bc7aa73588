"""Where the server finds what containers wrote; the pods of the lab provide it."""

from collections.abc import Iterator
from typing import Protocol


class ContainerLog(Protocol):
    """The lines of one container; `written` counts all lines ever written to it."""

    written: int

    def lines(
        self, *, since_s: float = 0.0, after: int = 0, timestamps: bool = False
    ) -> Iterator[str]:
        """Return the lines from a Unix time on, past the first `after` lines ever written."""
        ...


class LogSource(Protocol):
    """Where logs are found."""

    def __call__(
        self, namespace: str, pod: str, container: str, *, previous: bool = False
    ) -> ContainerLog | None:
        """Return a container's log or, with `previous`, that of its last run; None if none."""
        ...
