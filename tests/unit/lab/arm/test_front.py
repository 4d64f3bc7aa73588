import pytest

from bascule.lab.arm.front import AnswerLostError
from bascule.lab.arm.requests import ArmReply
from tests.support.lab_azure import URL, AzureUser, running_azure


def code_of(reply: ArmReply) -> str:
    code: str = reply.body["error"]["code"]
    return code


async def is_never_answered(user: AzureUser, path: str) -> bool:
    try:
        await user.ask("HEAD", path)
    except AnswerLostError:
        return True
    return False


async def test_every_answer_carries_the_headers_that_azure_sends() -> None:
    async with running_azure() as user:
        headers = {
            "x-ms-correlation-request-id": "c-1",
            "x-ms-client-request-id": "mine",
            "x-ms-return-client-request-id": "true",
        }

        reply = await user.ask("GET", "/subscriptions", headers=headers)

    assert reply.status == 200
    assert reply.headers["x-ms-correlation-request-id"] == "c-1"
    assert reply.headers["x-ms-client-request-id"] == "mine"
    assert reply.headers["x-ms-request-id"]
    assert reply.headers["x-ms-routing-request-id"].startswith("CHINANORTH2:2026")
    assert "x-ms-ratelimit-remaining-subscription-reads" in reply.headers


async def test_nobody_is_asked_to_sign_in_and_a_wrong_token_is_refused() -> None:
    async with running_azure() as user:
        good, user.token = user.token, ""
        nobody = await user.ask("GET", "/subscriptions")
        user.token = good[:-4] + "AAAA"
        forged = await user.ask("GET", "/subscriptions")
        user.token = good
        await user.clock.advance(3_601)
        late = await user.ask("GET", "/subscriptions")

    assert [reply.status for reply in (nobody, forged, late)] == [401, 401, 401]
    assert code_of(nobody) == "AuthenticationFailed"
    assert nobody.headers["WWW-Authenticate"].startswith('Bearer authorization_uri="https://')
    assert code_of(forged) == "InvalidAuthenticationToken"
    assert code_of(late) == "ExpiredAuthenticationToken"


async def test_a_request_without_an_api_version_is_refused() -> None:
    async with running_azure() as user:
        reply = await user.send("GET", f"{user.subscription}/resourcegroups")

    assert (reply.status, code_of(reply)) == (400, "MissingApiVersionParameter")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/subscriptions/00000000-0000-0000-0000-000000000000", "SubscriptionNotFound"),
        ("{s}/resourceGroups/none", "ResourceGroupNotFound"),
        ("{s}/resourceGroups/none/providers/Microsoft.Network/x/y", "ResourceGroupNotFound"),
        ("{s}/providers/Microsoft.Nothing/things", "InvalidResourceNamespace"),
        ("{s}/nothing", "NotFound"),
        ("/nowhere/at/all", "NotFound"),
    ],
)
async def test_what_is_not_there_is_said_in_azures_words(path: str, code: str) -> None:
    async with running_azure() as user:
        reply = await user.ask("GET", path.format(s=user.subscription))

    assert reply.status == 404
    assert code_of(reply) == code


async def test_whether_something_is_there_is_asked_without_its_body() -> None:
    async with running_azure() as user:
        network = f"{await user.make_group()}/providers/Microsoft.Network/virtualNetworks/v"
        missing = await user.ask("HEAD", network)
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}
        await user.ask("PUT", network, {"location": "eastus", "properties": space})
        there = await user.ask("HEAD", network)

    assert (missing.status, missing.body) == (404, None)
    assert (there.status, there.body) == (204, None)


async def test_a_body_that_is_no_json_is_refused() -> None:
    async with running_azure() as user:
        path = f"{user.subscription}/resourceGroups/shop"
        form = {"location": "eastus"}

        reply = await user.send("PUT", path, query={"api-version": "1"}, form=form)

    assert (reply.status, code_of(reply)) == (400, "InvalidRequestContent")


async def test_a_list_is_cut_into_pages_that_begin_with_an_empty_one() -> None:
    async with running_azure() as user:
        for name in ("a", "b", "c"):
            await user.make_group(name)
        await user.manage("PUT", "settings", {"pageSize": 2, "leadsWithEmptyPage": True})
        path, pages = f"{user.subscription}/resourcegroups", []
        query: dict[str, str] = {}
        while True:
            reply = await user.ask("GET", path, query=query)
            pages.append([group["name"] for group in reply.body["value"]])
            link = reply.body.get("nextLink")
            if link is None:
                break
            assert link.startswith(f"{URL}{path}?api-version=")
            query = {"$skiptoken": link.rpartition("=")[2]}

    assert pages == [[], ["a", "b"], ["c"]]


async def test_faults_refuse_hang_and_lose_the_answer_after_the_effect() -> None:
    async with running_azure() as user:
        rule = {"path": "resourceGroups/shop", "method": "PUT", "times": 1}
        await user.manage("POST", "faults", {**rule, "kind": "error", "status": 503, "code": "Oh"})
        path = f"{user.subscription}/resourceGroups/shop"
        refused = await user.ask("PUT", path, {"location": "eastus"})
        before = await user.ask("GET", path)
        await user.manage("POST", "faults", {**rule, "kind": "lose"})
        with pytest.raises(AnswerLostError):
            await user.ask("PUT", path, {"location": "eastus"})
        after = await user.ask("GET", path)
        await user.manage("POST", "faults", {"kind": "hang", "seconds": 30, "method": "HEAD"})
        is_lost = await user.clock.drive(is_never_answered(user, path))
        counts = await user.manage("GET", "requests")

    assert (refused.status, code_of(refused)) == (503, "Oh")
    assert (before.status, after.status, is_lost) == (404, 200, True)
    assert [write["status"] for write in counts.body["latestWrites"]] == [503, 0]


async def test_the_pages_of_the_lab_are_for_whoever_shows_its_secret() -> None:
    async with running_azure() as user:
        told = await user.send("GET", "/lab/requests")
        wrong = await user.manage("PUT", "settings", {"pageSize": "two"})
        nothing = await user.manage("GET", "nothing")
        changed = await user.manage("PUT", "settings", {"throttleScale": 0})
        shown = await user.manage("GET", "settings")
        await user.ask("GET", "/subscriptions")
        cleared = await user.manage("DELETE", "requests")
        counts = await user.manage("GET", "requests")

    assert (told.status, wrong.status, nothing.status) == (403, 400, 404)
    assert changed.body == shown.body
    assert shown.body["throttleScale"] == 0
    assert (cleared.status, counts.body["reads"]) == (204, 0)
