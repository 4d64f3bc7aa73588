"""What could not be read, as a value: an unreadable thing is a finding, never a pass."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something that could not be read, why, and what to do."""

    what: str
    """Such as `the quotas of chinanorth2`."""
    reason: str
    remedy: str = ""
