"""The acts of a story as they are played: shown, and timed."""

import time
from typing import Protocol

from bascule.lab.load.live import LiveLine


class Display(Protocol):
    """Who shows the story while it is told."""

    def begin(self, act: str) -> None:
        """Take note that an act begins; the one before is over."""

    def show(self, line: LiveLine) -> None:
        """Take the generator's last figures."""

    def end(self) -> None:
        """Take note that the story was told to its end."""

    def close(self) -> None:
        """Give the screen back, whether the story came to its end or not."""


class Acts:
    """Each act ends where the next one begins; `seconds` says how long each took."""

    def __init__(self, display: Display) -> None:
        self.seconds: dict[str, float] = {}
        self._display = display
        self._begun_s = time.monotonic()
        self._act = ""

    def begin(self, act: str) -> None:
        """Show that an act begins."""
        self._take_time()
        self._act = act
        self._display.begin(act)

    def end(self) -> None:
        """Show that the last act is over."""
        self._take_time()
        self._act = ""
        self._display.end()

    def _take_time(self) -> None:
        now_s = time.monotonic()
        if self._act:
            self.seconds[self._act] = round(now_s - self._begun_s, 3)
        self._begun_s = now_s
