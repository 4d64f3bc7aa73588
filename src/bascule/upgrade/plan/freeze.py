"""Freeze windows: is a moment in one, and when does it end.

A window is a wall clock's: hours of days of the week, or whole days, in a time zone. It begins at
the first moment at which the clock shows its beginning or later, and ends at the last moment at
which it shows its end, so that an hour that comes twice is frozen twice and one that is left out
is not waited for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from bascule.errors import JournalError, PlanError
from bascule.journal.record import Json
from bascule.upgrade.encoding import read_object, read_text

LOOK_AHEAD_MAX = timedelta(days=366)
"""A freeze that lasts longer is said to end there."""
YEAR_MAX = 9_000
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DAY = timedelta(days=1)
_SPANS_FROM_DAY = -2
"""A window that covers a moment began at most so many of its days before it: it may go on over
midnight, and a zone may leave out a day."""
_SECOND = timedelta(seconds=1)

_Span: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyWindow:
    """Begins on each of `days` (0 is Monday) at `begins` and ends at `ends`, after midnight each.

    `ends` is above `begins`, and above 24 h when that is the next day.
    """

    name: str
    zone: ZoneInfo
    days: frozenset[int]
    begins: timedelta
    ends: timedelta

    def spans_around(self, moment: datetime) -> Iterator[_Span]:
        """Yield, in UTC, the spans that `moment` may lie in."""
        today = moment.astimezone(self.zone).date()
        for offset in range(_SPANS_FROM_DAY, 1):
            day = today + offset * _DAY
            if day.weekday() in self.days:
                midnight = datetime.combine(day, time())
                yield (
                    _instant(midnight + self.begins, self.zone, is_end=False),
                    _instant(midnight + self.ends, self.zone, is_end=True),
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatesWindow:
    """Lasts from the first to the last day, both included."""

    name: str
    zone: ZoneInfo
    first: date
    last: date

    def spans_around(self, moment: datetime) -> Iterator[_Span]:  # noqa: ARG002 — there is one span
        """Yield its span, in UTC."""
        yield (
            _instant(datetime.combine(self.first, time()), self.zone, is_end=False),
            _instant(datetime.combine(self.last, time()) + _DAY, self.zone, is_end=True),
        )


Window: TypeAlias = WeeklyWindow | DatesWindow


def frozen_until(
    windows: Sequence[Mapping[str, Json]], now: datetime
) -> tuple[datetime, str] | None:
    """Return when the freeze that `now` lies in ends, in UTC, and its name; None for no freeze.

    Windows that overlap or adjoin are one freeze, named after the one of them that holds at `now`
    and goes on longest. Raises JournalError for what is no window, PlanError for a time zone that
    this machine does not know.
    """
    parsed = [parse_window(window) for window in windows]
    start = now.astimezone(UTC)
    first = _longest(parsed, start)
    if first is None:
        return None
    end, name = first
    while end - start <= LOOK_AHEAD_MAX and (further := _longest(parsed, end)):
        end = further[0]
    return end, name


def _longest(windows: Sequence[Window], moment: datetime) -> tuple[datetime, str] | None:
    """Return the end and the name of the window that holds at `moment` and goes on longest."""
    holding = [
        (end, window.name)
        for window in windows
        for begin, end in window.spans_around(moment)
        if begin <= moment < end
    ]
    return max(holding, default=None)


def parse_window(data: Mapping[str, Json]) -> Window:
    """Return the window that a spec's `freeze` wrote into a plan."""
    try:
        return _parse(data)
    except ValueError as error:
        raise JournalError(f"not a freeze window: {error}") from error


def _parse(data: Mapping[str, Json]) -> Window:
    name = read_text(data, "name", default="") or "freeze"
    zone = _zone(read_text(data, "timeZone"))
    if data.get("dates") is not None:
        dates = read_object(data["dates"], "dates")
        first, last = (date.fromisoformat(read_text(dates, key)) for key in ("from", "to"))
        if last.year > YEAR_MAX:
            raise ValueError(f"{last} is too far away")
        return DatesWindow(name=name, zone=zone, first=first, last=last)
    days = data.get("days")
    indexes = [DAYS.index(str(day)) for day in (days if isinstance(days, list) else ())]
    begins, ends = (_clock_time(read_text(data, key)) for key in ("from", "to"))
    return WeeklyWindow(
        name=name,
        zone=zone,
        days=frozenset(indexes or range(7)),
        begins=begins,
        ends=ends if ends > begins else ends + _DAY,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise PlanError(
            f"the time zone {name!r} is not known on this machine",
            remedy="install the package tzdata",
        ) from error


def _clock_time(text: str) -> timedelta:
    hours, _, minutes = text.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _instant(wall: datetime, zone: ZoneInfo, *, is_end: bool) -> datetime:
    """Return when a clock in `zone` shows `wall`, in UTC.

    Of two such moments the first, or for an end the last; for a time that is left out the moment at
    which the clock jumps over it.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first > second:
        return _jump(second, first, zone)
    return second if is_end else first


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment between the two from which on the zone's offset is that of `after`."""
    wanted = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + ((after - before) // _SECOND + 1) // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == wanted:
            after = middle
        else:
            before = middle
    return after
