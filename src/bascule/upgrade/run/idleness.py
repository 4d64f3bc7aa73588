"""Proof that a cluster is used by nobody, and how long such a proof is good for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bascule.gateway.driver import Unused
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.gates.model import Counts, Gates, Interval
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.holding import Holding
from bascule.upgrade.run.results import Done, Waits
from bascule.upgrade.run.state import StepState, UpgradeState

TOLD_SHARE = 0.1
"""A cluster is told to be idle once it was so for this share of the time that is asked for: each
request to one that gets some now and then would make two records."""
PROOF_MAX_S = 60.0
"""A proof that is older is made anew: a freeze or a person may have come in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quiet:
    """From when to when a cluster was seen to be idle, without a gap."""

    key: str
    """The step that watched it."""
    since: datetime
    until: datetime
    seq: int
    """Of the last interval; the next one follows it, or there is a gap."""
    evidence: str = ""
    """What shows it where the gateway does not count what is open; else empty."""
    late_s: float = 0.0
    """By so much the first evidence of it came late: as much as the last one will, more or less."""


class Idleness:
    """Watches that nothing is sent to a cluster and nothing is open there."""

    def __init__(self, holding: Holding) -> None:
        self._holding = holding
        self._quiet: _Quiet | None = None
        self._counts: Counts | None = None
        """Of the last interval: a look between two of them says no other thing."""

    def rest(self) -> None:
        """Forget what was seen: no upgrade is under way."""
        self._quiet, self._counts = None, None

    def look(
        self, run: UpgradeState, step: Step, now: datetime, *, needed_s: float
    ) -> Done | Waits:
        """Return whether the step's cluster was idle for `needed_s` until `now`, without a gap."""
        cluster = Cluster(str(step.args.get("cluster")))
        measured = self._holding.measure(run, step, Gates(has_traffic=False))
        for interval in measured.intervals:
            self._quiet = _go_on(self._quiet, interval, cluster, key=step.key, now=now)
            self._counts = interval.counts.get(cluster)
        quiet = self._quiet
        idle_s = 0.0 if quiet is None else (quiet.until - quiet.since).total_seconds()
        if quiet is None or quiet.key != step.key or idle_s < needed_s * TOLD_SHARE:
            return Waits(reason=_say_unproven(self._counts, cluster))
        if idle_s < needed_s:
            due = quiet.since + timedelta(seconds=needed_s + quiet.late_s)
            return Waits(reason=f"{cluster} is idle, and is watched on", until=due)
        output: dict[str, Json] = {
            "cluster": cluster.value,
            "idle_s": round(idle_s, 3),
            "since": quiet.since.isoformat(),
            "requests": 0,
            "open": None if quiet.evidence else 0,
            "sticky_users": 0,  # who keeps to a cluster shows by requests to it
        }
        if quiet.evidence:
            output["evidence"] = quiet.evidence
        return Done(output=output, reason=quiet.evidence)

    def look_again(self, run: UpgradeState, step: Step, now: datetime) -> Waits | None:
        """Return why the proof has to be made anew for `step`; None while it holds.

        A plan without a step that proves it has no proof that could grow old.
        """
        proof = _find_proof(run, step)
        if proof is None:
            return None
        proven, state = proof
        if state.finished is not None:
            age_s = (now - state.finished.at).total_seconds()
            if 0 <= age_s <= PROOF_MAX_S:
                return None
        found = self.look(run, step, now, needed_s=quiet_s(proven))
        return found if isinstance(found, Waits) else None


def quiet_s(step: Step) -> float:
    """Return for how long a step asks that a cluster be idle; 0 where it says nothing."""
    found = step.args.get("quiet_s")
    return float(found) if isinstance(found, int | float) else 0.0


def _find_proof(run: UpgradeState, step: Step) -> tuple[Step, StepState] | None:
    cluster = step.args.get("cluster")
    for proven in reversed(run.plan.steps):
        if proven.kind == StepKind.PROVE_IDLE and proven.args.get("cluster") == cluster:
            return proven, run.step(proven.key)
    return None


def _say_unproven(counts: Counts | None, cluster: Cluster) -> str:
    if counts is not None and counts.open is None and not counts.started:
        return (
            f"{cluster} is not shown to be idle yet: the gateway does not count what is open there,"
            " and what it shows besides is no proof so far"
        )
    return f"{cluster} is not idle yet, or what it gets is not known"


def _go_on(
    quiet: _Quiet | None, interval: Interval, cluster: Cluster, *, key: str, now: datetime
) -> _Quiet | None:
    counts = interval.counts.get(cluster)
    if counts is None or counts.started or counts.open:
        return None
    known = quiet if quiet is not None and quiet.key == key else None
    if counts.open is None:
        return _trust(known, counts.unused, interval, key=key, now=now)
    since = known.since if known is not None and interval.seq == known.seq + 1 else now
    return _Quiet(key=key, since=since, until=now, seq=interval.seq)


def _trust(
    known: _Quiet | None, unused: Unused | None, interval: Interval, *, key: str, now: datetime
) -> _Quiet | None:
    """Return what another proof shows where the gateway does not say what is open there."""
    if unused is None:
        return None
    late_s = (now - unused.until).total_seconds()
    if known is not None and known.since == unused.since:
        late_s = known.late_s
    return _Quiet(
        key=key,
        since=unused.since,
        until=unused.until,
        seq=interval.seq,
        evidence=unused.evidence,
        late_s=late_s,
    )
