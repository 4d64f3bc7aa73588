from dataclasses import replace
from datetime import timedelta

import pytest

from bascule.gateway.driver import Unused
from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.upgrade.gates.model import Counts
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.holding import Holding
from bascule.upgrade.run.idleness import PROOF_MAX_S, Idleness, quiet_s
from bascule.upgrade.run.results import Done, Waits
from bascule.upgrade.run.stages import Stage
from tests.support.fake_run import FakeMetrics
from tests.support.plans import build_plan, build_step
from tests.support.runs import at_step
from tests.support.virtual_clock import VirtualClock

PROOF = build_step("retire-idle", Stage.BAKE, StepKind.PROVE_IDLE, cluster="blue", quiet_s=5.0)
RETIRE = build_step("retire-blue", Stage.RETIRE, StepKind.RETIRE, cluster="blue")


class Watch:
    """Somebody who watches blue for 5 seconds, in an upgrade with a proof and what needs it."""

    def __init__(self, *steps: Step) -> None:
        self.clock = VirtualClock()
        self.metrics = FakeMetrics(self.clock)
        self.idleness = Idleness(Holding(self.metrics, lambda: NOTHING_ARRANGED))
        self.plan = build_plan(steps or (PROOF, RETIRE))

    def look(self) -> Done | Waits:
        run = at_step(PROOF.key, self.plan)
        return self.idleness.look(run, PROOF, self.clock.now(), needed_s=quiet_s(PROOF))

    def look_again(self) -> Waits | None:
        run = at_step(RETIRE.key, self.plan)
        return self.idleness.look_again(run, RETIRE, self.clock.now())


async def test_idle_is_proven_by_time_without_a_request_and_nothing_open() -> None:
    watch = Watch()

    begun = watch.look()
    await watch.clock.advance(3.0)
    seen_once = watch.look()
    await watch.clock.advance(1.0)
    watched = watch.look()
    await watch.clock.advance(4.0)
    proven = watch.look()

    assert isinstance(begun, Waits)
    assert "not idle yet" in begun.reason
    assert seen_once == begun
    assert isinstance(watched, Waits)
    assert watched.until is not None
    assert isinstance(proven, Done)
    assert proven.output["idle_s"] == 5.0
    assert (proven.output["requests"], proven.output["open"]) == (0, 0)


@pytest.mark.parametrize(
    "counts",
    [Counts(started=1), Counts(open=1), None],
    ids=["a request", "an open stream", "unknown"],
)
async def test_one_request_begins_the_proof_anew(counts: Counts | None) -> None:
    watch = Watch()
    watch.look()
    await watch.clock.advance(4.0)
    watch.look()
    watch.metrics.counts_of = lambda _: {} if counts is None else {Cluster.BLUE: counts}
    await watch.clock.advance(2.0)

    found = watch.look()

    assert isinstance(found, Waits)
    assert "not idle yet" in found.reason


async def test_what_nobody_measured_is_no_proof() -> None:
    watch = Watch()
    watch.look()
    await watch.clock.advance(4.0)
    watch.look()
    watch.metrics._seq += 1
    await watch.clock.advance(4.0)

    assert isinstance(watch.look(), Waits)
    await watch.clock.advance(5.0)
    assert isinstance(watch.look(), Done)


async def test_a_gateway_that_does_not_count_what_is_open_needs_another_proof() -> None:
    watch = Watch()
    watch.metrics.counts_of = lambda _: {Cluster.BLUE: Counts(open=None)}
    watch.look()
    await watch.clock.advance(9.0)
    unproven = watch.look()
    now = watch.clock.now()
    unused = Unused(since=now - timedelta(seconds=2), until=now, evidence="no rule names it")
    watch.metrics.counts_of = lambda _: {Cluster.BLUE: Counts(open=None, unused=unused)}
    await watch.clock.advance(1.0)
    too_short = watch.look()
    longer = replace(unused, until=now + timedelta(seconds=4))
    watch.metrics.counts_of = lambda _: {Cluster.BLUE: Counts(open=None, unused=longer)}
    await watch.clock.advance(1.0)
    proven = watch.look()

    assert isinstance(unproven, Waits)
    assert "does not count what is open there" in unproven.reason
    assert isinstance(too_short, Waits)
    assert too_short.until == watch.clock.now() - timedelta(seconds=1) + timedelta(seconds=3)
    assert isinstance(proven, Done)
    assert proven.output["open"] is None
    assert proven.output["evidence"] == proven.reason == "no rule names it"
    assert proven.output["idle_s"] == 6.0


async def test_why_nothing_is_proven_stays_when_it_is_looked_at_between_intervals() -> None:
    watch = Watch()
    watch.metrics.counts_of = lambda _: {Cluster.BLUE: Counts(open=None)}
    watch.look()
    await watch.clock.advance(1.0)
    first = watch.look()
    await watch.clock.advance(0.5)

    assert "does not count what is open there" in str(first)
    assert watch.look() == first


async def test_the_end_of_a_watch_stays_when_it_is_looked_at_between_intervals() -> None:
    watch = Watch()
    watch.look()
    await watch.clock.advance(1.0)
    watch.look()
    await watch.clock.advance(1.0)
    first = watch.look()
    await watch.clock.advance(0.5)

    assert isinstance(first, Waits)
    assert first.until is not None
    assert watch.look() == first


async def test_the_end_of_a_watch_by_late_proofs_stays_too() -> None:
    watch = Watch()
    since = watch.clock.now()
    told = []
    for until_s in (1, 1, 2, 2):
        await watch.clock.advance(2.0)
        unused = Unused(since=since, until=since + timedelta(seconds=until_s), evidence="no rule")
        watch.metrics.counts_of = lambda _, it=unused: {  # type: ignore[misc]  # of this round
            Cluster.BLUE: Counts(open=None, unused=it)
        }
        told.append(watch.look())

    assert {found.until for found in told[1:] if isinstance(found, Waits)} == {
        since + timedelta(seconds=5 + 3)
    }


async def test_a_proof_ends_with_the_upgrade() -> None:
    watch = Watch()
    watch.look()
    await watch.clock.advance(4.0)
    watch.look()

    watch.idleness.rest()

    assert "not idle yet" in str(watch.look())


async def test_a_fresh_proof_is_good_for_what_needs_it() -> None:
    watch = Watch()

    await watch.clock.advance(PROOF_MAX_S)

    assert watch.look_again() is None
    assert watch.metrics.wanted is None


async def test_an_old_proof_is_made_anew_before_a_cluster_is_retired() -> None:
    watch = Watch()
    watch.look()
    await watch.clock.advance(1.0)
    watch.look()
    await watch.clock.advance(5.0)
    assert isinstance(watch.look(), Done)
    await watch.clock.advance(86_400.0)

    first = watch.look_again()
    await watch.clock.advance(1.0)
    watch.look_again()
    await watch.clock.advance(1.0)
    watched = watch.look_again()
    await watch.clock.advance(5.0)

    assert first is not None
    assert "not idle yet" in first.reason
    assert watched is not None
    assert "watched on" in watched.reason
    assert watch.look_again() is None


async def test_a_plan_without_a_proof_has_none_that_could_grow_old() -> None:
    assert Watch(RETIRE).look_again() is None


def test_without_a_time_one_look_is_enough() -> None:
    assert quiet_s(PROOF) == 5.0
    assert quiet_s(RETIRE) == 0.0


async def test_a_proof_that_was_never_finished_is_made_now() -> None:
    watch = Watch()
    run = at_step(PROOF.key, watch.plan)

    found = watch.idleness.look_again(run, RETIRE, watch.clock.now())

    assert found is not None
    assert "not idle yet" in found.reason
