"""What a running upgrade works with beside traffic, in memory: checks, metrics, hooks."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from typing_extensions import override

from bascule.checks.findings import Finding
from bascule.checks.writers import only_writers
from bascule.errors import BasculeError, OutcomeUnknownError
from bascule.ids import Cluster
from bascule.upgrade.gates.model import Check, CheckOutcome, CheckResult, Counts, Interval
from bascule.upgrade.ports import Asked, Backends, HookRun, Measured, Measuring
from tests.support.virtual_clock import VirtualClock

INTERVAL_S = 1.0


@dataclass(slots=True)
class FakeChecks:
    """Implements `bascule.upgrade.ports.Checks`."""

    findings: tuple[Finding, ...] = ()

    async def find(self) -> tuple[Finding, ...]:
        return self.findings

    async def find_writers(self) -> tuple[Finding, ...]:
        return only_writers(self.findings)


@dataclass(slots=True)
class FakeBackends(Backends):
    """Says the same of all backends of a cluster, and keeps of which hosts it was asked."""

    answers: dict[Cluster, Asked] = field(default_factory=dict)
    asked: list[tuple[Cluster, frozenset[str], float]] = field(default_factory=list)
    hosts: tuple[str, ...] = ("a.test", "b.test")

    @override
    def ask(self, cluster: Cluster, is_meant: Callable[[str], bool], *, within_s: float) -> Asked:
        meant = frozenset(host for host in self.hosts if is_meant(host))
        self.asked.append((cluster, meant, within_s))
        return self.answers.get(cluster, Asked())


CountsOf = Callable[[datetime], dict[Cluster, Counts]]


def quiet(at: datetime) -> dict[Cluster, Counts]:
    """Both clusters are known to do nothing."""
    del at
    return {cluster: Counts() for cluster in Cluster}


@dataclass(slots=True)
class FakeMetrics:
    """Implements `bascule.upgrade.ports.Metrics`: one interval a second of the virtual clock."""

    clock: VirtualClock
    interval_s: float = INTERVAL_S
    counts_of: CountsOf = quiet
    outcome_of: Callable[[Check], CheckOutcome] = lambda _: CheckOutcome.PASSED
    wanted: Measuring | None = None
    asked: list[Measuring | None] = field(default_factory=list)
    _since: float | None = None
    _seq: int = 0

    def measure(self, wanted: Measuring | None) -> None:
        if wanted == self.wanted:
            return
        self.wanted = wanted
        self.asked.append(wanted)
        self._since = self.clock.monotonic_s() if wanted is not None else None

    def take(self) -> Measured:
        if self.wanted is None or self._since is None:
            return Measured()
        intervals: list[Interval] = []
        while self._since + self.interval_s <= self.clock.monotonic_s():
            self._seq += 1
            self._since += self.interval_s
            to_at = self.clock.now()
            intervals.append(
                Interval(
                    seq=self._seq,
                    from_at=to_at - timedelta(seconds=self.interval_s),
                    to_at=to_at,
                    counts=self.counts_of(to_at),
                )
            )
        results = self._results(self.wanted.checks) if intervals else ()
        return Measured(intervals=tuple(intervals), results=tuple(results))

    def _results(self, checks: Iterable[Check]) -> Iterable[CheckResult]:
        for check in checks:
            outcome = self.outcome_of(check)
            yield CheckResult(
                name=check.name, at=self.clock.now(), outcome=outcome, reason=outcome.value
            )


@dataclass(slots=True)
class FakeHooks:
    """Implements `bascule.upgrade.ports.Hooks`; `ran` outlives the executor."""

    ran: list[HookRun] = field(default_factory=list)
    failures: list[BasculeError] = field(default_factory=list)
    when_run: Callable[[HookRun], None] = lambda _: None
    is_endless: bool = False
    """Whether a command runs until it is called back."""

    async def run(self, hook: HookRun, is_called_back: Callable[[], Awaitable[bool]]) -> str:
        self.ran.append(hook)
        self.when_run(hook)
        if await is_called_back():
            raise OutcomeUnknownError("it was called back")
        assert not self.is_endless, "nobody ends it"
        if self.failures:
            raise self.failures.pop(0)
        return "done"
