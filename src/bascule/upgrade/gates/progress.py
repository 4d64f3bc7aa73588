"""What a step has seen so far: a fold of intervals and check results, kept as JSON between runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.encoding import read_object
from bascule.upgrade.gates.model import CheckResult, Gates, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All that the gates of one step need of the past; `Progress()` has seen nothing."""

    requests_by_cluster: Mapping[Cluster, int] = field(default_factory=dict)


def begin(gates: Gates, baseline: Iterable[Interval] = ()) -> Progress:
    """Return the progress of a step that begins; `baseline` is what was measured just before it.

    Without a baseline the first requests of the step serve as one.
    """
    del gates, baseline
    return Progress()


def absorb(
    progress: Progress,
    gates: Gates,
    intervals: Iterable[Interval],
    results: Iterable[CheckResult] = (),
) -> Progress:
    """Return `progress` after these intervals and check results, oldest first."""
    del gates, results
    requests = dict(progress.requests_by_cluster)
    for interval in intervals:
        for cluster, counts in interval.counts.items():
            requests[cluster] = requests.get(cluster, 0) + counts.requests
    return Progress(requests_by_cluster=requests)


def render_progress(progress: Progress) -> dict[str, Json]:
    """Return the progress as the journal keeps it, beside the evidence."""
    return {"requests": {c.value: n for c, n in progress.requests_by_cluster.items()}}


def parse_progress(data: Json) -> Progress:
    """Return the progress that `render_progress` wrote; raises JournalError for anything else."""
    fields = read_object(data, "progress")
    requests = read_object(fields.get("requests", {}), "requests")
    return Progress(
        requests_by_cluster={Cluster(c): n for c, n in requests.items() if isinstance(n, int)}
    )
