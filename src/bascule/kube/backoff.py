"""How long to wait before the next attempt."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Doubles from `first_s` up to `max_s`; each wait is shortened by chance by up to a half.

    The chance keeps clients that failed together from coming back together.
    """

    first_s: float = 0.1
    max_s: float = 30.0

    def wait_s(self, failures: int, rng: random.Random) -> float:
        """Return the wait after this many failures in a row (from 1)."""
        doublings = min(max(failures - 1, 0), 32)
        ceiling_s = min(self.first_s * 2.0**doublings, self.max_s)
        return ceiling_s * (0.5 + rng.random() / 2)


DEFAULT_BACKOFF = Backoff()
