import json

import pytest

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.gates.absorbing import absorb
from bascule.upgrade.gates.judge import Judged, judge, split_alpha
from bascule.upgrade.gates.model import (
    Check,
    CheckOutcome,
    CheckResult,
    CheckType,
    Gates,
    GateVerdict,
    Interval,
)
from bascule.upgrade.gates.progress import Progress
from tests.support.gate_values import counts, histogram, interval, intervals, results

HOME = Check(name="home", type=CheckType.HTTP, failures_max=1, passes_min=2)
GATES = Gates(requests_min=100, success_min=0.99, below_blue_max=0.002, checks=(HOME,))
CHECKS_ONLY = Gates(has_traffic=False, checks=(HOME,))
GOOD = results("home", CheckOutcome.PASSED, CheckOutcome.PASSED)
HEALTHY = intervals(4, blue=counts(950, 1), green=counts(50))


def look(
    gates: Gates,
    seen: list[Interval] | None = None,
    answers: tuple[CheckResult, ...] | list[CheckResult] = (),
    *,
    elapsed_s: float = 300,
) -> Judged:
    """Return the verdict of a step that holds for 5 minutes."""
    progress = absorb(Progress(), gates, seen or [], answers)
    return judge(progress, gates, elapsed_s=elapsed_s, hold_s=300)


def test_a_step_passes_when_all_is_well_and_its_time_is_over() -> None:
    judged = look(GATES, HEALTHY, [*GOOD])

    assert judged.verdict is GateVerdict.PASS
    assert judged.reasons == (
        "held for 5 min",
        "0 of 200 requests failed on green",
        "check home passed 2 times",
    )
    assert judged.evidence["missing"] == []


def test_a_step_holds_for_its_time() -> None:
    judged = look(GATES, HEALTHY, [*GOOD], elapsed_s=200)

    assert judged.verdict is GateVerdict.HOLD
    assert judged.reasons == ("3 min 20 s of 5 min",)
    assert judged.evidence["missing"] == ["time"]


def test_silence_is_not_success() -> None:
    judged = look(GATES, [interval(blue=counts(950), green=counts(12))], [*GOOD])

    assert judged.verdict is GateVerdict.HOLD
    assert judged.reasons == ("12 of 100 requests seen on green",)
    assert judged.evidence["missing"] == ["requests"]


def test_without_traffic_requests_are_not_waited_for() -> None:
    judged = look(CHECKS_ONLY, [], [*GOOD])

    assert judged.verdict is GateVerdict.PASS
    assert judged.reasons == ("held for 5 min", "check home passed 2 times")


def test_a_step_without_gates_only_takes_its_time() -> None:
    nothing = Gates(has_traffic=False)

    assert judge(Progress(), nothing, elapsed_s=0, hold_s=0) == Judged(
        verdict=GateVerdict.PASS,
        evidence={
            "alpha": 0.001,
            "target": "green",
            "clusters": {},
            "tests": [],
            "checks": [],
            "elapsed_s": 0,
            "hold_s": 0,
            "missing": [],
        },
    )


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ((), "check home has given 0 of 2 good answers"),
        (("passed",), "check home has given 1 of 2 good answers: status 200"),
        (("passed", "passed", "failed"), "check home failed last: status 200"),
        (("unknown",), "check home has given 0 of 2 good answers: status 200"),
    ],
)
def test_a_step_waits_for_good_answers(outcomes: tuple[str, ...], reason: str) -> None:
    answers = results("home", *map(CheckOutcome, outcomes), reason="status 200")

    judged = look(CHECKS_ONLY, [], [*answers])

    assert judged.verdict is GateVerdict.HOLD
    assert judged.reasons == (reason,)
    assert judged.evidence["missing"] == ["check home"]


def test_a_check_that_failed_too_often_in_a_row_fails_the_step_at_once() -> None:
    answers = results("home", CheckOutcome.FAILED, CheckOutcome.FAILED, reason="status 500")

    judged = look(GATES, HEALTHY, [*GOOD, *answers], elapsed_s=20)

    assert judged.verdict is GateVerdict.FAIL
    assert judged.reasons == ("check home failed 2 times in a row: status 500",)


def test_a_broken_test_fails_the_step_at_once() -> None:
    bad = intervals(5, blue=counts(950, 1), green=counts(50, 10))

    judged = look(GATES, bad, elapsed_s=20)

    assert judged.verdict is GateVerdict.FAIL
    assert [reason.partition(":")[0] for reason in judged.reasons] == [
        "success rate is broken",
        "success rate against blue is broken",
    ]


def test_a_step_in_doubt_is_not_passed() -> None:
    once = [*HEALTHY[:3], interval(4, blue=counts(950), green=counts(50, 14))]

    judged = look(GATES, once, [*GOOD])

    assert judged.verdict is GateVerdict.HOLD
    assert judged.evidence["missing"] == ["success rate", "success rate against blue"]


def test_at_100_percent_the_reasons_say_that_nothing_was_compared() -> None:
    judged = look(GATES, intervals(4, green=counts(1_000)), [*GOOD])

    assert judged.verdict is GateVerdict.PASS
    assert (
        "success rate against blue has nothing to compare: "
        "too little of green and blue at the same time"
    ) in judged.reasons


def test_a_step_that_waits_for_too_long_needs_a_person() -> None:
    soon = look(GATES, [], [*GOOD], elapsed_s=300 + 3_600)
    late = look(GATES, [], [*GOOD], elapsed_s=300 + 3_601)

    assert not soon.needs_person
    assert late.needs_person
    assert late.verdict is GateVerdict.HOLD
    assert late.reasons == (
        "0 of 100 requests seen on green",
        "waited 1 h beyond its hold: an approval is needed to go on",
    )


def test_the_judged_cluster_may_be_blue() -> None:
    gates = Gates(target=Cluster.BLUE, requests_min=1, hung_after_s=None)

    judged = look(gates, [interval(green=counts(100))])

    assert judged.reasons == ("0 of 1 request seen on blue",)


def test_the_evidence_has_the_numbers_of_clusters_tests_and_checks() -> None:
    fast = intervals(2, green=counts(100, 1, latency=histogram(0, 100)))

    evidence = look(GATES, fast, [*GOOD]).evidence

    assert evidence["clusters"] == {
        "green": {
            "requests": 200,
            "failures": 2,
            "success": 0.99,
            "p50_ms": 17.5,
            "p95_ms": 24.25,
            "p99_ms": 24.85,
        }
    }
    assert _names(evidence["tests"]) == [
        "success rate",
        "success rate against blue",
        "hung requests against blue",
    ]
    assert evidence["checks"] == [
        {
            "name": "home",
            "passed": 2,
            "failed": 0,
            "unknown": 0,
            "failed_in_a_row": 0,
            "last": "passed",
            "reason": "",
        }
    ]
    assert json.loads(json.dumps(evidence, allow_nan=False)) == evidence


def test_a_cluster_without_requests_has_no_share_of_successes() -> None:
    clusters = look(GATES, [interval(green=counts())]).evidence["clusters"]

    assert isinstance(clusters, dict)
    assert clusters["green"] == {
        "requests": 0,
        "failures": 0,
        "success": None,
        "p50_ms": None,
        "p95_ms": None,
        "p99_ms": None,
    }


def test_the_chance_of_a_false_alarm_is_spread_evenly_over_the_holds() -> None:
    assert split_alpha(0.01, 5) == pytest.approx(0.002)
    assert split_alpha(0.01, 0) == 0.01


def _names(tests: Json) -> list[Json]:
    assert isinstance(tests, list)
    return [test["name"] for test in tests if isinstance(test, dict)]
