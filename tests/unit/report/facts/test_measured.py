from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.journal.store import Sample
from bascule.report.facts.measured import covered_share, read_samples
from tests.support.made_up_samples import counts, raw, span, traffic
from tests.support.made_up_upgrades import START

BLUE: dict[str, Json] = {
    "requests": 12,
    "failures": 1,
    "open": 3,
    "started": 11,
    "latency": {"bounds_ms": [10, 100], "counts": [10, 1, 1]},
}


def latency_of(data: Json) -> Histogram | None:
    sample = raw(kind="traffic", **span(0, 1), clusters={"blue": {**BLUE, "latency": data}})
    return read_samples([sample]).traffic[0].clusters[Cluster.BLUE].latency


def test_a_sample_of_traffic_holds_the_counts_of_each_cluster_that_is_known() -> None:
    sample = raw(kind="traffic", **span(0, 1), clusters={"blue": BLUE, "green": None})

    (read,) = read_samples([sample]).traffic

    assert list(read.clusters) == [Cluster.BLUE]
    blue = read.clusters[Cluster.BLUE]
    assert (blue.requests, blue.failures, blue.open, blue.started) == (12, 1, 3, 11)
    assert blue.latency == Histogram(bounds_ms=(10, 100), counts=(10, 1, 1))


def test_how_many_were_open_may_be_unknown() -> None:
    sample = raw(kind="traffic", **span(0, 1), clusters={"blue": {**BLUE, "open": None}})

    assert read_samples([sample]).traffic[0].clusters[Cluster.BLUE].open is None


def test_a_sample_without_clusters_knows_none() -> None:
    (read,) = read_samples([raw(kind="traffic", **span(0, 1))]).traffic

    assert dict(read.clusters) == {}


def test_a_sample_of_the_witness_may_lack_its_latency() -> None:
    sample = raw(kind="witness", **span(0, 1), requests=20, failed=1, max_gap_ms=60, p50_ms=None)

    (read,) = read_samples([sample]).witness

    assert (read.requests, read.failed, read.max_gap_ms) == (20, 1, 60)
    assert (read.p50_ms, read.p99_ms) == (None, None)


def test_a_sample_of_a_check_holds_its_answer() -> None:
    sample = raw(2.0, kind="check", name="errors", outcome="passed", value=0.1, reason=None)

    (read,) = read_samples([sample]).checks

    assert (read.name, read.outcome, read.value, read.reason) == ("errors", "passed", 0.1, "")
    assert read.at == START + timedelta(seconds=2)


@pytest.mark.parametrize(
    "sample",
    [
        raw(),
        raw(kind="traffic"),
        raw(kind="witness", **{"from": "yesterday", "to": "today"}),
        raw(kind="witness", **{"from": "2026-01-01T00:00:00", "to": "2026-01-01T00:00:01"}),
        raw(kind="traffic", **span(1, 1)),
        raw(kind="weather", **span(0, 1)),
    ],
)
def test_what_makes_no_sense_is_left_out_and_counted(sample: Sample) -> None:
    read = read_samples([sample])

    assert (read.traffic, read.witness, read.checks, read.unreadable) == ((), (), (), 1)


def test_samples_are_put_in_order() -> None:
    samples = [raw(kind="traffic", **span(n, n + 1)) for n in (2, 0, 1)]

    starts = [sample.from_at for sample in read_samples(samples).traffic]

    assert starts == sorted(starts)


@pytest.mark.parametrize(
    "latency",
    [
        None,
        {"bounds_ms": [10], "counts": [1]},
        {"bounds_ms": [10], "counts": [1, "many"]},
        {"bounds_ms": 10, "counts": []},
        {"bounds_ms": [True], "counts": [1, 2]},
    ],
)
def test_a_histogram_that_does_not_fit_is_not_known(latency: Json) -> None:
    assert latency_of(latency) is None


def test_infinite_counts_are_none() -> None:
    sample = raw(kind="witness", **span(0, 1), requests=float("inf"), failed=-1)

    (read,) = read_samples([sample]).witness

    assert (read.requests, read.failed) == (0, 0)


def test_the_covered_share_counts_no_second_twice() -> None:
    samples = [traffic(0, 4, blue=counts()), traffic(2, 5, blue=counts()), traffic(8, 12)]

    assert covered_share(samples, START, START + timedelta(seconds=10)) == 0.7


def test_no_time_has_no_share() -> None:
    assert covered_share([], START, START) is None


@settings(max_examples=40)
@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()))
def test_no_sample_breaks_the_reading(data: dict[str, Json]) -> None:
    read_samples([Sample(at=START, data={"kind": "traffic", **data})])
