"""From values to places on a plot, with ticks at round values."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bascule.report.wording import say_clock, say_date

TICKS_MAX = 6
_EPOCH = datetime(1970, 1, 5, tzinfo=UTC)
"""A Monday."""
_TIME_STEPS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600),
)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Values from `low` to `high` onto 0 to 1; `ticks` are round and include both ends' range."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def place(self, value: float) -> float:
        """Return where `value` lies, 0 to 1; what lies outside is put at the edge."""
        if self.is_log:
            inside = max(value, self.low)
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, share))


def linear_scale(highest: float, *, ticks_max: int = TICKS_MAX) -> Scale:
    """Return the scale from 0 to the first tick that is not below `highest`."""
    step = _round_step(max(highest, 1e-9) / (ticks_max - 1))
    count = max(1, math.ceil(round(highest / step, 9)))
    ticks = tuple(round(step * n, 12) for n in range(count + 1))
    return Scale(low=0.0, high=ticks[-1], ticks=ticks)


def log_scale(lowest: float, highest: float) -> Scale:
    """Return the scale of powers of ten (and 2 and 5 times, for few) around both values."""
    bottom = math.floor(math.log10(max(lowest, 1e-9)))
    top = max(bottom + 1, math.ceil(round(math.log10(max(highest, 1e-9)), 9)))
    ticks = tuple(10.0**n for n in range(bottom, top + 1))
    if len(ticks) <= 2:
        ticks = tuple(sorted({*ticks, *(t * m for t in ticks[:-1] for m in (2, 5))}))
    return Scale(low=ticks[0], high=ticks[-1], ticks=ticks, is_log=True)


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= step * (1 - 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTick:
    """A round moment and what is written below it."""

    at: datetime
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeScale:
    """The time from `from_at` to `to_at` onto 0 to 1."""

    from_at: datetime
    to_at: datetime

    def place(self, at: datetime) -> float:
        """Return where `at` lies, 0 to 1; what lies outside is put at the edge."""
        whole_s = (self.to_at - self.from_at).total_seconds()
        share = (at - self.from_at).total_seconds() / whole_s if whole_s > 0 else 0.0
        return min(1.0, max(0.0, share))

    def holds(self, at: datetime) -> bool:
        """Return whether `at` lies within."""
        return self.from_at <= at <= self.to_at

    def ticks(self) -> tuple[TimeTick, ...]:
        """Return round moments of UTC within the span, few enough to be read."""
        span_s = (self.to_at - self.from_at).total_seconds()
        step_s = next((s for s in _TIME_STEPS_S if span_s / s <= TICKS_MAX), 0)
        step_s = step_s or math.ceil(span_s / TICKS_MAX / 604_800) * 604_800
        since_s = (self.from_at - _EPOCH).total_seconds()
        at = _EPOCH + timedelta(seconds=math.ceil(since_s / step_s) * step_s)
        ticks = []
        while at <= self.to_at:
            ticks.append(TimeTick(at=at, label=_label(at, step_s)))
            at += timedelta(seconds=step_s)
        return tuple(ticks)


def _label(at: datetime, step_s: int) -> str:
    if step_s >= _DAY_S or (at.hour, at.minute, at.second) == (0, 0, 0):
        return say_date(at)
    return say_clock(at)[:5] if step_s >= 60 else say_clock(at)
