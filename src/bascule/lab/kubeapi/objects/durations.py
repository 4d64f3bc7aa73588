"""Times of Kubernetes objects, and how kubectl says how long ago they were."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

UNKNOWN: Final = "<unknown>"
_MINUTE: Final = 60
_HOUR: Final = 60
_DAY: Final = 24
_YEAR: Final = 24 * 365


def parse_time(text: Any) -> datetime | None:
    """Return an RFC 3339 time in UTC, or None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def render_age(text: Any, now: datetime) -> str:
    """Return how long ago a time was, such as `5m10s`, or `<unknown>` for none."""
    moment = parse_time(text)
    return UNKNOWN if moment is None else render_duration(now - moment)


def render_duration(duration: timedelta) -> str:
    """Return a duration in at most two units, as k8s.io/apimachinery's HumanDuration does."""
    seconds = int(duration.total_seconds())
    if seconds < -1:
        return "<invalid>"
    if seconds < 2 * _MINUTE:
        return f"{max(seconds, 0)}s"
    minutes = seconds // _MINUTE
    if minutes < 3 * _HOUR:
        rest = seconds % _MINUTE if minutes < 10 else 0
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    hours = minutes // _HOUR
    if hours < 2 * _DAY:
        rest = minutes % _HOUR if hours < 8 else 0
        return f"{hours}h{rest}m" if rest else f"{hours}h"
    if hours < 2 * _YEAR:
        rest = hours % _DAY if hours < 8 * _DAY else 0
        return f"{hours // _DAY}d{rest}h" if rest else f"{hours // _DAY}d"
    rest = hours // _DAY % 365 if hours < 8 * _YEAR else 0
    return f"{hours // _YEAR}y{rest}d" if rest else f"{hours // _YEAR}y"
