import json
from datetime import UTC, datetime, timedelta

import pytest

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.probes.points import Seen, render_check, render_traffic, summarise_witness
from bascule.report.samples import Sample, Samples
from bascule.routing.weights import Split, Weights
from bascule.upgrade.gates.model import CheckOutcome, CheckResult, Counts, Interval

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(seconds=1)


def sample(at_s: float, *, target: str = "t", took_s: float = 0.01, status: int = 200) -> Sample:
    return Sample(
        target=target,
        scheduled_s=at_s,
        sent_s=at_s,
        done_s=at_s + took_s,
        status=status,
        error="" if status else "reset",
    )


def summarise(*samples: Sample, before: dict[str, float] | None = None, to_s: float = 1.0) -> Seen:
    window = Samples(from_s=0.0, to_s=to_s, interval_s=0.05, samples=samples)
    seen = summarise_witness(window, before or {}, from_at=AT, to_at=LATER)
    assert seen is not None
    return seen


def test_a_point_of_the_traffic_has_what_both_clusters_did_and_the_split() -> None:
    counts = Counts(
        requests=9,
        failures=1,
        abandoned=4,
        started=10,
        open=2,
        latency=Histogram(bounds_ms=(1.0,), counts=(9, 0)),
    )
    interval = Interval(
        seq=1,
        from_at=AT,
        to_at=LATER,
        counts={Cluster.GREEN: counts, Cluster.BLUE: Counts(requests=3)},
    )

    document = render_traffic(interval, Split(Weights(7_500)))

    assert json.loads(json.dumps(document)) == {
        "kind": "traffic",
        "from": "2026-01-01T00:00:00+00:00",
        "to": "2026-01-01T00:00:01+00:00",
        "clusters": {
            "blue": {
                "requests": 3,
                "failures": 0,
                "abandoned": 0,
                "open": 0,
                "started": 0,
                "latency": None,
            },
            "green": {
                "requests": 9,
                "failures": 1,
                "abandoned": 4,
                "open": 2,
                "started": 10,
                "latency": {"bounds_ms": [1.0], "counts": [9, 0]},
            },
        },
        "split": {"blue_bp": 7_500, "green_bp": 2_500},
    }


def test_a_point_of_a_check_holds_its_answer_and_no_value_that_json_cannot_hold() -> None:
    result = CheckResult(
        name="p", at=AT, outcome=CheckOutcome.FAILED, reason="r", value=float("inf")
    )

    assert render_check(result) == {
        "kind": "check",
        "name": "p",
        "outcome": "failed",
        "value": None,
        "reason": "r",
    }


def test_a_point_of_the_witness_counts_failures_and_takes_latencies_of_the_others() -> None:
    seen = summarise(
        sample(0.1), sample(0.2, took_s=0.03), sample(0.3, status=503), sample(0.4, status=0)
    )

    assert seen.document["requests"] == 4
    assert seen.document["failed"] == 2
    assert seen.document["p50_ms"] == pytest.approx(10)
    assert seen.document["p99_ms"] == pytest.approx(30)
    assert seen.document["interval_ms"] == 50


def test_a_gap_reaches_back_to_the_last_success_before_the_window() -> None:
    seen = summarise(sample(0.5), before={"t": -2.0})

    assert seen.document["max_gap_ms"] == pytest.approx(2_510)
    assert seen.successes == {"t": pytest.approx(0.51)}


def test_a_gap_that_lasts_grows_from_point_to_point() -> None:
    first = summarise(sample(0.2), sample(0.8, status=503))
    window = Samples(from_s=1.0, to_s=2.0, interval_s=0.05, samples=(sample(1.5, status=0),))
    second = summarise_witness(window, first.successes, from_at=AT, to_at=LATER)

    assert second is not None
    assert first.document["max_gap_ms"] == pytest.approx(790)
    assert second.document["max_gap_ms"] == pytest.approx(1_790)


@pytest.mark.parametrize(
    ("interval_s", "gap_ms", "told"),
    [(0.05, 120, True), (0.125, 240, True), (0.5, 900, False), (0.5, 1_100, True)],
    ids=["closely", "closely-enough", "seldom", "seldom-and-long"],
)
def test_a_gap_that_the_witness_cannot_see_for_its_own_pauses_is_not_told(
    interval_s: float, gap_ms: float, *, told: bool
) -> None:
    window = Samples(
        from_s=0.0, to_s=2.0, interval_s=interval_s, samples=(sample(1.99, took_s=0.01),)
    )
    before = {"t": 2.0 - gap_ms / 1000}

    seen = summarise_witness(window, before, from_at=AT, to_at=LATER)

    assert seen is not None
    found = seen.document["max_gap_ms"]
    assert (found == pytest.approx(gap_ms)) if told else (found is None)


def test_without_any_success_no_gap_and_no_latency_is_known() -> None:
    seen = summarise(sample(0.2, status=500))

    assert seen.document["max_gap_ms"] is None
    assert seen.document["p50_ms"] is None
    assert seen.successes == {}


def test_a_target_that_is_not_asked_any_more_leaves_no_gap() -> None:
    seen = summarise(sample(0.5, target="new"), before={"old": -100.0})

    assert seen.document["max_gap_ms"] == pytest.approx(490)


def test_a_time_without_a_request_is_no_point() -> None:
    window = Samples(from_s=0.0, to_s=1.0, interval_s=0.05)

    assert summarise_witness(window, {}, from_at=AT, to_at=LATER) is None
