"""Which problems to report now: each once it has lasted, and again only after a long time."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bascule.routing.model import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaLimits:
    """A problem is due after `settle_s`, and again each `repeat_s` while it lasts.

    One that is gone is forgotten after `memory_s`, so that a flapping one is not reported each
    time. Of more than `problems_max` the first by order count.
    """

    settle_s: float = 3.0
    repeat_s: float = 1800.0
    memory_s: float = 600.0
    problems_max: int = 500


@dataclass(slots=True)
class _Entry:
    due_s: float
    gone_since_s: float | None = None


@dataclass(slots=True)
class Agenda:
    """Remembers what was reported; the caller says what the time is."""

    limits: AgendaLimits = field(default_factory=AgendaLimits)
    _entries: dict[Problem, _Entry] = field(default_factory=dict)

    def take(self, problems: Iterable[Problem], now_s: float) -> None:
        """Take these as all the problems that there are."""
        present = set(sorted(problems)[: self.limits.problems_max])
        for problem in present:
            entry = self._entries.setdefault(problem, _Entry(now_s + self.limits.settle_s))
            if entry.gone_since_s is not None:
                entry.gone_since_s = None
                entry.due_s = max(entry.due_s, now_s + self.limits.settle_s)
        for problem, entry in list(self._entries.items()):
            if problem not in present:
                self._let_go(problem, entry, now_s)

    def due(self, now_s: float) -> list[Problem]:
        """Return the problems to report now, sorted."""
        return sorted(
            problem
            for problem, entry in self._entries.items()
            if entry.gone_since_s is None and entry.due_s <= now_s
        )

    def next_due_s(self) -> float | None:
        """Return when the next problem is due, or None when there is none."""
        waiting = [e.due_s for e in self._entries.values() if e.gone_since_s is None]
        return min(waiting, default=None)

    def postpone(self, problem: Problem, until_s: float) -> None:
        """Do not report `problem` before then."""
        entry = self._entries.get(problem)
        if entry is not None:
            entry.due_s = until_s

    def note_reported(self, problem: Problem, now_s: float) -> None:
        """Note that `problem` has been reported."""
        self.postpone(problem, now_s + self.limits.repeat_s)

    def _let_go(self, problem: Problem, entry: _Entry, now_s: float) -> None:
        if entry.gone_since_s is None:
            entry.gone_since_s = now_s
        is_unreported = entry.due_s <= entry.gone_since_s + self.limits.settle_s
        if is_unreported or now_s >= entry.gone_since_s + self.limits.memory_s:
            del self._entries[problem]
