"""How long, how fast and how big the demonstration is."""

from dataclasses import dataclass
from pathlib import Path

from bascule.errors import UsageError

RATE_DEFAULT = 500.0
RATE_MAX = 5_000.0
DURATION_DEFAULT_S = 26.0
DURATION_MIN_S = 12.0
DURATION_MAX_S = 600.0
ROUTES_MAX = 20_000
LATENCY_DEFAULT_MS = 25
"""The shop's own work for each request: p99 is judged against it, so a shop that answered at once
would make the verdict one on the scheduling of a machine that all of this shares."""
REPORT_DEFAULT = Path("bascule-demo-report.html")
"""In the directory where the demonstration is called."""
BASELINE_S = 5.0
AFTER_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySettings:
    """What the user may choose; raises UsageError for what cannot be."""

    routes: int = 0
    rate: float = RATE_DEFAULT
    duration_s: float = DURATION_DEFAULT_S
    keep: bool = False
    latency_ms: int = LATENCY_DEFAULT_MS
    report: Path = REPORT_DEFAULT

    def __post_init__(self) -> None:
        """Refuse what is out of bounds."""
        _check("--routes", self.routes, 0, ROUTES_MAX)
        _check("--rate", self.rate, 50, RATE_MAX)
        _check("--duration", self.duration_s, DURATION_MIN_S, DURATION_MAX_S)
        check_report(self.report)

    @property
    def scale(self) -> float:
        """How much longer than in examples/demo.yaml each hold is."""
        return self.duration_s / DURATION_DEFAULT_S


def check_report(page: Path) -> None:
    """Raise UsageError where no report can be written: at the story's end it would be too late."""
    remedy = "name a file in a directory that is there"
    if not page.parent.is_dir():
        raise UsageError(f"--report: there is no directory {page.parent}", remedy=remedy)
    if page.is_dir():
        raise UsageError(f"--report: {page} is a directory", remedy=remedy)


def _check(option: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise UsageError(f"{option} is {value:g}", remedy=f"give {least:g} to {most:g}")
