"""What a step has seen so far, and how the journal keeps it between two lives of the tool."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bascule.errors import JournalError
from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.encoding import read_number, read_object, read_text
from bascule.upgrade.gates.encoding import read_count, read_list
from bascule.upgrade.gates.hung import Span, Watch
from bascule.upgrade.gates.model import CheckOutcome
from bascule.upgrade.gates.sequential import RATIOS, Evidence, Spread, Tally

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one cluster did in the step so far."""

    requests: int = 0
    failures: int = 0
    latency: Histogram | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTally:
    """What one check said so far; `unknown` answers change neither `streak` nor `last`."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    streak: int = 0
    """How many failures in a row the last answers are."""
    last: CheckOutcome | None = None
    reason: str = ""
    """What the last answer said, an unknown one too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All that the gates of one step need of the past; `Progress()` has seen nothing."""

    seen: Mapping[Cluster, Seen] = field(default_factory=dict)
    baseline: Histogram | None = None
    """Latencies of the other cluster that were used to fix `bounds_ms`, and for no test."""
    bounds_ms: Mapping[str, float] = field(default_factory=dict)
    """Above which latency a request counts as slow, by rule; fixed before it is used."""
    tests: Mapping[str, Evidence] = field(default_factory=dict)
    """What each rule has to go by, by its name."""
    watches: Mapping[Cluster, Watch] = field(default_factory=dict)
    last_seq: int | None = None
    """Of the last interval; one that does not follow it makes `watches` begin anew."""
    checks: Mapping[str, CheckTally] = field(default_factory=dict)


def render_progress(progress: Progress) -> dict[str, Json]:
    """Return the progress as the journal keeps it, beside the evidence for people."""
    return {
        "seen": {cluster.value: _render_seen(seen) for cluster, seen in progress.seen.items()},
        "baseline": _render_histogram(progress.baseline),
        "bounds_ms": dict(progress.bounds_ms),
        "tests": {name: _render_evidence(test) for name, test in progress.tests.items()},
        "watches": {c.value: _render_watch(found) for c, found in progress.watches.items()},
        "last_seq": progress.last_seq,
        "checks": {name: _render_tally(tally) for name, tally in progress.checks.items()},
    }


def parse_progress(data: Json) -> Progress:
    """Return the progress that `render_progress` wrote. Raises JournalError for anything else."""
    fields = read_object(data, "progress")
    bounds = read_object(fields.get("bounds_ms", {}), "bounds_ms")
    return Progress(
        seen=_by_cluster(_parse_all(fields, "seen", _parse_seen)),
        baseline=_parse_histogram(fields.get("baseline")),
        bounds_ms={name: _number(bounds, name) for name in bounds},
        tests=_parse_all(fields, "tests", _parse_evidence),
        watches=_by_cluster(_parse_all(fields, "watches", _parse_watch)),
        last_seq=_optional_count(fields, "last_seq"),
        checks=_parse_all(fields, "checks", _parse_tally),
    )


def _parse_all(
    fields: Mapping[str, Json], name: str, parse: Callable[[Mapping[str, Json]], T]
) -> dict[str, T]:
    found = read_object(fields.get(name, {}), name)
    return {key: parse(read_object(value, key)) for key, value in found.items()}


def _by_cluster(found: Mapping[str, T]) -> dict[Cluster, T]:
    try:
        return {Cluster(name): value for name, value in found.items()}
    except ValueError as error:
        raise JournalError(f"the progress of a gate names another cluster: {error}") from error


def _render_seen(seen: Seen) -> dict[str, Json]:
    return {
        "requests": seen.requests,
        "failures": seen.failures,
        "latency": _render_histogram(seen.latency),
    }


def _parse_seen(fields: Mapping[str, Json]) -> Seen:
    return Seen(
        requests=read_count(fields, "requests", 0),
        failures=read_count(fields, "failures", 0),
        latency=_parse_histogram(fields.get("latency")),
    )


def _render_histogram(histogram: Histogram | None) -> Json:
    if histogram is None:
        return None
    return {"bounds_ms": list(histogram.bounds_ms), "counts": list(histogram.counts)}


def _parse_histogram(data: Json) -> Histogram | None:
    if data is None:
        return None
    fields = read_object(data, "latency")
    counts = _numbers(fields, "counts")
    return Histogram(
        bounds_ms=_numbers(fields, "bounds_ms"), counts=tuple(int(count) for count in counts)
    )


def _render_evidence(test: Evidence) -> dict[str, Json]:
    return {
        "target": [test.target.requests, test.target.bad],
        "other": [test.other.requests, test.other.bad],
        "intervals": test.intervals,
        "bad_intervals": test.bad_intervals,
        "costs": list(test.costs),
        "spread": [
            test.spread.target_squares,
            test.spread.products,
            test.spread.other_squares,
            test.spread.weights,
            test.spread.shares,
        ],
    }


def _parse_evidence(fields: Mapping[str, Json]) -> Evidence:
    costs = _numbers(fields, "costs")
    if len(costs) not in {0, len(RATIOS)}:
        raise JournalError("a test of a gate was recorded by another version of bascule")
    return Evidence(
        target=_parse_pair(fields, "target"),
        other=_parse_pair(fields, "other"),
        intervals=read_count(fields, "intervals", 0),
        bad_intervals=read_count(fields, "bad_intervals", 0),
        costs=costs,
        spread=_parse_spread(fields),
    )


def _parse_spread(fields: Mapping[str, Json]) -> Spread:
    sums = _numbers(fields, "spread")
    if len(sums) != 5:
        raise JournalError("spread is not five numbers in the progress of a gate")
    squares, products, other_squares, weights, shares = sums
    return Spread(
        target_squares=squares,
        products=products,
        other_squares=other_squares,
        weights=weights,
        shares=shares,
    )


def _parse_pair(fields: Mapping[str, Json], name: str) -> Tally:
    pair = _numbers(fields, name)
    if len(pair) != 2:
        raise JournalError(f"{name} is not a pair of numbers in the progress of a gate")
    return Tally(requests=int(pair[0]), bad=int(pair[1]))


def _render_watch(found: Watch) -> dict[str, Json]:
    return {
        "recent": [[s.from_s, s.to_s, s.started, s.fast] for s in found.recent],
        "base": found.base,
        "ended": found.ended,
        "counted": found.counted,
        "started": found.started,
        "long": found.long,
    }


def _parse_watch(fields: Mapping[str, Json]) -> Watch:
    return Watch(
        recent=tuple(_parse_span(span) for span in read_list(fields, "recent")),
        base=_optional_count(fields, "base"),
        ended=read_count(fields, "ended", 0),
        counted=read_count(fields, "counted", 0),
        started=read_count(fields, "started", 0),
        long=read_count(fields, "long", 0),
    )


def _parse_span(data: Json) -> Span:
    numbers = _numbers({"span": data}, "span")
    if len(numbers) != 4:
        raise JournalError("a span is not four numbers in the progress of a gate")
    from_s, to_s, started, fast = numbers
    return Span(from_s=from_s, to_s=to_s, started=int(started), fast=int(fast))


def _render_tally(tally: CheckTally) -> dict[str, Json]:
    return {
        "passed": tally.passed,
        "failed": tally.failed,
        "unknown": tally.unknown,
        "streak": tally.streak,
        "last": None if tally.last is None else tally.last.value,
        "reason": tally.reason,
    }


def _parse_tally(fields: Mapping[str, Json]) -> CheckTally:
    last = fields.get("last")
    try:
        outcome = None if last is None else CheckOutcome(str(last))
    except ValueError as error:
        raise JournalError(f"a check has the unknown outcome {last!r}") from error
    return CheckTally(
        passed=read_count(fields, "passed", 0),
        failed=read_count(fields, "failed", 0),
        unknown=read_count(fields, "unknown", 0),
        streak=read_count(fields, "streak", 0),
        last=outcome,
        reason=read_text(fields, "reason", default=""),
    )


def _numbers(fields: Mapping[str, Json], name: str) -> tuple[float, ...]:
    return tuple(_number({name: item}, name) for item in read_list(fields, name))


def _number(fields: Mapping[str, Json], name: str) -> float:
    value = read_number(fields, name)
    if value is None:
        raise JournalError(f"{name} is not a number in the progress of a gate")
    return value


def _optional_count(fields: Mapping[str, Json], name: str) -> int | None:
    return None if fields.get(name) is None else read_count(fields, name, 0)
