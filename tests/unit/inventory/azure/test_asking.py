import asyncio
from collections.abc import Mapping

import pytest

from bascule.azure.document import Document
from bascule.checks.azure.unreadable import Unreadable
from bascule.errors import ConflictError, ForbiddenError, NotFoundError, TransportError
from bascule.inventory.azure.asking import AT_ONCE_MAX, GIVE_READER, Asker


class Scripted:
    """Answers everything in one way, and counts how many ask at a time."""

    def __init__(self, answer: Document | Exception | None = None) -> None:
        self._answer = answer
        self.now = 0
        self.most = 0

    async def get(self, resource: str, /) -> Document | None:
        del resource
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(3):
            await asyncio.sleep(0)
        self.now -= 1
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    async def list(
        self, path: str, query: Mapping[str, str] | None = None, /
    ) -> tuple[Document, ...]:
        del query
        found = await self.get(path)
        return () if found is None else (found,)


async def test_what_is_there_is_returned() -> None:
    asker = Asker(Scripted({"id": "/x"}))

    assert await asker.get("it", "/x") == {"id": "/x"}
    assert await asker.list("them", "/x") == ({"id": "/x"},)


async def test_what_does_not_exist_cannot_be_read() -> None:
    found = await Asker(Scripted()).get("the cluster old", "/x")

    assert isinstance(found, Unreadable)
    assert (found.what, found.reason) == ("the cluster old", "there is no /x")


@pytest.mark.parametrize(
    ("error", "reason", "remedy"),
    [
        (ForbiddenError("no token"), "no token", GIVE_READER),
        (
            ForbiddenError(
                "The client ...", status=403, reason="AuthorizationFailed", remedy="ask"
            ),
            "Azure answers 403 AuthorizationFailed",
            "ask",
        ),
        (TransportError("connection refused"), "connection refused", ""),
        (
            NotFoundError("no such group", status=404, reason="ResourceGroupNotFound"),
            "Azure answers 404 ResourceGroupNotFound",
            "",
        ),
    ],
)
async def test_what_is_refused_is_a_value_with_the_reason(
    error: Exception, reason: str, remedy: str
) -> None:
    asker = Asker(Scripted(error))

    for found in (await asker.get("it", "/x"), await asker.list("it", "/x")):
        assert isinstance(found, Unreadable)
        assert (found.reason, found.remedy) == (reason, remedy)


@pytest.mark.parametrize(
    "error",
    [
        NotFoundError("no such namespace", reason="InvalidResourceNamespace"),
        ConflictError("not registered", reason="MissingSubscriptionRegistration"),
    ],
)
async def test_of_a_provider_that_is_not_there_there_is_nothing(error: Exception) -> None:
    assert await Asker(Scripted(error)).list("them", "/x") == ()


async def test_a_type_that_another_api_version_may_know_is_not_taken_for_nothing() -> None:
    unknown = NotFoundError("no such type", status=404, reason="InvalidResourceType")

    assert isinstance(await Asker(Scripted(unknown)).list("them", "/x"), Unreadable)


async def test_only_a_few_are_asked_at_a_time() -> None:
    arm = Scripted({"id": "/x"})
    asker = Asker(arm)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(asker.get("it", "/x"))

    assert arm.most == AT_ONCE_MAX
