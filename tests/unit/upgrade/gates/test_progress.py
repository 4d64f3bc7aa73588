import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.errors import JournalError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.gates.hung import Span, Watch
from bascule.upgrade.gates.model import CheckOutcome
from bascule.upgrade.gates.progress import (
    CheckTally,
    Progress,
    Seen,
    parse_progress,
    render_progress,
)
from bascule.upgrade.gates.sequential import RATIOS, Evidence, Spread, Tally
from tests.support.gate_values import histogram

COUNT = st.integers(0, 10**6)
TIME = st.floats(min_value=0, max_value=2e9)
HISTOGRAMS = st.none() | st.lists(COUNT, max_size=8).map(lambda row: histogram(*row))
TALLIES = st.builds(Tally, requests=COUNT, bad=COUNT)
COSTS = st.just(()) | st.floats(0, 1e6).map(lambda cost: (cost,) * len(RATIOS))
NAMES = st.text(max_size=5)


def by_cluster(values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[Cluster, object]]:
    return st.dictionaries(st.sampled_from(Cluster), values)


PROGRESS = st.builds(
    Progress,
    seen=by_cluster(st.builds(Seen, requests=COUNT, failures=COUNT, latency=HISTOGRAMS)),
    baseline=HISTOGRAMS,
    bounds_ms=st.dictionaries(NAMES, TIME, max_size=2),
    tests=st.dictionaries(
        NAMES,
        st.builds(
            Evidence,
            target=TALLIES,
            other=TALLIES,
            intervals=COUNT,
            bad_intervals=COUNT,
            costs=COSTS,
            spread=st.builds(
                Spread,
                target_squares=TIME,
                products=TIME,
                other_squares=TIME,
                weights=TIME,
                shares=TIME,
            ),
        ),
        max_size=2,
    ),
    watches=by_cluster(
        st.builds(
            Watch,
            recent=st.lists(
                st.builds(Span, from_s=TIME, to_s=TIME, started=COUNT, fast=COUNT), max_size=3
            ).map(tuple),
            base=st.none() | COUNT,
            ended=COUNT,
            counted=COUNT,
            started=COUNT,
            long=COUNT,
        )
    ),
    last_seq=st.none() | COUNT,
    checks=st.dictionaries(
        NAMES,
        st.builds(
            CheckTally,
            passed=COUNT,
            failed=COUNT,
            unknown=COUNT,
            streak=COUNT,
            last=st.none() | st.sampled_from(CheckOutcome),
            reason=NAMES,
        ),
        max_size=2,
    ),
)


@settings(max_examples=40, deadline=None)
@given(PROGRESS)
def test_progress_comes_back_as_it_was_written(progress: Progress) -> None:
    assert parse_progress(json.loads(json.dumps(render_progress(progress)))) == progress


def test_an_empty_object_is_a_step_that_has_seen_nothing() -> None:
    assert parse_progress({}) == Progress()


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (None, "progress is not an object"),
        ({"seen": {"red": {}}}, "names another cluster"),
        ({"bounds_ms": {"p50": None}}, "p50 is not a number"),
        ({"tests": {"p50": {"target": [1], "other": [1, 2]}}}, "target is not a pair"),
        ({"tests": {"p50": {"costs": [1.0]}}}, "another version"),
        ({"tests": {"p50": {"target": [1, 2], "other": [1, 2]}}}, "spread is not five"),
        ({"watches": {"blue": {"recent": [[1, 2]]}}}, "a span is not four numbers"),
        ({"checks": {"home": {"last": "maybe"}}}, "unknown outcome 'maybe'"),
        ({"last_seq": "one"}, "last_seq is not a whole number"),
    ],
)
def test_what_is_no_progress_is_refused(data: Json, match: str) -> None:
    with pytest.raises(JournalError, match=match):
        parse_progress(data)


SPREAD = Spread(target_squares=1.0, products=2.0, other_squares=3.0, weights=4.0, shares=5.0)


def test_all_that_a_hold_has_seen_comes_back() -> None:
    latency = histogram(1, 2, 3)
    progress = Progress(
        seen={Cluster.BLUE: Seen(requests=6, failures=1, latency=latency)},
        baseline=latency,
        tests={"success": Evidence(spread=SPREAD)},
        watches={Cluster.GREEN: Watch(recent=(Span(from_s=0.0, to_s=1.0, started=5, fast=4),))},
        checks={"home": CheckTally(passed=2, last=CheckOutcome.PASSED, reason="200")},
    )

    assert parse_progress(render_progress(progress)) == progress
