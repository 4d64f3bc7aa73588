from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.ids import Cluster
from bascule.report.facts.failures import SPANS_MAX, read_failures, read_spans
from bascule.report.facts.measured import Measured, TrafficSample, WitnessSample
from bascule.report.facts.model import Counted, FailureFacts, GateCounts, SplitPoint
from bascule.report.facts.traffic import read_traffic
from tests.support.made_up_samples import counts, traffic, witness
from tests.support.made_up_upgrades import START

WHOLE = (START, START + timedelta(seconds=100))


def point(at_s: float, green_bp: int) -> SplitPoint:
    return SplitPoint(
        at=START + timedelta(seconds=at_s), blue_bp=10_000 - green_bp, green_bp=green_bp
    )


SPLIT = (point(0, 0), point(10, 500), point(20, 0))


def failures(
    samples: Sequence[TrafficSample],
    seen: Sequence[WitnessSample] = (),
    split: Sequence[SplitPoint] = SPLIT,
    gates: GateCounts | None = None,
) -> FailureFacts:
    measured = Measured(traffic=tuple(samples), witness=tuple(seen))
    return read_failures(measured, read_traffic(samples, whole=WHOLE, shift=None), split, gates)


def test_what_green_itself_failed_is_told_apart() -> None:
    facts = failures([traffic(12, 13, blue=counts(90), green=counts(10, 4))])

    assert (facts.total, facts.blue, facts.green, facts.other_than_green) == (4, 0, 4, 0)
    assert facts.sentence == (
        "Failed requests other than those that green itself failed: 0; green itself failed 4."
    )


def test_failures_of_blue_are_others_and_those_before_the_first_change_are_its_own() -> None:
    samples = [traffic(1, 2, blue=counts(90, 3)), traffic(15, 16, blue=counts(90, 2))]

    facts = failures(samples)

    assert (facts.blue, facts.blue_before_change, facts.other_than_green) == (5, 3, 5)
    assert facts.green is None
    assert "green itself failed an unknown number" in facts.sentence


def test_without_any_change_all_failures_of_blue_are_its_own() -> None:
    facts = failures([traffic(15, 16, blue=counts(90, 2))], split=(point(0, 0),))

    assert facts.blue_before_change == 2


def test_failures_of_green_without_weight_reached_no_user_by_the_split() -> None:
    samples = [
        traffic(5, 6, green=counts(5, 2)),
        traffic(9.5, 10.5, green=counts(5, 1)),
        traffic(15, 16, green=counts(5, 1)),
        traffic(21, 22, green=counts(5, 3)),
    ]

    facts = failures(samples)

    assert (facts.green, facts.green_without_weight) == (7, 5)


def test_failures_of_the_witness_that_no_cluster_counted_are_others() -> None:
    samples = [traffic(n, n + 1, blue=counts(90), green=counts(5, n == 12)) for n in range(30)]

    facts = failures(samples, [witness(12, 13, failed=1), witness(20, 21, failed=3)])

    assert (facts.witness_unexplained, facts.other_than_green, facts.total) == (3, 3, 4)


def test_what_the_witness_gave_up_on_a_cluster_that_hangs_is_that_clusters() -> None:
    samples = [
        traffic(n, n + 1, blue=counts(900, abandoned=1), green=counts(50, abandoned=2 * (n == 14)))
        for n in range(12, 20)
    ]

    facts = failures(samples, [witness(12, 13, failed=2)])

    assert (facts.green, facts.green_unanswered, facts.green_given_up) == (2, 2, 2)
    assert (facts.blue, facts.blue_unanswered, facts.blue_given_up) == (0, None, 8)
    assert (facts.other_than_green, facts.witness_unexplained) == (0, 0)
    assert facts.sentence.endswith(
        "green itself failed 2. Clients gave up 2 on green and 8 on blue before an answer began."
    )


def test_what_the_witness_gave_up_beyond_that_is_the_other_clusters_and_then_nobodys() -> None:
    samples = [traffic(12, 13, blue=counts(900, abandoned=1), green=counts(50, abandoned=2))]

    facts = failures(samples, [witness(12, 13, failed=5)])

    assert (facts.green_unanswered, facts.blue_unanswered, facts.witness_unexplained) == (2, 1, 2)
    assert (facts.total, facts.other_than_green) == (5, 3)


def test_what_is_counted_as_failed_after_the_witness_gave_up_explains_nothing() -> None:
    samples = [traffic(12, 13, blue=counts(90)), traffic(15, 16, green=counts(5, 1))]

    assert failures(samples, [witness(12, 13, failed=1)]).witness_unexplained == 1


def test_a_cluster_without_requests_explains_nothing() -> None:
    samples = [traffic(12, 13, blue=counts(0), green=counts(0))]

    assert failures(samples, [witness(12, 13, failed=1)]).witness_unexplained == 1


def test_without_the_gateways_counts_whose_they_were_is_not_known() -> None:
    facts = failures([], [witness(0, 1, failed=2)])

    assert (facts.other_than_green, facts.total, facts.witness_unexplained) == (None, 2, 2)
    assert (facts.green_without_weight, facts.blue_before_change) == (None, None)
    assert "is not known" in facts.sentence


def test_without_anything_nothing_is_known() -> None:
    assert failures([]).total is None


def test_without_a_witness_the_gateways_count_stands() -> None:
    assert failures([traffic(0, 1, blue=counts(9, 1))]).total == 1


def test_what_the_gates_counted_stands_where_samples_were_thinned() -> None:
    gates = GateCounts(
        covered_share=0.9,
        clusters={Cluster.BLUE: None, Cluster.GREEN: Counted(requests=500, failures=6)},
        blue_before_change=0,
        green_without_weight=1,
    )

    facts = failures([traffic(12, 13, blue=counts(90), green=counts(10, 4))], gates=gates)

    assert (facts.green, facts.green_without_weight, facts.total) == (6, 1, 6)
    assert (facts.requests, facts.counted_share) == (590, 0.9)


def test_what_the_gates_counted_stands_without_any_samples() -> None:
    gates = GateCounts(
        covered_share=0.9,
        clusters={Cluster.BLUE: Counted(requests=9, failures=0), Cluster.GREEN: None},
        blue_before_change=0,
        green_without_weight=0,
    )

    facts = failures([], gates=gates)

    assert (facts.blue, facts.green, facts.other_than_green) == (0, None, 0)


def test_failures_close_to_each_other_are_one_span() -> None:
    samples = [
        traffic(0, 1, green=counts(5, 1)),
        traffic(1, 2, green=counts(5)),
        traffic(2, 3, green=counts(5, 2), blue=counts(9, 1)),
        traffic(60, 61, green=counts(5, 1)),
    ]

    spans = [(s.cluster, s.failures, s.requests) for s in read_spans(samples)]

    assert spans == [(Cluster.GREEN, 3, 10), (Cluster.BLUE, 1, 9), (Cluster.GREEN, 1, 5)]


def test_many_spans_are_joined_until_they_can_be_read() -> None:
    samples = [traffic(n * 60, n * 60 + 1, green=counts(9, 1)) for n in range(SPANS_MAX * 2)]

    spans = read_spans(samples)

    assert [span.failures for span in spans] == [SPANS_MAX * 2]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 3)), max_size=100))
def test_the_spans_have_every_failure_once_and_are_few(found: list[tuple[int, int]]) -> None:
    samples = [traffic(at, at + 1, green=counts(9, failed)) for at, failed in sorted(found)]

    spans = read_spans(samples)

    assert sum(span.failures for span in spans) == sum(failed for _, failed in found)
    assert len(spans) <= SPANS_MAX
