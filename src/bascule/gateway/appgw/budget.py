"""How many writes we allow ourselves, so that throttling never meets a switch or anybody else."""

from collections import deque
from typing import Final

WRITES_MAX: Final = 200
WINDOW_S: Final = 300.0
"""A fifth of what Azure's network provider takes in five minutes (1,000) of a subscription."""
SPACING_S: Final = 1.0
"""The shortest time between two writes that are not urgent."""


class Budget:
    """Counts writes; those that are urgent are counted and never held up."""

    def __init__(
        self,
        *,
        writes_max: int = WRITES_MAX,
        window_s: float = WINDOW_S,
        spacing_s: float = SPACING_S,
    ) -> None:
        self._writes_max = writes_max
        self._window_s = window_s
        self._spacing_s = spacing_s
        self._at_s: deque[float] = deque(maxlen=writes_max)

    def note(self, now_s: float) -> None:
        """Count a write that is sent now."""
        self._at_s.append(now_s)

    def wait_s(self, now_s: float) -> float:
        """Return how long the next write that is not urgent has to wait."""
        if not self._at_s:
            return 0.0
        free_s = self._at_s[-1] + self._spacing_s
        if len(self._at_s) == self._writes_max:
            free_s = max(free_s, self._at_s[0] + self._window_s)
        return max(free_s - now_s, 0.0)
