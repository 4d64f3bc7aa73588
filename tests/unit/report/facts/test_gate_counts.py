from datetime import timedelta

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.report.facts.gate_counts import read_gate_counts
from bascule.report.facts.model import Counted, GateCounts, SplitPoint
from bascule.report.facts.run_log import read_run
from bascule.upgrade.run.events import GateJudged, StepStarted
from tests.support.made_up_upgrades import START, MadeUp, made_up

SPLIT = (
    SplitPoint(at=START, blue_bp=10_000, green_bp=0),
    SplitPoint(at=START + timedelta(seconds=15), blue_bp=5_000, green_bp=5_000),
)


def judge(made: MadeUp, key: str, elapsed_s: Json, **clusters: Json) -> None:
    told: dict[str, Json] = dict(clusters)
    evidence: dict[str, Json] = {"elapsed_s": elapsed_s, "clusters": told}
    made.say(GateJudged(upgrade="up", key=key, verdict="hold", evidence=evidence))


def counts_of(made: MadeUp, split: tuple[SplitPoint, ...] = SPLIT) -> GateCounts | None:
    return read_gate_counts(read_run(made.records, "up"), split, whole_s=40.0)


def test_the_last_word_of_each_hold_counts_with_the_split_that_stood() -> None:
    made = made_up()
    made.say(StepStarted(upgrade="up", key="verify", attempt=1))
    made.wait(5)
    judge(made, "verify", 5, green={"requests": 10, "failures": 1})
    made.wait(5)
    judge(
        made,
        "verify",
        10,
        blue={"requests": 90, "failures": 3},
        green={"requests": 20, "failures": 2},
    )
    made.wait(20)
    judge(made, "shift-50-hold", 10, green={"requests": 50, "failures": 4})

    found = counts_of(made)

    assert found == GateCounts(
        covered_share=0.5,
        clusters={
            Cluster.BLUE: Counted(requests=90, failures=3),
            Cluster.GREEN: Counted(requests=70, failures=6),
        },
        blue_before_change=3,
        green_without_weight=2,
    )


def test_another_attempt_counts_anew() -> None:
    made = made_up()
    for attempt in (1, 2):
        made.say(StepStarted(upgrade="up", key="verify", attempt=attempt))
        judge(made, "verify", 1, green={"requests": 10, "failures": 0})

    found = counts_of(made, SPLIT[:1])

    assert found is not None
    assert found.clusters[Cluster.GREEN] == Counted(requests=20, failures=0)
    assert found.clusters[Cluster.BLUE] is None
    assert found.blue_before_change == 0


def test_without_a_hold_nothing_was_counted() -> None:
    assert counts_of(made_up()) is None


def test_evidence_without_numbers_counts_nothing() -> None:
    made = made_up()
    judge(made, "verify", None, blue="much")
    made.say(GateJudged(upgrade="up", key="bake", verdict="pass"))
    log = read_run(made.records, "up")

    found = read_gate_counts(log, SPLIT, whole_s=0.0)

    assert found is not None
    assert (found.covered_share, found.clusters[Cluster.BLUE]) == (None, None)
