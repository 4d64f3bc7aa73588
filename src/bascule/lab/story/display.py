"""Shows the story while it is told: a live picture on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bascule.lab.load.live import LiveLine

BAR_WIDTH = 50
LINE_EVERY_S = 1.0


class PlainDisplay:
    """One line an act, and one a second with the figures."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._last_s = 0.0
        self._begun_s = time.monotonic()

    def begin(self, act: str) -> None:
        """Print the act."""
        self._write(f"{time.monotonic() - self._begun_s:5.1f} s  {act}")

    def show(self, line: LiveLine) -> None:
        """Print the figures, at most once a second."""
        if line.at_s - self._last_s < LINE_EVERY_S:
            return
        self._last_s = line.at_s
        share = line.share_by_cluster
        self._write(
            f"         {line.rate:6.0f}/s  blue {share.get('blue', 0):4.0%}  "
            f"green {share.get('green', 0):4.0%}  p50 {_ms(line.p50_ms)}  p99 {_ms(line.p99_ms)}  "
            f"streams {line.streams_open}  failed {line.failed}"
        )

    def end(self) -> None:
        """Nothing more to say: the result follows."""

    def close(self) -> None:
        """Nothing is left on the screen that would have to go."""


class LiveDisplay:
    """The acts so far, the split as a bar, and the figures."""

    def __init__(self, console: Console) -> None:
        self._acts: list[tuple[str, float]] = []
        self._line: LiveLine | None = None
        self._ended_s: float | None = None
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8)
        self._live.start()

    def begin(self, act: str) -> None:
        """Add an act."""
        self._acts.append((act, time.monotonic()))

    def show(self, line: LiveLine) -> None:
        """Keep the figures for the next picture."""
        self._line = line

    def end(self) -> None:
        """Show the last act as done."""
        self._ended_s = time.monotonic()

    def close(self) -> None:
        """Leave the last picture standing and give the terminal back."""
        self._live.stop()

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for index, (act, begun_s) in enumerate(self._acts):
            is_last = index == len(self._acts) - 1
            ended_s = self._ended_s if is_last else self._acts[index + 1][1]
            mark = "[yellow]>[/]" if ended_s is None else "[green]ok[/]"
            ended_s = ended_s or time.monotonic()
            table.add_row(mark, act, f"{ended_s - begun_s:.1f} s")
        if self._line is None:
            return table
        return Group(table, Text(), _bar(self._line), _figures(self._line))


def _bar(line: LiveLine) -> Text:
    blue = line.share_by_cluster.get("blue", 0.0)
    green = line.share_by_cluster.get("green", 0.0)
    cells = round(BAR_WIDTH * blue)
    bar = Text(f"blue {blue:4.0%} ")
    bar.append("█" * cells, style="blue")
    bar.append("█" * (BAR_WIDTH - cells), style="green")
    return bar.append(f" {green:4.0%} green")


def _figures(line: LiveLine) -> Text:
    text = Text(
        f"{line.requests} requests, {line.rate:.0f}/s, p50 {_ms(line.p50_ms)}, "
        f"p99 {_ms(line.p99_ms)}, {line.streams_open} streams open, "
    )
    return text.append(f"{line.failed} failed", style="bold red" if line.failed else "bold green")


def _ms(value: float | None) -> str:
    return "   -   " if value is None else f"{value:5.1f} ms"
