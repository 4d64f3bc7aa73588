"""Long-running operations, waited for by their URL."""

from collections.abc import AsyncIterator

import pytest

from bascule.azure.client import ArmClient
from bascule.azure.operations import OperationError, OutcomeStatus, wait
from bascule.errors import ApiError, ForbiddenError, OutcomeUnknownError
from tests.support.scripted_arm import (
    FixedCredential,
    ScriptedArm,
    failure_of,
    lose,
    refuse,
    reply,
    reply_bytes,
    scripted_arm,
)
from tests.support.virtual_clock import VirtualClock

OPERATION = "/subscriptions/s1/providers/Microsoft.Network/locations/l/operations/o1"


@pytest.fixture
async def arm() -> AsyncIterator[ScriptedArm]:
    with scripted_arm() as server:
        async with server:
            yield server


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def client(arm: ScriptedArm, clock: VirtualClock) -> AsyncIterator[ArmClient]:
    async with ArmClient(arm.cloud, FixedCredential(), clock=clock, trust=arm.trust) as opened:
        yield opened


@pytest.fixture
def url(arm: ScriptedArm) -> str:
    return f"{arm.url}{OPERATION}?api-version=2025-07-01&t=1&s=signature"


async def test_the_first_poll_is_at_once_and_the_next_when_azure_says(
    arm: ScriptedArm, client: ArmClient, clock: VirtualClock, url: str
) -> None:
    running = {"status": "InProgress"}
    arm.script(
        reply(200, running, {"Retry-After": "4"}),
        reply(200, running),
        reply(202, running, {"Retry-After": "0"}),
        reply(200, running, {"Retry-After": "100000"}),
        reply(200, {"status": "Succeeded"}),
    )
    start_s = clock.monotonic_s()

    outcome = await clock.drive(wait(client, url, limit_s=3_600))

    assert (outcome.status, outcome.last_seen) == (OutcomeStatus.SUCCEEDED, "Succeeded")
    assert clock.monotonic_s() - start_s == 4 + 10 + 10 + 120
    assert arm.seen[0].query == {"api-version": "2025-07-01", "t": "1", "s": "signature"}


async def test_what_was_done_at_once_is_not_waited_for(arm: ScriptedArm, client: ArmClient) -> None:
    outcome = await wait(client, "", limit_s=1)

    assert outcome.status is OutcomeStatus.SUCCEEDED
    assert arm.seen == []


async def test_a_result_url_answers_202_until_there_is_a_result(
    arm: ScriptedArm, client: ArmClient, clock: VirtualClock, url: str
) -> None:
    result: dict[str, object] = {"backendAddressPools": []}
    arm.script(reply(202), reply(202, None), reply(200, result))
    arm.script(reply(202), reply(204))

    with_result = await clock.drive(wait(client, url, limit_s=600))
    without = await clock.drive(wait(client, url, limit_s=600))

    assert (with_result.status, with_result.document) == (OutcomeStatus.SUCCEEDED, result)
    assert (without.status, without.document) == (OutcomeStatus.SUCCEEDED, None)


async def test_failed_polls_and_unknown_statuses_are_survived(
    arm: ScriptedArm, client: ArmClient, clock: VirtualClock, url: str
) -> None:
    arm.script(
        reply(200, {"status": "ProvisioningControlPlane"}),
        *[reply_bytes(502, b"Bad Gateway", "text/plain")] * 7,
        lose(),
        refuse(429, "Throttled", headers={"Retry-After": "301"}, is_bare=True),
        reply_bytes(200, b"<html>"),
        reply(200, {"status": "BlueGreenSoakingFinal"}),
        reply(200, {"status": "BlueGreenSoakingFinal"}),
        refuse(401, "ExpiredAuthenticationToken"),
        reply(200, {"status": "Succeeded"}),
    )
    told: list[str] = []

    outcome = await clock.drive(wait(client, url, limit_s=3_600, on_status=told.append))

    assert outcome.status is OutcomeStatus.SUCCEEDED
    assert told == ["ProvisioningControlPlane", "BlueGreenSoakingFinal", "Succeeded"]


async def test_an_operation_that_never_ends_is_left_running_at_the_limit(
    arm: ScriptedArm, client: ArmClient, clock: VirtualClock, url: str
) -> None:
    arm.script(*[reply(200, {"status": "Updating"})] * 5)
    start_s = clock.monotonic_s()

    outcome = await clock.drive(wait(client, url, limit_s=25))

    assert (outcome.status, outcome.last_seen) == (OutcomeStatus.RUNNING, "Updating")
    assert clock.monotonic_s() - start_s == 25
    assert len(arm.seen) == 4
    with pytest.raises(OutcomeUnknownError, match="making green: not ended yet; last seen as Upd"):
        outcome.raise_for_failure("making green")


@pytest.mark.parametrize("status", [400, 403, 404, 410])
async def test_an_operation_that_is_not_shown_any_more_has_an_unknown_end(
    status: int, arm: ScriptedArm, client: ArmClient, url: str
) -> None:
    arm.script(refuse(status, "NotShown"))

    outcome = await wait(client, url, limit_s=600)

    assert outcome.status is OutcomeStatus.UNKNOWN
    with pytest.raises(OutcomeUnknownError, match="does not say any more") as caught:
        outcome.raise_for_failure("making green")
    assert caught.value.remedy == "look at the resource itself"


async def test_a_credential_that_is_not_taken_any_more_ends_the_wait(
    arm: ScriptedArm, client: ArmClient, clock: VirtualClock, url: str
) -> None:
    arm.script(*[refuse(401, "InvalidAuthenticationToken")] * 2)

    error = await clock.drive(failure_of(wait(client, url, limit_s=600), ForbiddenError))

    assert error.reason == "InvalidAuthenticationToken"


async def test_a_failure_is_told_with_its_cause_and_what_to_do(
    arm: ScriptedArm, client: ArmClient, url: str
) -> None:
    details = [{"code": "SubnetIsFull", "message": "Subnet s has no free addresses."}]
    error = {"code": "BadRequest", "message": "It did not work.", "details": details}
    arm.script(reply(200, {"status": "Failed", "error": error}))

    outcome = await wait(client, url, limit_s=600)

    assert outcome.error == OperationError(
        message="It did not work.; Subnet s has no free addresses.",
        codes=("BadRequest", "SubnetIsFull"),
    )
    with pytest.raises(ApiError, match=r"making green: failed \(BadRequest\): It did") as caught:
        outcome.raise_for_failure("making green")
    assert "enlarge" in caught.value.remedy
    assert not outcome.is_superseded


async def test_an_operation_that_a_later_one_replaced_says_so(
    arm: ScriptedArm, client: ArmClient, url: str
) -> None:
    details = [{"code": "CanceledAndSupersededDueToAnotherOperation", "message": "by o2"}]
    canceled = {"code": "Canceled", "message": "Operation was canceled.", "details": details}
    latest = {"code": "NotLatestOperation", "message": "a newer one runs"}
    arm.script(
        reply(200, {"status": "Canceled", "error": canceled}),
        reply(200, {"status": "Succeeded", "error": latest}),
        reply(200, {"status": "Canceled"}),
    )

    outcomes = [await wait(client, url, limit_s=600) for _ in range(3)]

    assert [(each.status.value, each.is_superseded) for each in outcomes] == [
        ("canceled", True),
        ("succeeded", True),
        ("canceled", False),
    ]
    outcomes[1].raise_for_failure("making green")
    with pytest.raises(ApiError, match="making green: canceled: Azure gives no reason"):
        outcomes[2].raise_for_failure("making green")


async def test_a_poll_url_of_another_server_is_not_followed(client: ArmClient) -> None:
    with pytest.raises(ApiError, match="nothing was sent there"):
        await wait(client, "https://elsewhere.example/operations/1", limit_s=600)
