"""What a preflight check finds: severity, subject, message, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bascule.journal.record import Json


class Severity(StrEnum):
    """How bad it is; in this order."""

    BLOCKER = "blocker"
    """Nothing is begun, or the upgrade does not go on."""
    WARNING = "warning"
    """A person should know."""
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found. `code` is a stable CamelCase reason, `subject` what it is about."""

    severity: Severity
    code: str
    subject: str
    message: str
    remedy: str = ""


def render_finding(finding: Finding) -> dict[str, Json]:
    """Return a finding as the journal and the verbs' JSON show it."""
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "subject": finding.subject,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings, each once, the worst first, then by code and subject."""
    order = tuple(Severity)
    return tuple(
        sorted(set(findings), key=lambda f: (order.index(f.severity), f.code, f.subject, f.message))
    )
