from dataclasses import replace

import pytest
from typing_extensions import override

from bascule.errors import DriverError, OutcomeUnknownError
from bascule.ids import Cluster
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.ports import PlatformAct, PlatformProgress, PlatformSeen, PlatformVerb
from bascule.upgrade.run.building import VERBS, Building
from bascule.upgrade.run.results import Absent, Done, Failed, Refused, Waits
from bascule.upgrade.run.stages import Stage
from tests.support.fake_platform import FakePlatform
from tests.support.plans import build_plan, build_step
from tests.support.runs import begun

MAKE = build_step(
    "make-green", Stage.PROVISION, StepKind.MAKE_CLUSTER, cluster="green", platform={"name": "new"}
)
RUN = begun(build_plan([MAKE]))


async def test_a_cluster_is_made_by_looking_beginning_and_looking_again() -> None:
    platform = FakePlatform()
    building = Building(platform)

    first = await building.observe(RUN, MAKE)
    begun_ = await building.begin(RUN, MAKE)
    second = await building.observe(RUN, MAKE)
    third = await building.observe(RUN, MAKE)

    assert first == Absent()
    assert begun_ == Waits(reason="making green")
    assert second == Waits(reason="make is under way")
    assert third == Done(output={"verb": "make"})


async def test_the_platform_gets_what_was_approved_and_a_key_that_stays() -> None:
    platform = FakePlatform()

    await Building(platform).begin(RUN, MAKE)

    assert platform.begun == [
        PlatformAct(
            key="run-1:make-green",
            verb=PlatformVerb.MAKE,
            cluster=Cluster.GREEN,
            platform={"name": "new"},
        )
    ]
    await Building(platform).begin(RUN, replace(MAKE, args={"cluster": "green"}))
    assert platform.begun[-1].platform == {}


async def test_what_is_refused_may_be_tried_again_and_what_is_unknown_is_looked_at() -> None:
    platform = FakePlatform(
        refusals=[DriverError("busy", remedy="wait"), OutcomeUnknownError("no answer")]
    )
    building = Building(platform)

    assert await building.begin(RUN, MAKE) == Refused(reason="busy", remedy="wait")
    assert await building.begin(RUN, MAKE) == Waits(reason="no answer")


async def test_what_has_failed_for_good_has_failed() -> None:
    found = await Building(FakePlatform(failure="no quota")).observe(RUN, MAKE)

    assert found == Failed(reason="no quota", remedy="ask for more")


class Blind(FakePlatform):
    @override
    async def observe(self, act: PlatformAct) -> PlatformSeen:
        return PlatformSeen(progress=PlatformProgress.UNKNOWN, reason=f"{act.verb}: no answer")


async def test_what_cannot_be_seen_is_waited_for_not_done_again() -> None:
    assert await Building(Blind()).observe(RUN, MAKE) == Waits(reason="make: no answer")


@pytest.mark.parametrize("kind", [*VERBS])
async def test_each_kind_has_a_word_for_being_under_way(kind: str) -> None:
    step: Step = replace(MAKE, kind=kind)

    found = await Building(FakePlatform()).begin(RUN, step)

    assert isinstance(found, Waits)
    assert found.reason.endswith("ing green")
