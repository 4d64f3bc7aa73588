"""Healthy upgrades raise next to no alarm, and planted regressions are caught early: by seeds."""

import math
import random
from dataclasses import replace
from statistics import median

import pytest

from bascule.upgrade.gates.absorbing import begin
from bascule.upgrade.gates.model import GateVerdict
from tests.support.gate_traffic import (
    Behaviour,
    Course,
    Outcome,
    Shape,
    World,
    look,
    run_upgrade,
    usual_gates,
)

HEALTHY_RUNS = 200
HEALTHY_ALARMS_MAX = 6
PLANTED_RUNS = 50
CAUGHT_MIN = 0.95
FIRST_STEP = Course(shares=(0.05,), looks=40, look_s=10, gates=usual_gates())
WHOLE = Course(looks=3, look_s=10, gates=usual_gates())


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 — a seed, not a secret


def run_healthy(seed: int, shape: Shape, course: Course = WHOLE, clump: int = 1) -> Outcome:
    """Return how an upgrade goes to a green that is just like blue."""
    rng = seeded(seed)
    same = Behaviour(errors=rng.uniform(0.001, 0.005), clump=clump)
    return run_upgrade(World(rng, blue=same, green=same, shape=shape), course)


def plant(green: Behaviour) -> list[Outcome]:
    """Return what became of upgrades to this green, each given 400 s at 5 %."""
    return [run_upgrade(World(seeded(n), green=green), FIRST_STEP) for n in range(PLANTED_RUNS)]


def drift(at_s: float) -> float:
    return 1 + 0.3 * math.sin(at_s / 40)


def test_200_healthy_upgrades_raise_at_most_6_alarms() -> None:
    outcomes = [run_healthy(seed, Shape(slowness=drift)) for seed in range(HEALTHY_RUNS)]

    alarms = [outcome.judged for outcome in outcomes if outcome.failed_at is not None]
    assert len(alarms) <= HEALTHY_ALARMS_MAX, alarms
    assert sum(outcome.late for outcome in outcomes) <= 0.02 * HEALTHY_RUNS * len(WHOLE.shares)


@pytest.mark.parametrize(
    ("green", "requests_max", "rule"),
    [
        (Behaviour(errors=0.012), 1_500, "success rate against blue"),
        (Behaviour(slower_ms=50), 300, "p50 latency against blue"),
        (Behaviour(hangs=0.1), 1_500, "hung requests against blue"),
    ],
    ids=["1 % more errors", "50 ms slower", "10 % hang"],
)
def test_a_planted_regression_is_caught_at_5_percent(
    green: Behaviour, requests_max: int, rule: str
) -> None:
    caught = [outcome for outcome in plant(green) if outcome.failed_at == 0.05]

    assert len(caught) >= CAUGHT_MIN * PLANTED_RUNS
    assert median(outcome.requests_on_green for outcome in caught) <= requests_max
    named = [o for o in caught if o.judged and rule in " ".join(o.judged.reasons)]
    assert len(named) >= 0.9 * len(caught)


@pytest.mark.parametrize(
    "shape",
    [
        Shape(rate_rps=lambda at_s: 1_000 if at_s % 60 < 10 else 40),
        Shape(trouble=lambda at_s: 20 if at_s % 70 < 10 else 1),
        Shape(slowness=lambda at_s: 3 if at_s % 50 < 10 else 1),
    ],
    ids=["bursts of load", "trouble that both share", "both slow at times"],
)
def test_what_happens_to_both_clusters_alike_raises_no_alarm(shape: Shape) -> None:
    # Trouble that both share may break what is asked of green alone; that is not asked here.
    relative = replace(WHOLE, gates=replace(WHOLE.gates, success_min=None))

    outcomes = [run_healthy(seed, shape, relative) for seed in range(10)]

    assert [outcome.judged for outcome in outcomes if outcome.failed_at] == []


def test_failures_that_come_ten_at_once_in_either_cluster_raise_no_alarm() -> None:
    outcomes = [run_healthy(seed, Shape(), clump=10) for seed in range(20)]

    assert [outcome.judged for outcome in outcomes if outcome.failed_at] == []


def test_weights_that_change_within_a_step_raise_no_alarm_and_hide_no_regression() -> None:
    verdicts = {errors: run_ramp(errors) for errors in (0.002, 0.03)}

    assert verdicts == {0.002: GateVerdict.PASS, 0.03: GateVerdict.FAIL}


def run_ramp(errors: float) -> GateVerdict:
    """Return the last verdict of a step in which the weights rise after every look."""
    world = World(seeded(5), green=Behaviour(errors=errors))
    course = replace(WHOLE, looks=12)
    verdict = GateVerdict.HOLD
    for latest in look(world, begin(course.gates, [world.pass_time(10)]), course):
        verdict = latest.judged.verdict
        world.share_of_green += 0.05
        if verdict is GateVerdict.FAIL:
            break
    return verdict
