"""Whole upgrades from seeds: what must hold, holds after every event, whatever happens.

200 seeds here; `make sim` plays 2,000 (BASCULE_SIM_SEEDS).
"""

import os
from collections import Counter

import pytest

from tests.support.sim_storm import Outcome, weather_storm

SEEDS = int(os.environ.get("BASCULE_SIM_SEEDS", "200"))
BATCH = 50
TWICE = 10


async def play(first: int) -> list[Outcome]:
    return [await weather_storm(seed) for seed in range(first, min(first + BATCH, SEEDS))]


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
async def test_whatever_happens_what_must_hold_holds(first: int) -> None:
    outcomes = await play(first)

    assert {o.seed: o.violations for o in outcomes if o.violations} == {}
    stages = Counter(o.state.upgrade.stage.value for o in outcomes if o.state.upgrade)
    assert set(stages) <= {"completed", "rolled_back"}
    assert len(stages) == 2, f"a batch in which all ends are alike shows little: {stages}"


@pytest.mark.parametrize("seed", range(TWICE))
async def test_the_same_seed_gives_the_same_journal_bytes(seed: int) -> None:
    once, again = await weather_storm(seed), await weather_storm(seed)

    assert once.digest == again.digest
    assert once.lives == again.lives
