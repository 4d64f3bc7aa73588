"""A verdict as the JSON that the journal keeps and the verbs print."""

from bascule.journal.record import Json
from bascule.report.verdict import Verdict


def summarise(verdict: Verdict) -> dict[str, Json]:
    """Return `verdict` as plain JSON; what is unknown is null, never 0."""
    return {
        "judge": "bascule",
        "holds": verdict.holds,
        "requests": verdict.requests,
        "failed": verdict.failed,
        "excused": verdict.excused,
        "failure_rate_bound": verdict.failure_rate_bound,
        "gateway_requests": verdict.gateway_requests,
        "gateway_failures": verdict.gateway_failures,
        "max_gap_ms": verdict.max_gap_ms,
        "p99_ms": {"baseline": verdict.p99_baseline_ms, "during": verdict.p99_during_ms},
        "wrong_cluster_after_effective": verdict.wrong_cluster,
        "still_open": verdict.still_open,
        "unmeasured": verdict.unmeasured,
        "rules": [
            {"number": rule.number, "holds": rule.holds, "reason": rule.reason}
            for rule in verdict.rules
        ],
        "reasons": list(verdict.reasons),
    }
