"""The client of Azure Resource Manager against a server that misbehaves on purpose."""

import base64
import json
from collections.abc import AsyncIterator

import pytest
import structlog.testing

from bascule.azure.client import Accepted, ArmClient
from bascule.azure.clouds import Cloud
from bascule.azure.errors import AlreadyThereError, LostAnswerError, ReadAgainError
from bascule.azure.session import ArmLimits
from bascule.azure.trust import SYSTEM_TRUST
from bascule.errors import (
    ApiError,
    ForbiddenError,
    InvalidError,
    InvariantError,
    NotFoundError,
    ThrottledError,
    TransportError,
)
from tests.support.scripted_arm import (
    GATEWAY,
    FixedCredential,
    ScriptedArm,
    failure_of,
    hang,
    lose,
    refuse,
    reply,
    reply_bytes,
    scripted_arm,
)
from tests.support.virtual_clock import VirtualClock

ASSIGNMENT = "/subscriptions/s1/providers/Microsoft.Authorization/roleAssignments/a1"
NETWORKS = "/subscriptions/s1/providers/Microsoft.Network/virtualNetworks"


@pytest.fixture
async def arm() -> AsyncIterator[ScriptedArm]:
    with scripted_arm() as server:
        async with server:
            yield server


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def credential() -> FixedCredential:
    return FixedCredential()


@pytest.fixture
async def client(
    arm: ScriptedArm, credential: FixedCredential, clock: VirtualClock
) -> AsyncIterator[ArmClient]:
    async with ArmClient(arm.cloud, credential, clock=clock, trust=arm.trust) as opened:
        yield opened


async def test_a_resource_is_asked_for_in_its_version_and_with_ids_to_trace_it(
    arm: ScriptedArm, client: ArmClient, credential: FixedCredential
) -> None:
    arm.script(reply(200, {"name": "gw"}))

    found = await client.get(GATEWAY)

    assert found == {"name": "gw"}
    (seen,) = arm.seen
    assert (seen.path, seen.query) == (GATEWAY, {"api-version": "2025-07-01"})
    assert seen.token == "token-1"
    assert credential.asked == [(f"{arm.url}/.default", "", False)]
    assert len(seen.headers["x-ms-correlation-request-id"]) == 36
    assert seen.headers["x-ms-client-request-id"] != seen.headers["x-ms-correlation-request-id"]


async def test_a_write_goes_by_its_own_correlation_id_where_one_is_given(
    arm: ScriptedArm, client: ArmClient
) -> None:
    arm.script(reply(200, {}), reply(200, {}))

    await client.put(GATEWAY, {}, correlation_id="c-1")
    await client.put(GATEWAY, {})

    first, second = (seen.headers["x-ms-correlation-request-id"] for seen in arm.seen)
    assert first == "c-1"
    assert len(second) == 36


async def test_what_was_read_is_written_back_as_it_came(
    arm: ScriptedArm, client: ArmClient
) -> None:
    body = (
        b'{"z":{"new field":[1,2.5,null,true,"\xc3\xa9 \\" \\\\"]},"big":9007199254740993,"a":{},'
        b'"none":[]}'
    )
    arm.script(reply_bytes(200, body), reply(200, {}))

    found = await client.get(GATEWAY)
    assert found is not None
    await client.put(GATEWAY, found)

    assert arm.seen[1].body == body


@pytest.mark.parametrize(
    "code", ["ResourceNotFound", "ResourceGroupNotFound", "NotFound", "DeploymentNotFound"]
)
async def test_what_does_not_exist_is_none(code: str, arm: ScriptedArm, client: ArmClient) -> None:
    arm.script(refuse(404, code), refuse(404, code))

    assert await client.get(GATEWAY) is None
    assert await client.delete(GATEWAY) is None


async def test_a_wrong_subscription_is_no_absent_resource(
    arm: ScriptedArm, client: ArmClient
) -> None:
    arm.script(refuse(404, "SubscriptionNotFound"), refuse(404, "SubscriptionNotFound"))

    with pytest.raises(NotFoundError):
        await client.get(GATEWAY)
    with pytest.raises(NotFoundError):
        await client.delete(GATEWAY)


async def test_a_404_that_is_not_from_azure_is_no_absent_resource(
    arm: ScriptedArm, client: ArmClient
) -> None:
    arm.script(reply_bytes(404, b"<html>no such site</html>", "text/html"))

    with pytest.raises(NotFoundError, match="no such site") as caught:
        await client.get(GATEWAY)

    assert "prox" in caught.value.remedy


async def test_a_group_is_looked_for_by_head(arm: ScriptedArm, client: ArmClient) -> None:
    arm.script(reply(204), reply(404))

    group = "/subscriptions/s1/resourceGroups/rg (1)"

    assert [await client.head(group), await client.head(group)] == [True, False]
    assert arm.seen[0].path == group


async def test_pages_are_followed_even_past_an_empty_one(
    arm: ScriptedArm, client: ArmClient
) -> None:
    def following(page: int) -> str:
        return f"{arm.url}{NETWORKS}?api-version=2025-07-01&$skiptoken={page}"

    arm.script(
        reply(200, {"value": [{"name": "a"}], "nextLink": following(2)}),
        reply(200, {"value": [], "nextLink": following(3)}),
        reply(200, {"value": [{"name": "b"}]}),
    )

    found = await client.list(NETWORKS, {"$filter": "name eq 'x y'"})

    assert [each["name"] for each in found] == ["a", "b"]
    assert arm.seen[0].query["$filter"] == "name eq 'x y'"
    assert [seen.query.get("$skiptoken") for seen in arm.seen] == [None, "2", "3"]


async def test_a_list_that_never_ends_is_given_up(
    arm: ScriptedArm, credential: FixedCredential, clock: VirtualClock
) -> None:
    limits = ArmLimits(pages_max=2)
    more = reply(200, {"value": [], "nextLink": f"{arm.url}{NETWORKS}?again"})
    arm.script(more, more)

    async with ArmClient(
        arm.cloud, credential, clock=clock, trust=arm.trust, limits=limits
    ) as client:
        with pytest.raises(ApiError, match="more than 2 pages"):
            await client.list(NETWORKS)


async def test_links_may_be_relative(arm: ScriptedArm, client: ArmClient) -> None:
    arm.script(reply(200, {"value": [], "nextLink": f"{NETWORKS}?page=2"}), reply(200, {}))

    assert await client.list(NETWORKS) == ()

    assert arm.seen[1].query == {"page": "2"}


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example:{port}/next",
        "https://localhost:{port}@elsewhere.example/next",
        "https://nolocalhost:{port}/next",
        "https://localhost:1/next",
        "http://localhost:{port}/next",
        "//elsewhere.example/next",
    ],
)
async def test_the_token_goes_to_no_other_server(
    link: str, arm: ScriptedArm, client: ArmClient
) -> None:
    following = link.format(port=arm.port) + "?sig=s3cret"
    arm.script(reply(200, {"value": [], "nextLink": following}))

    with pytest.raises(ApiError, match="is not an address of https://localhost") as caught:
        await client.list(NETWORKS)

    assert "s3cret" not in caught.value.message
    assert len(arm.seen) == 1


async def test_a_write_that_runs_on_gives_the_url_to_wait_at(
    arm: ScriptedArm, client: ArmClient
) -> None:
    asynchronous = {"Azure-AsyncOperation": f"{arm.url}/op/1", "Location": f"{arm.url}/result/1"}
    arm.script(
        reply(201, {"name": "gw"}, asynchronous),
        reply(202, None, asynchronous),
        reply(202, None, {"Location": f"{arm.url}/result/2"}),
        reply(200, {"kubeconfigs": []}),
        reply(204),
    )

    accepted = [
        await client.put(GATEWAY, {}),
        await client.delete(GATEWAY),
        await client.post(GATEWAY, "backendhealth"),
        await client.post(GATEWAY, "listThings", {"a": 1}, query={"format": "exec"}),
        await client.delete(GATEWAY),
    ]

    assert accepted == [
        Accepted(document={"name": "gw"}, operation_url=f"{arm.url}/op/1"),
        Accepted(operation_url=f"{arm.url}/op/1"),
        Accepted(operation_url=f"{arm.url}/result/2"),
        Accepted(document={"kubeconfigs": []}),
        None,
    ]
    assert arm.seen[3].path == f"{GATEWAY}/listThings"
    assert arm.seen[3].query["format"] == "exec"


async def test_reads_are_sent_again_after_whatever_went_wrong(
    arm: ScriptedArm, client: ArmClient, clock: VirtualClock
) -> None:
    arm.script(
        lose(),
        reply_bytes(502, b"Bad Gateway", "text/plain"),
        refuse(429, "Throttled", headers={"Retry-After": "17"}, is_bare=True),
        refuse(503, "ServerBusy"),
        reply(200, {"name": "gw"}),
    )
    start_s = clock.monotonic_s()

    found = await clock.drive(client.get(GATEWAY))

    assert found == {"name": "gw"}
    assert clock.monotonic_s() - start_s == 1 + 2 + 17 + 8


async def test_a_read_that_never_succeeds_says_why(
    arm: ScriptedArm, client: ArmClient, clock: VirtualClock
) -> None:
    arm.script(*[lose()] * 6)

    error = await clock.drive(failure_of(client.get(GATEWAY), TransportError))

    assert error.message.startswith("GET https://localhost")
    assert len(arm.seen) == 6


async def test_a_write_whose_answer_is_lost_is_never_sent_again(
    arm: ScriptedArm, client: ArmClient
) -> None:
    arm.script(reply(200, {}), lose(), lose(), refuse(500, "InternalServerError"))
    await client.get(GATEWAY)  # so that the writes begin on a connection that has served before

    for write in (client.put(GATEWAY, {}), client.patch(GATEWAY, {}), client.put(GATEWAY, {})):
        with pytest.raises(LostAnswerError, match="whether it took place is not known"):
            await write

    assert arm.methods == ["GET", "PUT", "PATCH", "PUT"]


async def test_a_delete_and_a_repeatable_write_are_sent_again(
    arm: ScriptedArm, client: ArmClient, clock: VirtualClock
) -> None:
    arm.script(lose(), reply(200), lose(), refuse(503, "Busy"), reply(201, {"id": "a1"}))

    deleted = await clock.drive(client.delete(GATEWAY))
    made = await clock.drive(client.put(ASSIGNMENT, {"properties": {}}, is_repeatable=True))

    assert (deleted, made.document) == (Accepted(), {"id": "a1"})
    assert arm.methods == ["DELETE", "DELETE", "PUT", "PUT", "PUT"]


async def test_a_repeatable_write_that_is_never_answered_has_an_unknown_outcome(
    arm: ScriptedArm, client: ArmClient, clock: VirtualClock
) -> None:
    arm.script(*[lose()] * 6)

    await clock.drive(failure_of(client.put(ASSIGNMENT, {}, is_repeatable=True), LostAnswerError))

    assert len(arm.seen) == 6


async def test_a_write_that_was_refused_by_circumstance_is_for_the_caller_to_read_again(
    arm: ScriptedArm, client: ArmClient
) -> None:
    arm.script(
        refuse(429, "RetryableError", headers={"Retry-After": "8"}),
        refuse(409, "EtagMismatch", is_bare=True),
        refuse(412, "PreconditionFailed"),
        refuse(409, "OperationNotAllowed", "Another operation (p - Updating) is in progress"),
        refuse(429, "TooManyRequests", headers={"Retry-After": "3"}),
    )

    caught = []
    for _ in range(5):
        with pytest.raises(ReadAgainError) as refused:
            await client.put(GATEWAY, {}, if_match='W/"1"')
        caught.append((refused.value.status, refused.value.reason, refused.value.retry_after_s))

    assert caught == [
        (429, "RetryableError", 8.0),
        (409, "EtagMismatch", 1.0),
        (412, "PreconditionFailed", 1.0),
        (409, "OperationNotAllowed", 1.0),
        (429, "TooManyRequests", 3.0),
    ]
    assert arm.seen[0].headers["If-Match"] == 'W/"1"'


async def test_a_wait_past_the_limit_is_not_waited(arm: ScriptedArm, client: ArmClient) -> None:
    arm.script(refuse(429, "SubscriptionRequestsThrottled", headers={"Retry-After": "3600"}))

    with pytest.raises(ThrottledError) as caught:
        await client.get(GATEWAY)

    assert caught.value.retry_after_s == 3600.0


async def test_a_refused_token_is_replaced_once(
    arm: ScriptedArm, client: ArmClient, credential: FixedCredential
) -> None:
    arm.script(refuse(401, "ExpiredAuthenticationToken"), reply(200, {"name": "gw"}))
    await client.put(GATEWAY, {})

    arm.script(refuse(401, "InvalidAuthenticationToken"), refuse(401, "InvalidAuthenticationToken"))
    with pytest.raises(ForbiddenError):
        await client.get(GATEWAY)

    assert [seen.token for seen in arm.seen] == ["token-1", "token-2", "token-2", "token-3"]
    assert [is_refused for _, _, is_refused in credential.asked] == [False, True, True]


async def test_a_challenge_is_answered_with_the_claims_that_it_asks_for(
    arm: ScriptedArm, client: ArmClient, credential: FixedCredential
) -> None:
    claims = json.dumps({"access_token": {"nbf": {"essential": True, "value": "1"}}})
    encoded = base64.urlsafe_b64encode(claims.encode()).decode()
    challenge = f'Bearer error="insufficient_claims", claims="{encoded}"'
    arm.script(
        refuse(401, "TokenRevoked", headers={"WWW-Authenticate": challenge}),
        reply(200, {"name": "gw"}),
    )

    assert await client.get(GATEWAY) == {"name": "gw"}

    assert credential.asked[1][1] == claims
    assert arm.seen[1].token == "token-2"


async def test_errors_carry_the_ids_that_support_asks_for(
    arm: ScriptedArm, client: ArmClient
) -> None:
    headers = {"x-ms-request-id": "r1", "x-ms-correlation-request-id": "c1"}
    arm.script(refuse(409, "RoleAssignmentExists", "it exists", headers=headers))

    with pytest.raises(AlreadyThereError) as caught:
        await client.put(ASSIGNMENT, {})

    assert caught.value.message == (
        f"PUT {arm.url}{ASSIGNMENT}: 409 RoleAssignmentExists: it exists "
        "(request id r1, correlation id c1)"
    )


async def test_an_answer_that_is_no_json_object_is_said_so(
    arm: ScriptedArm, client: ArmClient
) -> None:
    arm.script(reply_bytes(200, b"<html>", "text/html"), reply_bytes(200, b"[]"))

    for _ in range(2):
        with pytest.raises(TransportError, match="cannot be read"):
            await client.get(GATEWAY)


async def test_a_server_that_is_not_trusted_gets_no_token(
    arm: ScriptedArm, credential: FixedCredential, clock: VirtualClock
) -> None:
    async with ArmClient(arm.cloud, credential, clock=clock, trust=SYSTEM_TRUST) as client:
        with pytest.raises(TransportError, match="certificate") as caught:
            await client.put(GATEWAY, {})

    assert "SSL_CERT_FILE" in caught.value.remedy
    assert arm.seen == []


async def test_a_write_that_reached_nobody_is_tried_again_and_then_has_not_happened(
    arm: ScriptedArm, credential: FixedCredential, clock: VirtualClock
) -> None:
    nowhere = Cloud(
        name="nowhere",
        resource_manager="https://localhost:1",
        login="https://localhost:1",
        audience="https://localhost:1",
    )

    async with ArmClient(nowhere, credential, clock=clock, trust=arm.trust) as client:
        error = await clock.drive(failure_of(client.put(GATEWAY, {}), TransportError))

    assert "Cannot connect to host localhost:1" in error.message


async def test_a_client_that_is_not_entered_sends_nothing(
    arm: ScriptedArm, credential: FixedCredential, clock: VirtualClock
) -> None:
    client = ArmClient(arm.cloud, credential, clock=clock, trust=arm.trust)

    with pytest.raises(InvariantError):
        await client.get(GATEWAY)


async def test_a_cloud_that_lags_behind_is_asked_in_the_newest_version_that_it_offers(
    arm: ScriptedArm, client: ArmClient
) -> None:
    said = (
        "No registered resource provider found for location 'chinanorth2' and API version. "
        "The supported api-versions are '2026-01-01, 2024-05-01, 2025-01-01, 2025-06-01-preview'."
    )
    arm.script(refuse(400, "NoRegisteredProviderFound", said), reply(200, {}), reply(200, {}))

    await client.get(GATEWAY)
    await client.put(GATEWAY, {})

    versions = [seen.query["api-version"] for seen in arm.seen]
    assert versions == ["2025-07-01", "2025-01-01", "2025-01-01"]


async def test_a_cloud_that_offers_nothing_old_enough_is_an_error(
    arm: ScriptedArm, client: ArmClient
) -> None:
    said = "The supported api-versions are '2099-01-01'."
    arm.script(refuse(404, "InvalidResourceType", said))

    with pytest.raises(InvalidError) as caught:
        await client.get(GATEWAY)

    assert "the newest it knows is 2099-01-01" in caught.value.remedy


async def test_logs_hold_the_ids_and_no_token(arm: ScriptedArm, client: ArmClient) -> None:
    arm.script(reply(200, {"secret": "inside"}, {"x-ms-request-id": "r1"}), refuse(500, "X"))

    with structlog.testing.capture_logs() as logs:
        await client.get(GATEWAY)
        with pytest.raises(LostAnswerError):
            await client.put(GATEWAY, {"secret": "inside"})

    assert [log.get("x-ms-request-id") for log in logs] == ["r1", None]
    assert {log["status"] for log in logs} == {200, 500}
    assert "token-1" not in str(logs)
    assert "inside" not in str(logs)


async def test_silence_is_no_answer(
    arm: ScriptedArm, credential: FixedCredential, clock: VirtualClock
) -> None:
    limits = ArmLimits(read_s=0.05, write_s=0.05)
    arm.script(hang(), reply(200, {"name": "gw"}), hang())

    async with ArmClient(
        arm.cloud, credential, clock=clock, trust=arm.trust, limits=limits
    ) as client:
        found = await clock.drive(client.get(GATEWAY))
        with pytest.raises(LostAnswerError):
            await client.put(GATEWAY, {})

    assert found == {"name": "gw"}
    assert arm.methods == ["GET", "GET", "PUT"]
