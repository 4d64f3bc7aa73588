import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bascule.azure.resource_id import ResourceId
from bascule.errors import DriverError, PlanError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.platform.plan.staging import plan_stages
from bascule.platform.removing import RequireRemovable
from bascule.platform.stages import AzurePlatform
from bascule.upgrade.ports import PlatformAct, PlatformProgress, PlatformSeen, PlatformVerb
from tests.support.fake_arm import Fault
from tests.support.platform_runs import PlatformRuns
from tests.support.platforms import CONTROLLER, GREEN, SMALL, read_ids

LOOKS_MAX = 200


@pytest.fixture
async def runs(tmp_path: Path) -> PlatformRuns:
    found = PlatformRuns(directory=tmp_path, ids=read_ids(SMALL + CONTROLLER))
    await found.apply()
    found.ids = read_ids(SMALL + GREEN + CONTROLLER)
    found.arm.writes.clear()
    return found


@asynccontextmanager
async def _platform(
    runs: PlatformRuns, require: RequireRemovable | None = None
) -> AsyncIterator[AzurePlatform]:
    effects = runs.effects()
    async with AzurePlatform(effects, owner="shop", require_removable=require) as platform:
        yield platform


async def _act(
    runs: PlatformRuns, verb: PlatformVerb, cluster: Cluster = Cluster.BLUE
) -> PlatformAct:
    facts = plan_stages(runs.ids, await runs.plan())
    approved = facts.make if cluster is Cluster.GREEN else facts.remove
    return PlatformAct(key=f"run:{verb}", verb=verb, cluster=cluster, platform=approved)


async def _carry_out(runs: PlatformRuns, platform: AzurePlatform, act: PlatformAct) -> PlatformSeen:
    """Begin, and look until it is done or has failed, as an upgrade does."""
    await platform.begin(act)
    for _ in range(LOOKS_MAX):
        await runs.arm.clock.advance(5)
        seen = await platform.observe(act)
        if seen.progress is not PlatformProgress.BUSY:
            return seen
    raise AssertionError("still busy")


async def test_green_is_made_with_all_its_rights(runs: PlatformRuns) -> None:
    act = await _act(runs, PlatformVerb.MAKE, Cluster.GREEN)

    async with _platform(runs) as platform:
        before = await platform.observe(act)
        seen = await _carry_out(runs, platform, act)

    assert before.progress is PlatformProgress.ABSENT
    assert seen.progress is PlatformProgress.DONE
    assert seen.output["version"] == "1.36.2"
    assert (await runs.plan()).is_empty


async def test_while_it_is_made_it_is_busy_and_begun_once(runs: PlatformRuns) -> None:
    act = await _act(runs, PlatformVerb.MAKE, Cluster.GREEN)

    async with _platform(runs) as platform:
        await platform.begin(act)
        await platform.begin(act)
        await runs.arm.clock.settle()
        seen = await platform.observe(act)

    assert seen.progress is PlatformProgress.BUSY
    assert seen.reason.startswith(("creating cluster new", "changing cluster old"))
    assert runs.arm.made[runs.ids.cluster("new").key] == 1


async def test_who_comes_after_a_kill_goes_on(runs: PlatformRuns) -> None:
    act = await _act(runs, PlatformVerb.MAKE, Cluster.GREEN)
    async with _platform(runs) as first:
        await first.begin(act)
        await runs.arm.clock.settle()

    async with _platform(runs) as second:
        found = await second.observe(act)
        seen = await _carry_out(runs, second, act)

    assert found.progress is PlatformProgress.ABSENT
    assert seen.progress is PlatformProgress.DONE
    assert set(runs.arm.made.values()) == {1}


async def test_blue_is_stopped_started_and_removed(runs: PlatformRuns) -> None:
    progress = []
    async with _platform(runs) as platform:
        for verb in (PlatformVerb.STOP, PlatformVerb.START, PlatformVerb.REMOVE):
            act = await _act(runs, verb)
            progress.append((await platform.observe(act)).progress)
            progress.append((await _carry_out(runs, platform, act)).progress)

    assert progress == [PlatformProgress.ABSENT, PlatformProgress.DONE] * 3
    assert runs.ids.cluster("old").key not in runs.arm.documents
    writes = [v for v, k in runs.arm.writes if k == runs.ids.cluster("old").key]
    assert writes == ["stop", "start", "stop", "delete"]


async def test_a_cluster_that_others_need_is_not_removed(runs: PlatformRuns) -> None:
    async def refuse(cluster: ResourceId, _approved: tuple[str, ...]) -> None:
        raise PlanError(f"others use what would go with {cluster.name}", remedy="move it")

    async with _platform(runs, refuse) as platform:
        seen = await _carry_out(runs, platform, await _act(runs, PlatformVerb.REMOVE))

    assert seen.progress is PlatformProgress.FAILED
    assert (seen.reason, seen.remedy) == ("others use what would go with old", "move it")
    assert runs.arm.writes == []


async def test_what_was_approved_with_the_plan_may_go(runs: PlatformRuns) -> None:
    told = []

    async def require(cluster: ResourceId, approved: tuple[str, ...]) -> None:
        told.append((cluster.name, approved))

    async with _platform(runs, require) as platform:
        act = await _act(runs, PlatformVerb.REMOVE)
        shown = replace(act, platform={**act.platform, "goes": ["/disk"]})
        seen = await _carry_out(runs, platform, shown)

    assert seen.progress is PlatformProgress.DONE
    assert told == [("old", ("/disk",))]


async def test_a_rollback_removes_green_and_its_rights_and_never_blue(runs: PlatformRuns) -> None:
    before = set(runs.arm.documents)
    make = await _act(runs, PlatformVerb.MAKE, Cluster.GREEN)
    remove = PlatformAct(
        key="back", verb=PlatformVerb.REMOVE, cluster=Cluster.GREEN, platform=make.platform
    )

    async with _platform(runs) as platform:
        await _carry_out(runs, platform, make)
        seen = await _carry_out(runs, platform, remove)

    assert seen.progress is PlatformProgress.DONE
    assert set(runs.arm.documents) == before


async def test_a_green_that_somebody_else_made_is_not_removed(runs: PlatformRuns) -> None:
    make = await _act(runs, PlatformVerb.MAKE, Cluster.GREEN)
    runs.arm.add(runs.ids.cluster("new"), {"location": "chinanorth2", "properties": {}})
    remove = PlatformAct(
        key="back", verb=PlatformVerb.REMOVE, cluster=Cluster.GREEN, platform=make.platform
    )

    async with _platform(runs) as platform:
        seen = await _carry_out(runs, platform, remove)

    assert seen.progress is PlatformProgress.FAILED
    assert "was not made by shop" in seen.reason


async def test_what_fails_for_good_is_told_once_and_may_be_tried_again(
    runs: PlatformRuns,
) -> None:
    act = await _act(runs, PlatformVerb.MAKE, Cluster.GREEN)
    runs.arm.faults = dict.fromkeys(range(runs.arm.calls, runs.arm.calls + 15), Fault.FAILS)

    async with _platform(runs) as platform:
        seen = await _carry_out(runs, platform, act)
        again = await platform.observe(act)
        runs.arm.faults = {}
        last = await _carry_out(runs, platform, act)

    assert seen.progress is PlatformProgress.FAILED
    assert "no luck" in seen.reason
    assert again.progress is PlatformProgress.ABSENT
    assert last.progress is PlatformProgress.DONE


async def test_an_azure_that_is_away_is_asked_again(runs: PlatformRuns) -> None:
    act = await _act(runs, PlatformVerb.STOP)
    async with _platform(runs) as platform:
        runs.arm.faults = {
            runs.arm.calls + 1: Fault.LOST_AFTER,
            runs.arm.calls + 2: Fault.LOST_AFTER,
        }
        seen = await platform.observe(act)
        done = await _carry_out(runs, platform, act)

    assert seen.progress is PlatformProgress.UNKNOWN
    assert done.progress is PlatformProgress.DONE


async def test_an_azure_that_stays_away_is_told(runs: PlatformRuns) -> None:
    act = await _act(runs, PlatformVerb.STOP)
    runs.arm.faults = dict.fromkeys(range(runs.arm.calls, runs.arm.calls + 40), Fault.LOST_AFTER)

    async with _platform(runs) as platform:
        seen = await _carry_out(runs, platform, act)

    assert seen.progress is PlatformProgress.FAILED
    assert seen.reason == "no answer came"


async def test_a_cluster_that_is_gone_cannot_be_stopped(runs: PlatformRuns) -> None:
    act = await _act(runs, PlatformVerb.STOP)
    del runs.arm.documents[runs.ids.cluster("old").key]

    async with _platform(runs) as platform:
        seen = await platform.observe(act)

    assert seen.progress is PlatformProgress.FAILED
    assert seen.reason == "there is no cluster old"


@pytest.mark.parametrize("platform", [{}, {"cluster": 5}, {"cluster": "/x", "resources": []}])
async def test_an_act_that_says_nothing_is_refused(
    runs: PlatformRuns, platform: dict[str, Json]
) -> None:
    act = PlatformAct(key="x", verb=PlatformVerb.MAKE, cluster=Cluster.GREEN, platform=platform)

    async with _platform(runs) as own:
        seen = await own.observe(act)
        with pytest.raises(DriverError):
            await own.begin(act)
    await asyncio.sleep(0)

    assert seen.progress is PlatformProgress.FAILED
