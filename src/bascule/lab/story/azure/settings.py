"""How fast the demonstration on Azure is, and what it leaves."""

from dataclasses import dataclass
from pathlib import Path

from bascule.errors import UsageError

RATE_DEFAULT = 100.0
RATE_MIN, RATE_MAX = 10.0, 1_000.0
REPORT_DEFAULT = Path("bascule-demo-azure-report.html")
"""In the directory where the demonstration is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings:
    """What the user may choose; raises UsageError for what cannot be."""

    rate: float = RATE_DEFAULT
    keep: bool = False
    report: Path = REPORT_DEFAULT

    def __post_init__(self) -> None:
        """Refuse what is out of bounds."""
        if not RATE_MIN <= self.rate <= RATE_MAX:
            raise UsageError(
                f"--rate is {self.rate:g}", remedy=f"give {RATE_MIN:g} to {RATE_MAX:g} with --azure"
            )
