"""How fast the demonstration on Azure is, and what it leaves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bascule.errors import UsageError
from bascule.lab.arm.monitor.book import pace_of
from bascule.lab.story.azure.course import BY_HOST, BY_SHARE, Course
from bascule.lab.story.settings import check_report

RATE_DEFAULT = 100.0
RATE_MIN, RATE_MAX = 10.0, 1_000.0
SPEED_MAX = 1_000.0
REPORT_DEFAULT = Path("bascule-demo-azure-report.html")
ENVOYS_REPORT_DEFAULT = Path("bascule-demo-azure-envoys-report.html")
"""In the directory where the demonstration is called."""
CREATION_S = 3_000.0
"""More than Azure ever took for a cluster or a gateway, and a change of the gateway after it."""
FAST_LIMIT_S = 120.0
FAST_HOLD_S = 2.0
LONG_CHANGE_S = 120.0
"""More than nine of ten changes of a gateway take: after it connections of before are drained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings:
    """What the user may choose; raises UsageError for what cannot be."""

    rate: float = RATE_DEFAULT
    keep: bool = False
    report: Path = REPORT_DEFAULT
    model: Literal["fast", "real"] = "fast"
    """How long Azure takes: next to nothing, or as recorded."""
    speed: float = 1.0
    """What recorded durations are divided by."""
    envoys: bool = False
    """Whether the gateway leads to an Envoy that chooses the cluster."""

    def __post_init__(self) -> None:
        """Refuse what is out of bounds."""
        if not RATE_MIN <= self.rate <= RATE_MAX:
            raise UsageError(
                f"--rate is {self.rate:g}", remedy=f"give {RATE_MIN:g} to {RATE_MAX:g} with --azure"
            )
        if not 1.0 <= self.speed <= SPEED_MAX:
            raise UsageError(f"--speed is {self.speed:g}", remedy=f"give 1 to {SPEED_MAX:g}")
        check_report(self.report)

    @property
    def course(self) -> Course:
        """The way that the story goes."""
        return BY_SHARE if self.envoys else BY_HOST

    @property
    def minute_s(self) -> float:
        """How long a minute of the lab's Azure Monitor is."""
        return pace_of(self.model, self.speed).minute_s

    @property
    def hold_s(self) -> float:
        """How long each step of the upgrade is held."""
        return FAST_HOLD_S + (0.0 if self.model == "fast" else LONG_CHANGE_S / self.speed)

    @property
    def limit_s(self) -> float:
        """How long one upgrade, or one verb, may take."""
        return FAST_LIMIT_S + (0.0 if self.model == "fast" else 2 * CREATION_S / self.speed)
