"""Rules on what a gateway cannot tell without a log of its requests."""

from collections.abc import Iterator

from bascule.checks.findings import Finding, Severity
from bascule.routing.weights import TOTAL_BP, Split
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.gating import judges_traffic
from bascule.upgrade.plan.model import Plan, StepKind
from bascule.upgrade.plan.reading import read_holds

LOG = (
    "send the gateway's access log to a Log Analytics workspace by a diagnostic setting, and let "
    "Bascule read it (role gateway-writer)"
)


def lint_measuring(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Say what is to be judged and cannot be told; with a log of each request everything can.

    Whether there is one is not known without a look at the gateway.
    """
    able = facts.capabilities
    if facts.has_request_log or (able.measures_latency and able.tells_clusters_apart):
        return
    holds = [hold for hold in read_holds(plan, facts.split) if judges_traffic(hold.gates)]
    is_apart = able.tells_clusters_apart
    may_share = able.weight_step_bp < TOTAL_BP  # else the split itself is refused
    blind = [h.step.key for h in holds if not is_apart or (may_share and _is_shared(h.split))]
    timed = [h.step.key for h in holds if h.gates.latency and h.step.key not in blind]
    proofs = [step.key for step in plan.steps if step.kind == StepKind.PROVE_IDLE]
    untold = [*blind, *(proofs if not is_apart else ())]
    if untold:
        yield Finding(
            severity=Severity.WARNING if facts.has_request_log is None else Severity.BLOCKER,
            code="CountsNotTold",
            subject=untold[0],
            message=f"{', '.join(untold)}: without a log of its requests this gateway cannot tell "
            f"which cluster answered them{_say_unknown(facts)}; such a step would wait, and ask a "
            "person in the end",
            remedy=f"{LOG}; or move whole hosts by `switchBy: rules`",
        )
    if timed and not able.measures_latency:
        yield Finding(
            severity=Severity.WARNING,
            code="LatencyNotTold",
            subject=timed[0],
            message=f"{', '.join(timed)}: without a log of its requests this gateway does not tell "
            f"how long they took{_say_unknown(facts)}; rules of latency look at nothing there",
            remedy=f"{LOG}; or add a check of your own",
        )


def _is_shared(split: Split) -> bool:
    """Return whether any host is answered by both clusters."""
    return any(weights.only is None for weights in (split.default, *split.by_host.values()))


def _say_unknown(facts: Facts) -> str:
    return ", and whether it has one is not known" if facts.has_request_log is None else ""
