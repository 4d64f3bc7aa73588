from dataclasses import replace

import pytest

from bascule.checks.findings import Severity
from bascule.upgrade.gates.model import Gates, LatencyRule
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.model import Plan, Step, StepKind
from bascule.upgrade.plan.rules_of_measuring import lint_measuring
from bascule.upgrade.run.stages import Stage
from tests.support.planning import KNOWN, SLOW
from tests.support.plans import build_plan, hold, weights

JUDGED = Gates(success_min=0.95)
TIMED = Gates(latency=(LatencyRule(percentile=99, max_ms=500.0),))


def able(*, apart: bool = True, log: bool | None = False, step_bp: int = 1) -> Facts:
    """Return what is known of a gateway whose counts tell no more than this."""
    found = replace(
        SLOW.capabilities,
        measures_latency=False,
        tells_clusters_apart=apart,
        weight_step_bp=step_bp,
    )
    return replace(SLOW, capabilities=found, has_request_log=log)


def held(gates: Gates, percent: int = 100) -> Plan:
    return build_plan([weights(percent), hold("look", Stage.SHIFT, 300, gates)])


def proof() -> Step:
    return Step(key="idle", kind=StepKind.PROVE_IDLE, stage=Stage.RETIRE, title="idle")


def codes(plan: Plan, facts: Facts) -> list[tuple[str, Severity, str]]:
    return [(each.code, each.severity, each.subject) for each in lint_measuring(plan, facts)]


@pytest.mark.parametrize(("log", "severity"), [(False, Severity.BLOCKER), (None, Severity.WARNING)])
def test_a_split_host_is_judged_by_a_log_alone(*, log: bool | None, severity: Severity) -> None:
    assert codes(held(JUDGED, 50), able(log=log)) == [("CountsNotTold", severity, "look")]
    assert codes(held(JUDGED, 100), able(log=log)) == []
    assert codes(held(JUDGED, 50), able(log=log, step_bp=10_000)) == []


def test_where_pools_change_clusters_nothing_is_judged_nor_proven_idle_without_a_log() -> None:
    facts = able(apart=False)

    assert codes(held(TIMED), facts) == [("CountsNotTold", Severity.BLOCKER, "look")]
    assert codes(build_plan([proof()]), facts) == [("CountsNotTold", Severity.BLOCKER, "idle")]
    assert codes(build_plan([proof()]), able()) == []


def test_latencies_look_at_nothing_without_a_log() -> None:
    (found,) = lint_measuring(held(TIMED), able())
    (unknown,) = lint_measuring(held(TIMED), able(log=None))

    assert (found.code, found.severity) == ("LatencyNotTold", Severity.WARNING)
    assert "not known" not in found.message
    assert "role gateway-writer" in found.remedy
    assert unknown.severity is Severity.WARNING
    assert "whether it has one is not known" in unknown.message


def test_with_a_log_everything_is_told() -> None:
    assert codes(held(TIMED, 50), able(apart=False, log=True)) == []


def test_what_is_judged_by_nothing_that_is_counted_needs_no_log() -> None:
    nothing = Gates(has_traffic=False)

    assert codes(held(nothing, 50), able(apart=False)) == []
    assert codes(held(TIMED, 50), KNOWN) == []
    assert codes(held(JUDGED), able()) == []
