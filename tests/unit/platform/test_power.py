from pathlib import Path

import pytest

from bascule.errors import ApiError, NotFoundError, OutcomeUnknownError
from bascule.platform.power import start_cluster, stop_cluster
from tests.support.fake_arm import Fault, KilledError
from tests.support.platform_runs import PlatformRuns


@pytest.fixture
async def runs(tmp_path: Path) -> PlatformRuns:
    found = PlatformRuns(directory=tmp_path)
    await found.apply()
    found.arm.writes.clear()
    return found


def _power(runs: PlatformRuns) -> str:
    found = runs.arm.documents[runs.ids.cluster("old").key]["properties"]["powerState"]["code"]
    return str(found)


async def test_a_cluster_is_stopped_and_started_once(runs: PlatformRuns) -> None:
    cluster = runs.ids.cluster("old")

    for act, code in ((stop_cluster, "Stopped"), (start_cluster, "Running")):
        await runs.drive(act(runs.effects(), cluster))
        await runs.drive(act(runs.effects(), cluster))
        assert _power(runs) == code

    assert [verb for verb, _ in runs.arm.writes] == ["stop", "start"]


async def test_a_stop_that_was_begun_is_waited_for(runs: PlatformRuns) -> None:
    cluster = runs.ids.cluster("old")
    runs.arm.faults = {runs.arm.calls + 3: Fault.KILL_BEFORE}

    with pytest.raises(KilledError):
        await runs.drive(stop_cluster(runs.effects(), cluster))
    await runs.drive(stop_cluster(runs.effects(), cluster))

    assert _power(runs) == "Stopped"
    assert len(runs.arm.writes) == 1


async def test_a_cluster_that_is_not_there_cannot_be_stopped(runs: PlatformRuns) -> None:
    with pytest.raises(NotFoundError, match="there is no cluster new"):
        await runs.drive(stop_cluster(runs.effects(), runs.ids.cluster("new")))


async def test_a_cluster_that_somebody_works_on_is_waited_for(runs: PlatformRuns) -> None:
    cluster = runs.ids.cluster("old")
    runs.arm.documents[cluster.key]["properties"]["provisioningState"] = "Upgrading"

    with pytest.raises(OutcomeUnknownError, match="cluster old is not stopped after 90 minutes"):
        await runs.drive(stop_cluster(runs.effects(), cluster))


async def test_a_stop_that_azure_takes_and_never_does_is_told_of(runs: PlatformRuns) -> None:
    cluster = runs.ids.cluster("old")
    runs.arm.is_stop_idle = True

    with pytest.raises(ApiError, match=r"cluster old was written 8 times.*: Running"):
        await runs.drive(stop_cluster(runs.effects(), cluster))
