"""Every request that was scheduled, one row each, in columns of a few bytes."""

from array import array
from collections.abc import Mapping
from enum import IntEnum

CLUSTERS = ("", "blue", "green")
"""Names by the code in the column; code 0 is an answer that did not say."""

_CODE_BY_CLUSTER = {name.encode(): code for code, name in enumerate(CLUSTERS)}


class Outcome(IntEnum):
    """How a request ended."""

    PENDING = 0
    OK = 1
    BAD_STATUS = 2
    CONNECT = 3
    RESET = 4
    TIMED_OUT = 5
    TLS = 6
    PROTOCOL = 7


class Samples:
    """Rows in the order of their scheduled times (monotonic seconds)."""

    __slots__ = (
        "_code_by_name",
        "cluster",
        "done",
        "finished",
        "lane",
        "outcome",
        "scheduled",
        "sent",
        "status",
        "user",
    )

    def __init__(self, cluster_by_name: Mapping[str, str] | None = None) -> None:
        self._code_by_name = dict(_CODE_BY_CLUSTER)
        for name, cluster in (cluster_by_name or {}).items():
            self._code_by_name[name.encode()] = cluster_code(cluster)
        self.scheduled = array("d")
        self.sent = array("d")
        self.done = array("d")
        self.lane = array("B")
        self.outcome = array("B")
        self.status = array("H")
        self.cluster = array("B")
        self.user = array("i")
        self.finished = array("L")
        """Rows in the order in which they ended."""

    def __len__(self) -> int:
        """Return the number of scheduled requests."""
        return len(self.scheduled)

    def begin(self, scheduled_s: float, lane: int, user: int = -1) -> int:
        """Add a row for a request that is due; returns its number."""
        self.scheduled.append(scheduled_s)
        self.sent.append(0.0)
        self.done.append(0.0)
        self.lane.append(lane)
        self.outcome.append(Outcome.PENDING)
        self.status.append(0)
        self.cluster.append(0)
        self.user.append(user)
        return len(self.scheduled) - 1

    def finish(self, row: int, done_s: float, *, status: int, cluster: bytes) -> None:
        """Record an answer. Any status but 2xx is a failure. A row ends once."""
        if self.outcome[row] != Outcome.PENDING:
            return
        self.outcome[row] = Outcome.OK if 200 <= status < 300 else Outcome.BAD_STATUS
        self.status[row] = status
        self.cluster[row] = self._code_by_name.get(cluster, 0)
        self.done[row] = done_s
        self.finished.append(row)

    def fail(self, row: int, done_s: float, outcome: Outcome) -> None:
        """Record that no answer came. A row ends once."""
        if self.outcome[row] != Outcome.PENDING:
            return
        self.outcome[row] = outcome
        self.done[row] = done_s
        self.finished.append(row)

    def is_pending(self, row: int) -> bool:
        """Whether the row has not ended."""
        return self.outcome[row] == Outcome.PENDING


def cluster_code(name: str) -> int:
    """Return the code of a cluster in the column `cluster`; 0 for a name that is none."""
    return CLUSTERS.index(name) if name in CLUSTERS else 0
