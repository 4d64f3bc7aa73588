"""Cron schedules: five fields, names, ranges, steps and the usual shorthands. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

SEARCH_MAX_DAYS = 5 * 366
"""A schedule that never fires within five years (such as 30 February) is taken never to fire."""

_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
)}  # fmt: skip
_DAYS = {name: n for n, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}


class ScheduleError(ValueError):
    """The text is not a schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The minutes at which a CronJob is due."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_any_day: bool
    is_any_weekday: bool

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first due minute after a moment, or None if there is none."""
        candidate = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = candidate + timedelta(days=SEARCH_MAX_DAYS)
        while candidate < end:
            if candidate.month not in self.months or not self._is_due_day(candidate):
                candidate = candidate.replace(hour=0, minute=0) + timedelta(days=1)
            elif candidate.hour not in self.hours:
                candidate = candidate.replace(minute=0) + timedelta(hours=1)
            elif candidate.minute not in self.minutes:
                candidate += timedelta(minutes=1)
            else:
                return candidate
        return None

    def _is_due_day(self, moment: datetime) -> bool:
        """Say whether the day is due: if both day fields are restricted, either will do."""
        by_date = moment.day in self.days
        by_weekday = (moment.weekday() + 1) % 7 in self.weekdays
        if self.is_any_day or self.is_any_weekday:
            return by_date and by_weekday
        return by_date or by_weekday


def parse_schedule(text: str) -> Schedule:
    """Read a schedule. Raises ScheduleError, saying which field is wrong."""
    fields = _SHORTHANDS.get(text.strip().lower(), text).split()
    if len(fields) != 5:
        raise ScheduleError(f"expected exactly 5 fields, found {len(fields)}: {text!r}")
    minute, hour, day, month, weekday = fields
    return Schedule(
        minutes=_field(minute, range(60), {}),
        hours=_field(hour, range(24), {}),
        days=_field(day, range(1, 32), {}),
        months=_field(month, range(1, 13), _MONTHS),
        weekdays=frozenset(number % 7 for number in _field(weekday, range(8), _DAYS)),
        is_any_day=day[0] in "*?",
        is_any_weekday=weekday[0] in "*?",
    )


def _field(text: str, allowed: range, names: Mapping[str, int]) -> frozenset[int]:
    numbers: set[int] = set()
    for part in text.split(","):
        numbers.update(_part(part, allowed, names))
    return frozenset(numbers)


def _part(part: str, allowed: range, names: Mapping[str, int]) -> range:
    body, _, step_text = part.partition("/")
    step = _number(step_text, range(1, 60), {}) if step_text else 1
    if body in {"*", "?"}:
        return range(allowed.start, allowed.stop, step)
    first_text, dash, last_text = body.partition("-")
    first = _number(first_text, allowed, names)
    last = _number(last_text, allowed, names) if dash else first
    if step_text and not dash:
        last = allowed.stop - 1
    if last < first:
        raise ScheduleError(f"beginning of range ({first}) beyond end of range ({last}): {part}")
    return range(first, last + 1, step)


def _number(text: str, allowed: range, names: Mapping[str, int]) -> int:
    number = names.get(text.lower(), int(text) if text.isdigit() else -1)
    if number not in allowed:
        raise ScheduleError(f"{text!r} is not between {allowed.start} and {allowed.stop - 1}")
    return number
