"""A platform is made and removed whole, wherever it is killed and whatever goes wrong."""

from pathlib import Path

import pytest

from tests.support.fake_arm import FakeArm, Fault
from tests.support.platform_runs import PlatformRuns
from tests.support.platforms import CONTROLLER, GREEN, SMALL, read_ids

CALLS = 36
"""How many calls the small platform takes to be looked at and made; a test holds it."""
KILLS = (Fault.KILL_BEFORE, Fault.KILL_AFTER)
OTHERS = tuple(fault for fault in Fault if fault not in KILLS)


def _runs(tmp_path: Path, faults: dict[int, Fault]) -> PlatformRuns:
    return PlatformRuns(directory=tmp_path, arm=FakeArm(faults=faults))


async def _whole(tmp_path: Path) -> PlatformRuns:
    runs = _runs(tmp_path, {})
    await runs.apply()
    return runs


def _states(runs: PlatformRuns) -> dict[str, object]:
    documents = runs.arm.documents
    return {key: each["properties"].get("provisioningState") for key, each in documents.items()}


async def test_the_matrix_covers_every_call(tmp_path: Path) -> None:
    assert (await _whole(tmp_path)).arm.calls == CALLS


@pytest.mark.parametrize("fault", KILLS)
async def test_wherever_it_is_killed_the_next_run_completes_it(
    tmp_path: Path, fault: Fault
) -> None:
    whole = _states(await _whole(tmp_path))

    # to be killed before a call is nearly to be killed after the one before it
    for call in range(1, CALLS + 1, 1 if fault is Fault.KILL_AFTER else 3):
        runs = _runs(tmp_path, {call: fault})
        assert await runs.apply_until_done() <= 2
        assert _states(runs) == whole, call
        assert set(runs.arm.made.values()) == {1}, call


@pytest.mark.parametrize("fault", OTHERS)
async def test_whatever_goes_wrong_nothing_is_made_twice(tmp_path: Path, fault: Fault) -> None:
    whole = _states(await _whole(tmp_path))

    for call in range(OTHERS.index(fault) + 1, CALLS + 1, 4):
        runs = _runs(tmp_path, {call: fault})
        assert await runs.apply_until_done() <= 2
        assert _states(runs) == whole, call
        assert set(runs.arm.made.values()) == {1}, call


@pytest.mark.parametrize("seed", range(3))
async def test_kills_and_faults_together_only_take_longer(tmp_path: Path, seed: int) -> None:
    faults = list(Fault)
    plan = {7 * n + seed: faults[(n + seed) % len(faults)] for n in range(1, 12)}
    runs = _runs(tmp_path, {call: fault for call, fault in plan.items() if fault not in KILLS})
    kills = sorted(call for call, fault in plan.items() if fault in KILLS)
    runs.arm.faults |= dict.fromkeys(kills[:2], Fault.KILL_AFTER)
    runs.ids = read_ids(SMALL + GREEN + CONTROLLER)

    await runs.apply_until_done()

    assert set(runs.arm.made.values()) == {1}
    assert (await runs.plan()).is_empty


@pytest.mark.parametrize("fault", KILLS)
async def test_wherever_its_removal_is_killed_the_next_run_completes_it(
    tmp_path: Path, fault: Fault
) -> None:
    for call in range(1, 60, 6):
        runs = await _whole(tmp_path)
        runs.arm.faults = {runs.arm.calls + call: fault}
        await runs.destroy_until_done()
        assert runs.arm.documents == {}, call
        assert runs.arm.writes.count(("delete", str(runs.ids.gateway).lower())) == 1, call
