from pathlib import Path

import pytest

from bascule.errors import ApiError, OutcomeUnknownError, PlanError
from bascule.platform import apply
from bascule.platform.plan.model import Op
from tests.support.fake_arm import FakeArm, Fault
from tests.support.platform_runs import PlatformRuns
from tests.support.platforms import CONTROLLER, COUNTED, GREEN, SMALL, read_ids


@pytest.fixture
def runs(tmp_path: Path) -> PlatformRuns:
    return PlatformRuns(directory=tmp_path)


async def test_everything_is_made_once_and_left_alone_the_second_time(runs: PlatformRuns) -> None:
    first = await runs.apply()
    second = await runs.apply()

    assert len(first.made) == 6
    assert first.changed == ()
    assert second == apply.Applied()
    assert (await runs.plan()).is_empty


async def test_green_and_the_controller_are_made_too(runs: PlatformRuns) -> None:
    runs.ids = read_ids(SMALL + GREEN + CONTROLLER)

    made = (await runs.apply()).made

    assert "cluster new" in made
    assert "federated credential new-bascule-bascule" in made
    assert (await runs.plan()).is_empty


async def test_a_drift_is_shown_and_set_right_and_all_else_stays(runs: PlatformRuns) -> None:
    runs.ids = read_ids(COUNTED)
    await runs.apply()
    gateway = runs.arm.documents[runs.ids.gateway.key]
    gateway["properties"]["sku"]["capacity"] = 9
    gateway["properties"]["somethingNew"] = {"by": "az"}

    plan = await runs.plan()
    applied = await runs.apply()

    assert [a.resource.name for a in plan.actions if a.op is Op.CHANGE] == ["gateway gw"]
    assert applied.changed == ("gateway gw",)
    after = runs.arm.documents[runs.ids.gateway.key]["properties"]
    assert after["sku"]["capacity"] == 2
    assert after["somethingNew"] == {"by": "az"}


async def test_a_change_that_came_between_is_read_again_and_kept(runs: PlatformRuns) -> None:
    runs.ids = read_ids(COUNTED)
    await runs.apply()
    gateway = runs.arm.documents[runs.ids.gateway.key]
    gateway["properties"]["sku"]["capacity"] = 9
    runs.arm.on_put = lambda: (
        gateway["properties"].setdefault("byAnother", 1) and gateway.update(etag="W/another")
    )

    await runs.apply()

    after = runs.arm.documents[runs.ids.gateway.key]["properties"]
    assert after["sku"]["capacity"] == 2
    assert after["byAnother"] == 1


async def test_a_federated_credential_follows_its_issuer(runs: PlatformRuns) -> None:
    runs.ids = read_ids(SMALL + CONTROLLER)
    await runs.apply()
    key = str(runs.ids.identity("bascule-controller")).lower()
    credential = f"{key}/federatedidentitycredentials/old-bascule-bascule"
    runs.arm.documents[credential]["properties"]["issuer"] = "https://issuer/of-before/"

    applied = await runs.apply()

    assert applied.changed == ("federated credential old-bascule-bascule",)
    assert runs.arm.documents[credential]["properties"]["issuer"] == "https://issuer/old/"


async def test_a_right_that_somebody_gave_by_another_name_is_not_given_again(
    runs: PlatformRuns,
) -> None:
    runs.ids = read_ids(SMALL + CONTROLLER)
    await runs.apply()
    ours = [key for key in runs.arm.documents if "/roleassignments/" in key]
    document = runs.arm.documents.pop(ours[0])
    runs.arm.documents[ours[0].rpartition("/")[0] + "/by-az"] = document

    assert (await runs.plan()).is_empty
    assert (await runs.apply()).made == ()


async def test_what_is_refused_stops_what_needs_it_and_nothing_else(runs: PlatformRuns) -> None:
    runs.arm.add(runs.ids.group, {"location": "chinanorth2"})
    runs.arm.add(
        runs.ids.public_ip,
        {"location": "westeurope", "sku": {"name": "Basic"}, "properties": {}},
    )

    with pytest.raises(PlanError, match="public IP ip: location is 'westeurope'"):
        await runs.apply()

    assert runs.ids.cluster("old").key in runs.arm.documents
    assert runs.ids.gateway.key not in runs.arm.documents


async def test_two_errors_are_told_together(runs: PlatformRuns) -> None:
    runs.arm.add(runs.ids.group, {"location": "chinanorth2"})
    for resource in (runs.ids.public_ip, runs.ids.network):
        runs.arm.add(resource, {"location": "westeurope"})

    with pytest.raises(PlanError) as caught:
        await runs.apply()

    assert "also network net" in caught.value.remedy or "also public IP" in caught.value.remedy


async def test_an_operation_that_fails_is_told_and_repaired_by_the_next_run(
    runs: PlatformRuns,
) -> None:
    runs.arm.faults = {15: Fault.FAILS}

    with pytest.raises(ApiError, match=r"creating .*no luck"):
        await runs.apply()
    await runs.apply()

    assert (await runs.plan()).is_empty


async def test_who_sets_a_field_back_each_time_is_told_of(
    runs: PlatformRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.ids = read_ids(COUNTED)
    await runs.apply()
    fill = FakeArm._fill

    def keep_nine(self: FakeArm, *values: object) -> dict[str, object]:
        document = fill(self, *values)  # type: ignore[arg-type]  # the fake takes what it took
        if document["name"] == "gw":
            document["properties"]["sku"]["capacity"] = 9
        return document

    monkeypatch.setattr(FakeArm, "_fill", keep_nine)
    runs.arm.documents[runs.ids.gateway.key]["properties"]["sku"]["capacity"] = 9

    with pytest.raises(ApiError, match=r"gateway gw was written 8 times.*sku\.capacity"):
        await runs.apply()


async def test_what_somebody_else_works_on_is_waited_for(runs: PlatformRuns) -> None:
    await runs.apply()
    runs.arm.documents[runs.ids.network.key]["properties"]["provisioningState"] = "Updating"

    with pytest.raises(OutcomeUnknownError, match="network net is not ready after 90 minutes"):
        await runs.apply()


async def test_what_azure_fills_in_late_is_waited_for(runs: PlatformRuns) -> None:
    runs.ids = read_ids(SMALL + CONTROLLER)
    await runs.apply()
    identity = runs.ids.identity("bascule-controller").key
    principal = runs.arm.documents[identity]["properties"].pop("principalId")
    for key in [key for key in runs.arm.documents if "/roleassignments/" in key]:
        del runs.arm.documents[key]
    pauses = 0
    sleep = runs.arm.clock.sleep_until

    async def sleep_and_fill(deadline_s: float) -> None:
        nonlocal pauses
        pauses += 1
        if pauses > 3:
            runs.arm.documents[identity]["properties"]["principalId"] = principal
        await sleep(deadline_s)

    runs.arm.clock.sleep_until = sleep_and_fill  # type: ignore[method-assign]  # Entra is slow

    assert len((await runs.apply()).made) == 6


async def test_what_azure_never_fills_in_is_told_of(runs: PlatformRuns) -> None:
    runs.ids = read_ids(SMALL + CONTROLLER)
    await runs.apply()
    del runs.arm.documents[runs.ids.identity("bascule-controller").key]["properties"]["principalId"]
    for key in [key for key in runs.arm.documents if "/roleassignments/" in key]:
        del runs.arm.documents[key]

    with pytest.raises(ApiError, match="does not tell the principal of bascule-controller"):
        await runs.apply()


async def test_an_operation_that_others_were_in_the_way_of_is_begun_again(
    runs: PlatformRuns,
) -> None:
    runs.arm.faults = {15: Fault.CROWDED}

    await runs.apply()

    assert (await runs.plan()).is_empty
    assert any(told.what == "busy" and told.detail == "RetryableError" for told in runs.told)
