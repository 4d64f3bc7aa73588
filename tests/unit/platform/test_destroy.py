from pathlib import Path

import pytest

from bascule.errors import OutcomeUnknownError
from bascule.platform.plan.unmaking import Fate
from tests.support.platform_runs import PlatformRuns
from tests.support.platforms import CONTROLLER, GREEN, SMALL, read_ids


@pytest.fixture
async def runs(tmp_path: Path) -> PlatformRuns:
    found = PlatformRuns(directory=tmp_path, ids=read_ids(SMALL + GREEN + CONTROLLER))
    await found.apply()
    return found


async def test_all_that_it_made_is_removed(runs: PlatformRuns) -> None:
    gone = await runs.destroy()

    assert runs.arm.documents == {}
    assert gone[-1] == "resource group rg"


async def test_clusters_are_stopped_before_they_are_deleted(runs: PlatformRuns) -> None:
    await runs.destroy()

    blue = runs.ids.cluster("old").key
    assert [verb for verb, key in runs.arm.writes if key == blue] == ["put", "stop", "delete"]


async def test_what_somebody_else_made_stays_and_so_does_the_group(runs: PlatformRuns) -> None:
    vault = runs.arm.add(runs.ids.group.child("Microsoft.KeyVault/vaults", "keys"), {})

    await runs.destroy()

    assert sorted(runs.arm.documents) == [runs.ids.group.key, vault]


async def test_what_is_gone_already_is_passed_over(runs: PlatformRuns) -> None:
    plan = await runs.plan_destroy()
    await runs.destroy()

    assert {removal.fate for removal in plan.removals} == {Fate.REMOVE}
    assert (await runs.plan_destroy()).is_empty
    assert await runs.destroy() == ()


async def test_a_credential_in_an_identity_of_others_goes_alone(runs: PlatformRuns) -> None:
    app = runs.ids.identity("app")
    runs.arm.add(app, {"location": "chinanorth2"})
    runs.arm.add(
        app.child("federatedIdentityCredentials", "mine"),
        {
            "properties": {
                "issuer": "https://issuer/old/",
                "subject": "system:serviceaccount:shop:app",
                "audiences": ["x"],
            }
        },
    )
    await runs.apply()
    made = f"{app.key}/federatedidentitycredentials/new-mine"
    assert made in runs.arm.documents

    await runs.destroy()

    assert made not in runs.arm.documents
    assert f"{app.key}/federatedidentitycredentials/mine" in runs.arm.documents


async def test_what_somebody_works_on_is_waited_for(runs: PlatformRuns) -> None:
    blue = runs.arm.documents[runs.ids.cluster("old").key]
    blue["properties"]["provisioningState"] = "Upgrading"

    with pytest.raises(OutcomeUnknownError, match="cluster old is not gone after 90 minutes"):
        await runs.destroy()

    assert runs.ids.network.key in runs.arm.documents
