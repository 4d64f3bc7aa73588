"""What a run left behind, and the windows in which it is judged."""

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property

from bascule.lab.load.orders import Command, Story
from bascule.lab.load.plan import Lane, LaneKind, Plan, StreamKind
from bascule.lab.load.samples import Outcome, Samples
from bascule.lab.load.stats import Span, Stalls
from bascule.lab.load.streams import StreamRecord


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that a verdict is made from. Times are monotonic seconds of this machine."""

    plan: Plan
    samples: Samples
    started_s: float
    stopped_s: float
    streams: tuple[StreamRecord, ...] = ()
    stalls: tuple[Span, ...] = ()
    story: Story = field(default_factory=Story)

    @cached_property
    def own_stalls(self) -> Stalls:
        """When the generator itself stood still."""
        return Stalls(self.stalls)

    @property
    def whole(self) -> Span:
        """From the end of the warm-up to the last scheduled request."""
        return Span(self.started_s + self.plan.warm_up_s, self.stopped_s)

    @property
    def baseline(self) -> Span | None:
        """From the end of the warm-up to the first command; None when nothing was switched."""
        if not self.story.commands:
            return None
        return Span(self.whole.from_s, self.story.commands[0].begun_s)

    @property
    def during(self) -> Span | None:
        """From the first command to the end; None when nothing was switched."""
        if not self.story.commands:
            return None
        return Span(self.story.commands[0].begun_s, self.stopped_s)

    def lane_of(self, row: int) -> Lane:
        """Return the lane of a row."""
        return self.plan.lanes[self.samples.lane[row]]

    def latency_s(self, row: int) -> float:
        """Return the time from schedule to answer, without what a slow request asked for."""
        asked_s = self.lane_of(row).slow_ms / 1000
        return self.samples.done[row] - self.samples.scheduled[row] - asked_s

    def rows_in(self, span: Span) -> range:
        """Return the rows scheduled in `span`, its end left out."""
        scheduled = self.samples.scheduled
        return range(bisect_left(scheduled, span.from_s), bisect_left(scheduled, span.to_s))

    def is_ok(self, row: int) -> bool:
        """Whether the row was answered as it should be."""
        return self.samples.outcome[row] == Outcome.OK

    def next_begun_s(self, command: Command) -> float:
        """Return when the command after `command` began; infinite after the last."""
        later = [c.begun_s for c in self.story.commands if c.begun_s > command.begun_s]
        return min(later, default=float("inf"))

    def left_out(self) -> tuple[str, ...]:
        """Return the kinds of traffic that this run did not carry."""
        carried = {str(lane.kind) for lane in self.plan.lanes}
        carried |= {str(lane.kind) for lane in self.plan.streams}
        known = (*map(str, LaneKind), *map(str, StreamKind))
        return tuple(kind for kind in known if kind not in carried)
