"""The verdict on a step: what was seen so far in, pass, hold or fail with reasons out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bascule.journal.record import Json
from bascule.upgrade.gates.findings import Finding, Standing, find_all, render_finding
from bascule.upgrade.gates.histograms import find_percentile
from bascule.upgrade.gates.model import Check, CheckOutcome, Gates, GateVerdict
from bascule.upgrade.gates.progress import CheckTally, Progress, Seen
from bascule.upgrade.gates.wording import say_count, say_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict with its reasons, in plain words, and the numbers behind them.

    `needs_person` says that waiting has gone on for too long: only an approval leads on. `evidence`
    is described in docs/explanation/gates.md; its `missing` names what is waited for, the same from
    look to look while the numbers in `reasons` change.
    """

    verdict: GateVerdict
    reasons: tuple[str, ...] = ()
    evidence: Mapping[str, Json] = field(default_factory=dict)
    needs_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Missing:
    """Something that a step still waits for: a name that stays, and a reason with numbers."""

    name: str
    reason: str


def judge(progress: Progress, gates: Gates, *, elapsed_s: float, hold_s: float) -> Judged:
    """Return what the gates of a step say after `elapsed_s` of its `hold_s` seconds.

    It may be asked as often as one likes: the chance of a false alarm stays below `gates.alpha`.
    """
    findings = find_all(progress, gates)
    failed = [f.reason for f in findings if f.standing is Standing.FAILED]
    failed += [_say_failed(c, t) for c, t in _tallies(progress, gates) if t.streak > c.failures_max]
    missing = _list_missing(progress, gates, findings)
    if elapsed_s < hold_s:
        reason = f"{say_duration(elapsed_s)} of {say_duration(hold_s)}"
        missing = [_Missing(name="time", reason=reason), *missing]
    evidence = _render_evidence(progress, gates, findings)
    evidence |= {"elapsed_s": elapsed_s, "hold_s": hold_s, "missing": [m.name for m in missing]}
    if failed:
        return Judged(verdict=GateVerdict.FAIL, reasons=tuple(failed), evidence=evidence)
    if not missing:
        reasons = tuple(_list_merits(progress, gates, findings, hold_s))
        return Judged(verdict=GateVerdict.PASS, reasons=reasons, evidence=evidence)
    reasons = tuple(m.reason for m in missing)
    needs_person = elapsed_s > hold_s + gates.wait_max_s
    if needs_person:
        late = say_duration(elapsed_s - hold_s)
        reasons += (f"waited {late} beyond its hold: an approval is needed to go on",)
    return Judged(
        verdict=GateVerdict.HOLD, reasons=reasons, evidence=evidence, needs_person=needs_person
    )


def split_alpha(total: float, steps: int) -> float:
    """Return what each of `steps` holds may use of the chance of a false alarm `total`.

    An upgrade whose holds use this much each raises a false alarm with a chance of `total` at most.
    """
    return total / max(1, steps)


def _tallies(progress: Progress, gates: Gates) -> list[tuple[Check, CheckTally]]:
    return [(check, progress.checks.get(check.name, CheckTally())) for check in gates.checks]


def _list_missing(
    progress: Progress, gates: Gates, findings: tuple[Finding, ...]
) -> list[_Missing]:
    missing = []
    requests = progress.seen.get(gates.target, Seen()).requests
    if gates.has_traffic and requests < gates.requests_min:
        seen = f"{requests:,} of {say_count(gates.requests_min, 'request')}"
        missing.append(_Missing(name="requests", reason=f"{seen} seen on {gates.target.value}"))
    for check, tally in _tallies(progress, gates):
        name = f"check {check.name}"
        if tally.passed < check.passes_min:
            answers = say_count(check.passes_min, "good answer")
            reason = f"{name} has given {tally.passed:,} of {answers}{_because(tally)}"
            missing.append(_Missing(name=name, reason=reason))
        elif tally.last is CheckOutcome.FAILED:
            missing.append(_Missing(name=name, reason=f"{name} failed last{_because(tally)}"))
    missing += [
        _Missing(name=finding.rule.name, reason=finding.reason)
        for finding in findings
        if finding.standing is Standing.SUSPECTED
    ]
    return missing


def _list_merits(
    progress: Progress, gates: Gates, findings: tuple[Finding, ...], hold_s: float
) -> list[str]:
    merits = [f"held for {say_duration(hold_s)}"] if hold_s else []
    if gates.has_traffic:
        seen = progress.seen.get(gates.target, Seen())
        failed = f"{seen.failures:,} of {say_count(seen.requests, 'request')}"
        merits.append(f"{failed} failed on {gates.target.value}")
    merits += [f.reason for f in findings if f.standing is Standing.WITHOUT_DATA]
    merits += [
        f"check {check.name} passed {say_count(tally.passed, 'time')}"
        for check, tally in _tallies(progress, gates)
    ]
    return merits


def _say_failed(check: Check, tally: CheckTally) -> str:
    times = say_count(tally.streak, "time")
    return f"check {check.name} failed {times} in a row{_because(tally)}"


def _because(tally: CheckTally) -> str:
    return f": {tally.reason}" if tally.reason else ""


def _render_evidence(
    progress: Progress, gates: Gates, findings: tuple[Finding, ...]
) -> dict[str, Json]:
    return {
        "alpha": gates.alpha,
        "target": gates.target.value,
        "clusters": {cluster.value: _render_seen(s) for cluster, s in progress.seen.items()},
        "tests": [render_finding(finding) for finding in findings],
        "checks": [_render_check(check, tally) for check, tally in _tallies(progress, gates)],
    }


def _render_seen(seen: Seen) -> dict[str, Json]:
    return {
        "requests": seen.requests,
        "failures": seen.failures,
        "success": 1 - seen.failures / seen.requests if seen.requests else None,
        "p50_ms": find_percentile(seen.latency, 50),
        "p95_ms": find_percentile(seen.latency, 95),
        "p99_ms": find_percentile(seen.latency, 99),
    }


def _render_check(check: Check, tally: CheckTally) -> dict[str, Json]:
    return {
        "name": check.name,
        "passed": tally.passed,
        "failed": tally.failed,
        "unknown": tally.unknown,
        "failed_in_a_row": tally.streak,
        "last": None if tally.last is None else tally.last.value,
        "reason": tally.reason,
    }
