from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.platform.plan.model import Op
from bascule.platform.plan.staging import plan_stages
from bascule.platform.stages import AzurePlatform
from bascule.upgrade.ports import PlatformAct, PlatformProgress, PlatformSeen, PlatformVerb
from tests.support.fake_arm import Fault
from tests.support.platform_runs import PlatformRuns
from tests.support.platforms import CONTROLLER, GREEN, SMALL, read_ids

ON = {"nodeOSUpgradeChannel": "NodeImage", "upgradeChannel": "stable"}
OFF = {"nodeOSUpgradeChannel": "None", "upgradeChannel": "none"}
LOOKS_MAX = 200


@pytest.fixture
async def runs(tmp_path: Path) -> PlatformRuns:
    """Blue, which Azure upgrades by itself, and nothing else but what is below it."""
    found = PlatformRuns(directory=tmp_path, ids=read_ids(SMALL + CONTROLLER))
    await found.apply()
    _blue(found)["properties"]["autoUpgradeProfile"] = dict(ON)
    found.ids = read_ids(SMALL + GREEN + CONTROLLER)
    return found


def _blue(runs: PlatformRuns) -> dict[str, dict[str, object]]:
    return runs.arm.documents[runs.ids.cluster("old").key]


def _green(runs: PlatformRuns) -> dict[str, dict[str, object]]:
    return runs.arm.documents[runs.ids.cluster("new").key]


def _of_blue(runs: PlatformRuns) -> list[str]:
    """Return the titles of what is granted for blue and is there."""
    blue = read_ids(SMALL + CONTROLLER).cluster("old").key
    return [key for key in runs.arm.documents if key.startswith(blue) or "/old-" in key]


@asynccontextmanager
async def _platform(runs: PlatformRuns) -> AsyncIterator[AzurePlatform]:
    async with AzurePlatform(runs.effects(), owner="shop") as platform:
        yield platform


async def _act(runs: PlatformRuns, verb: PlatformVerb, cluster: Cluster) -> PlatformAct:
    facts = plan_stages(runs.ids, await runs.plan())
    approved = facts.make if cluster is Cluster.GREEN else facts.remove
    return PlatformAct(key=f"run:{verb}", verb=verb, cluster=cluster, platform=approved)


async def _carry_out(runs: PlatformRuns, act: PlatformAct) -> PlatformSeen:
    async with _platform(runs) as platform:
        await platform.begin(act)
        for _ in range(LOOKS_MAX):
            await runs.arm.clock.advance(5)
            seen = await platform.observe(act)
            if seen.progress is not PlatformProgress.BUSY:
                return seen
    raise AssertionError("still busy")


async def _make_green(runs: PlatformRuns) -> PlatformAct:
    act = await _act(runs, PlatformVerb.MAKE, Cluster.GREEN)
    assert (await _carry_out(runs, act)).progress is PlatformProgress.DONE
    return act


def _removal_of_green(make: PlatformAct) -> PlatformAct:
    return PlatformAct(
        key="back", verb=PlatformVerb.REMOVE, cluster=Cluster.GREEN, platform=make.platform
    )


async def test_what_was_granted_for_blue_goes_with_it_and_the_next_plan_is_empty(
    runs: PlatformRuns,
) -> None:
    await _make_green(runs)
    others = f"{runs.ids.subnet('nodes')}/providers/Microsoft.Authorization/roleAssignments/theirs"
    role = {"principalId": "principal-1", "roleDefinitionId": "r", "description": "by hand"}
    runs.arm.add(others, {"properties": role})

    seen = await _carry_out(runs, await _act(runs, PlatformVerb.REMOVE, Cluster.BLUE))
    plan = await runs.plan()

    assert (seen.progress, seen.reason) == (PlatformProgress.DONE, "")
    assert _of_blue(runs) == []
    assert others.lower() in runs.arm.documents
    assert plan.is_empty
    assert plan.blockers == ()
    assert [finding.code for finding in plan.findings] == ["BlueRetired"]


async def test_nothing_granted_goes_before_the_cluster_itself(runs: PlatformRuns) -> None:
    await _make_green(runs)
    act = await _act(runs, PlatformVerb.REMOVE, Cluster.BLUE)
    before = set(_of_blue(runs))
    runs.arm.forbidden = {runs.ids.cluster("old").key}

    seen = await _carry_out(runs, act)

    assert seen.progress is PlatformProgress.FAILED
    assert set(_of_blue(runs)) == before
    assert _green(runs)["properties"]["autoUpgradeProfile"] == OFF


async def test_who_comes_after_a_kill_takes_what_was_granted_too(runs: PlatformRuns) -> None:
    await _make_green(runs)
    act = await _act(runs, PlatformVerb.REMOVE, Cluster.BLUE)
    runs.arm._remove(runs.ids.cluster("old").key)  # as by a run that was killed then

    async with _platform(runs) as platform:
        found = await platform.observe(act)
    seen = await _carry_out(runs, act)

    assert found.progress is PlatformProgress.ABSENT
    assert seen.progress is PlatformProgress.DONE
    assert _of_blue(runs) == []


async def test_who_comes_after_a_kill_switches_upgrades_on_where_nothing_was_granted(
    runs: PlatformRuns,
) -> None:
    await _make_green(runs)
    asked = await _act(runs, PlatformVerb.REMOVE, Cluster.BLUE)
    act = replace(asked, platform={**asked.platform, "grants": []})
    runs.arm._remove(runs.ids.cluster("old").key)  # as by a run that was killed then

    async with _platform(runs) as platform:
        found = await platform.observe(act)
    seen = await _carry_out(runs, act)

    assert found.progress is PlatformProgress.ABSENT
    assert seen.progress is PlatformProgress.DONE
    assert _green(runs)["properties"]["autoUpgradeProfile"] == ON


async def test_what_may_not_be_removed_stays_and_is_told_then_and_by_the_next_plan(
    runs: PlatformRuns,
) -> None:
    await _make_green(runs)
    act = await _act(runs, PlatformVerb.REMOVE, Cluster.BLUE)
    kept = next(key for key in act.platform["grants"] if "/subnets/nodes/" in str(key))  # type: ignore[union-attr]  # JSON
    runs.arm.forbidden = {str(kept).lower()}

    seen = await _carry_out(runs, act)
    plan = await runs.plan()

    assert seen.progress is PlatformProgress.DONE
    assert seen.reason.startswith("stays, since changing it is forbidden: role assignment")
    assert plan.is_empty
    assert [finding.code for finding in plan.findings] == ["BlueRetired", "LeftOfBlue"]


async def test_upgrades_by_azure_are_off_until_blue_is_gone_and_then_on_on_green(
    runs: PlatformRuns,
) -> None:
    await _make_green(runs)
    between = [_blue(runs)["properties"], _green(runs)["properties"]]
    assert [properties["autoUpgradeProfile"] for properties in between] == [OFF, OFF]

    await _carry_out(runs, await _act(runs, PlatformVerb.REMOVE, Cluster.BLUE))

    assert _green(runs)["properties"]["autoUpgradeProfile"] == ON
    assert "bascule-after-retire" not in _green(runs)["tags"]


async def test_upgrades_that_the_runner_may_not_switch_on_are_switched_on_by_apply(
    runs: PlatformRuns,
) -> None:
    await _make_green(runs)
    runs.arm.forbidden = {runs.ids.cluster("new").key}

    seen = await _carry_out(runs, await _act(runs, PlatformVerb.REMOVE, Cluster.BLUE))
    runs.arm.forbidden = set()
    (change,) = [action for action in (await runs.plan()).actions if action.op is not Op.LEAVE]
    applied = await runs.apply()

    assert seen.output["stays"] == ["upgrades of new by Azure, switched off"]
    assert [(each.field, each.after) for each in change.changes] == [
        ("autoUpgradeProfile.nodeOSUpgradeChannel", "NodeImage"),
        ("autoUpgradeProfile.upgradeChannel", "stable"),
        ("tags.bascule-after-retire", None),
    ]
    assert applied.changed == ("cluster new",)
    assert _green(runs)["properties"]["autoUpgradeProfile"] == ON
    assert (await runs.plan()).is_empty


async def test_a_rollback_gives_blue_its_upgrades_back(runs: PlatformRuns) -> None:
    before = set(runs.arm.documents)
    make = await _make_green(runs)

    seen = await _carry_out(runs, _removal_of_green(make))

    assert seen.progress is PlatformProgress.DONE
    assert set(runs.arm.documents) == before
    assert _blue(runs)["properties"]["autoUpgradeProfile"] == ON


async def test_upgrades_are_switched_on_although_others_work_on_the_cluster_and_write_it(
    runs: PlatformRuns,
) -> None:
    await _make_green(runs)
    act = await _act(runs, PlatformVerb.REMOVE, Cluster.BLUE)
    _green(runs)["etag"] = "W/other"  # type: ignore[assignment]  # an etag is text
    runs.arm.on_put = lambda: _green(runs).update({"etag": "W/newer"})  # type: ignore[dict-item]  # text too

    seen = await _carry_out(runs, act)

    assert seen.progress is PlatformProgress.DONE
    assert _green(runs)["properties"]["autoUpgradeProfile"] == ON


async def test_a_cluster_that_somebody_has_stopped_is_left_as_it_is(runs: PlatformRuns) -> None:
    await _make_green(runs)
    act = await _act(runs, PlatformVerb.REMOVE, Cluster.BLUE)
    _green(runs)["properties"]["powerState"] = {"code": "Stopped"}

    seen = await _carry_out(runs, act)

    assert (seen.progress, seen.reason) == (PlatformProgress.DONE, "")
    assert _green(runs)["properties"]["autoUpgradeProfile"] == OFF


async def test_a_plan_of_an_older_bascule_removes_blue_alone(runs: PlatformRuns) -> None:
    await _make_green(runs)
    act = await _act(runs, PlatformVerb.REMOVE, Cluster.BLUE)
    said: dict[str, Json] = {key: act.platform[key] for key in ("platform", "cluster")}
    old = PlatformAct(key="old", verb=act.verb, cluster=act.cluster, platform=said)

    seen = await _carry_out(runs, old)

    assert seen.progress is PlatformProgress.DONE
    assert _green(runs)["properties"]["autoUpgradeProfile"] == OFF


async def test_an_azure_that_fails_while_upgrades_are_switched_on_is_told(
    runs: PlatformRuns,
) -> None:
    make = await _make_green(runs)
    runs.arm.faults = dict.fromkeys(range(runs.arm.calls, runs.arm.calls + 30), Fault.FAILS)

    seen = await _carry_out(runs, _removal_of_green(make))

    assert seen.progress is PlatformProgress.FAILED
    assert "no luck" in seen.reason
