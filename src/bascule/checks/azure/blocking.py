"""How the checks of the platform say that something stands in the way."""

from bascule.checks.findings import Finding, Severity


def blocker(code: str, subject: str, message: str, remedy: str) -> Finding:
    """Return a blocker: what stands in the way, and what to do about it."""
    return Finding(
        severity=Severity.BLOCKER, code=code, subject=subject, message=message, remedy=remedy
    )


def warning(code: str, subject: str, message: str, remedy: str) -> Finding:
    """Return a warning: what a person should know, and what to do about it."""
    return Finding(
        severity=Severity.WARNING, code=code, subject=subject, message=message, remedy=remedy
    )
