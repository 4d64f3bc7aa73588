from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.lab.load.latency import measure_latency
from bascule.lab.load.stats import Span
from tests.support.load_builder import LANE, SLOW, SWITCH_S, evidence, row_at, rows


def test_steady_traffic_has_no_gap_and_its_latency() -> None:
    report = measure_latency(evidence(rows()))

    assert report.gaps == ()
    assert report.p99_ms.baseline == report.p99_ms.during == 5.0
    assert report.p99_limit_ms == 10.0
    assert report.unmeasured_requests == 0


@settings(max_examples=25)
@given(st.integers(60, 900), st.integers(26, 90))
def test_a_planted_gap_is_always_found(place: int, missing: int) -> None:
    found = rows()
    del found[place : place + missing]

    report = measure_latency(evidence(found))

    assert len(report.gaps) == 1
    assert report.max_gap_ms >= missing * 10


def test_a_gap_within_an_own_stall_is_unmeasured() -> None:
    found = [r for r in rows() if not SWITCH_S + 1 <= r[0] < SWITCH_S + 1.5]
    late = [row_at(SWITCH_S + 1 + i / 100, latency_s=0.5 - i / 100) for i in range(50)]

    report = measure_latency(evidence(found + late, stalls=(Span(SWITCH_S + 1, SWITCH_S + 1.5),)))

    assert report.gaps == ()
    assert len(report.gaps_unmeasured) == 1
    assert report.unmeasured_requests > 0


def test_latency_that_an_own_stall_does_not_explain_stays() -> None:
    found = [r for r in rows() if not SWITCH_S + 1 <= r[0] < SWITCH_S + 1.2]
    slow = [row_at(SWITCH_S + 1 + i / 100, latency_s=0.1) for i in range(20)]

    report = measure_latency(evidence(found + slow, stalls=(Span(SWITCH_S + 1, SWITCH_S + 1.01),)))

    assert report.p99_ms.during == 100.0


def test_latency_counts_from_the_schedule_though_the_request_was_sent_late() -> None:
    on_time = rows()
    late = [(r[0], r[0] + 0.04, *r[2:]) for r in rows(latency_s=0.045)]
    found = [r for r in on_time if r[0] < SWITCH_S] + [r for r in late if r[0] >= SWITCH_S]

    assert measure_latency(evidence(found)).p99_ms.during == 45.0


def test_what_a_slow_request_asked_for_is_not_latency() -> None:
    slow = rows(lane=1, rate=2.0, latency_s=1.005)

    report = measure_latency(evidence(rows() + slow, lanes=(LANE, SLOW)))

    assert report.p99_ms.during == 5.0
    assert report.gaps == ()


def test_without_traffic_everything_is_unknown() -> None:
    report = measure_latency(evidence([]))

    assert report.p99_ms.baseline is None
    assert report.p99_limit_ms is None
