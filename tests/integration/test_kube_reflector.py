"""The reflector over real HTTP, against a server that fails in every way that real ones do."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bascule.app.clock import SystemClock
from bascule.kube.backoff import Backoff
from bascule.kube.client import KubeClient, RawObject, as_is
from bascule.kube.connection import Connection
from bascule.kube.reflector import (
    Event,
    Gone,
    Lost,
    Put,
    ReflectorLimits,
    Resumed,
    Synced,
    reflect,
)
from bascule.kube.resources import SERVICES
from bascule.kube.session import ClientLimits
from tests.support.raw_objects import raw_service
from tests.support.scripted_api import (
    ScriptedApi,
    error_in_stream,
    event_line,
    fall_silent,
    refuse,
    send,
    tear,
)
from tests.support.waiting import eventually

PATH = "/api/v1/services"
LIMITS = ReflectorLimits(
    watch_s=60, silence_s=20.0, steady_s=0.05, backoff=Backoff(first_s=0.005, max_s=0.02)
)


@dataclass(slots=True)
class Follower:
    """Takes down every event and keeps the names that exist by them."""

    api: ScriptedApi
    events: list[Event[RawObject]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def take(self, event: Event[RawObject]) -> None:
        self.events.append(event)
        match event:
            case Synced(objects):
                self.names = {_name(raw) for raw in objects}
            case Put(raw):
                self.names.add(_name(raw))
            case Gone(raw):
                self.names.discard(_name(raw))
            case Lost() | Resumed():
                pass

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    async def knows(self, *names: str) -> None:
        await eventually(lambda: self.names == set(names))

    async def watches(self, count: int = 1) -> None:
        await eventually(lambda: self.api.open_watches == count)


@asynccontextmanager
async def following(
    api: ScriptedApi,
    *,
    limits: ReflectorLimits = LIMITS,
    client_limits: ClientLimits | None = None,
    connection: Connection | None = None,
) -> AsyncIterator[Follower]:
    follower = Follower(api)
    clock = SystemClock()
    connection = connection or Connection(name="test", server=api.url)

    async def follow() -> None:
        async with KubeClient(connection, clock=clock, limits=client_limits) as client:
            events = reflect(
                client,
                SERVICES,
                keep=as_is,
                clock=clock,
                rng=random.Random(7),  # noqa: S311 - jitter, not a secret
                limits=limits,
            )
            async with aclosing(events):
                async for event in events:
                    follower.take(event)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(follow())
        try:
            yield follower
        finally:
            task.cancel()


def _name(raw: RawObject) -> str:
    metadata: Any = raw["metadata"]
    return str(metadata["name"])


@pytest.fixture
async def api() -> AsyncIterator[ScriptedApi]:
    async with ScriptedApi() as server:
        await server.put(PATH, raw_service("web"))
        yield server


async def test_lists_and_then_follows_changes_and_deletions(api: ScriptedApi) -> None:
    async with following(api) as follower:
        await follower.watches()
        await api.put(PATH, raw_service("cart"))
        await follower.knows("web", "cart")
        await api.remove(PATH, raw_service("web"))
        await follower.knows("cart")

    assert follower.kinds() == ["Synced", "Put", "Gone"]


async def test_items_of_a_list_get_their_type(api: ScriptedApi) -> None:
    async with following(api) as follower:
        await follower.knows("web")

    synced = follower.events[0]
    assert isinstance(synced, Synced)
    assert synced.objects[0]["kind"] == "Service"
    assert synced.objects[0]["apiVersion"] == "v1"


async def test_an_empty_list_that_says_null_is_empty(api: ScriptedApi) -> None:
    await api.remove(PATH, raw_service("web"))

    async with following(api) as follower:
        await follower.watches()

    assert follower.events == [Synced(())]


async def test_a_watch_that_ends_in_order_goes_on_where_it_was(api: ScriptedApi) -> None:
    async with following(api) as follower:
        await follower.watches()
        await api.put(PATH, raw_service("cart"))
        await follower.knows("web", "cart")
        await api.end_watches()
        await follower.watches()
        await api.put(PATH, raw_service("pay"))
        await follower.knows("web", "cart", "pay")

    assert follower.kinds() == ["Synced", "Put", "Put"]
    assert len(api.lists) == 1
    assert api.watches[1].query["resourceVersion"] == "102"


async def test_a_bookmark_moves_the_place_to_go_on_from(api: ScriptedApi) -> None:
    async with following(api) as follower:
        await follower.watches()
        await api.bookmark(PATH)
        api.tear_watches()
        await eventually(lambda: len(api.watches) == 2)

    assert api.watches[0].query["allowWatchBookmarks"] == "true"
    assert follower.kinds() == ["Synced"]


async def test_a_torn_watch_is_resumed_without_a_word(api: ScriptedApi) -> None:
    async with following(api) as follower:
        await follower.watches()
        api.tear_watches()
        await eventually(lambda: len(api.watches) >= 2)
        await api.put(PATH, raw_service("cart"))
        await follower.knows("web", "cart")

    assert follower.kinds() == ["Synced", "Put"]
    assert len(api.lists) == 1


async def test_half_an_event_is_never_taken_for_a_whole_one(api: ScriptedApi) -> None:
    line = event_line("ADDED", raw_service("half"))
    api.script(send(line[:40], is_torn=True), on="watch")

    async with following(api) as follower:
        await eventually(lambda: len(api.watches) == 2)
        await api.put(PATH, raw_service("cart"))
        await follower.knows("web", "cart")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(error_in_stream(410, "Expired"), id="410-in-the-stream"),
        pytest.param(error_in_stream(504, "Timeout"), id="504-in-the-stream"),
        pytest.param(refuse(410, "Expired"), id="http-410"),
        pytest.param(refuse(504, "Timeout"), id="http-504"),
    ],
)
async def test_a_version_too_old_lists_again_and_finds_what_was_deleted(
    api: ScriptedApi, answer: Any
) -> None:
    await api.put(PATH, raw_service("cart"))
    async with following(api) as follower:
        await follower.watches()
        await api.remove(PATH, raw_service("web"), silently=True)
        api.script(answer, on="watch")
        api.tear_watches()
        await follower.knows("cart")
        await follower.watches()

    assert follower.kinds() == ["Synced", "Synced"]


async def test_a_compacted_server_lists_again(api: ScriptedApi) -> None:
    async with following(api) as follower:
        await follower.watches()
        await api.put(PATH, raw_service("cart"))
        await follower.knows("web", "cart")
        await api.remove(PATH, raw_service("web"), silently=True)
        api.forget(PATH)
        api.tear_watches()
        await follower.knows("cart")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuse(500, "InternalError"), id="500"),
        pytest.param(refuse(503, "ServiceUnavailable"), id="503"),
        pytest.param(refuse(429, "TooManyRequests"), id="429"),
        pytest.param(refuse(403, "Forbidden"), id="403"),
        pytest.param(tear(), id="torn"),
        pytest.param(send(b"<html>\n"), id="not-json"),
    ],
)
async def test_a_list_that_fails_is_lost_and_comes_back(api: ScriptedApi, answer: Any) -> None:
    patience = ClientLimits(throttled_tries_max=0)
    api.script(answer, answer, on="list")

    async with following(api, client_limits=patience) as follower:
        await follower.knows("web")

    assert follower.kinds() == ["Lost", "Synced"]


async def test_a_watch_that_is_refused_is_lost_and_resumes_where_it_was(api: ScriptedApi) -> None:
    async with following(api) as follower:
        await follower.watches()
        api.script(*[refuse(500, "InternalError")] * 3, on="watch")
        api.tear_watches()
        await eventually(lambda: "Resumed" in follower.kinds())

    assert follower.kinds() == ["Synced", "Lost", "Resumed"]
    assert len(api.lists) == 1


async def test_a_server_that_goes_away_and_returns_is_followed_again(api: ScriptedApi) -> None:
    async with following(api) as follower:
        await follower.watches()
        await api.stop()
        await eventually(lambda: "Lost" in follower.kinds())
        await api.start_again()
        await api.put(PATH, raw_service("cart"))
        await follower.knows("web", "cart")

    lost = follower.events[1]
    assert isinstance(lost, Lost)
    assert "refused" in lost.reason.lower()
    assert follower.kinds()[:3] == ["Synced", "Lost", "Resumed"]


async def test_a_connection_that_fell_silent_is_given_up(api: ScriptedApi) -> None:
    api.script(fall_silent(event_line("ADDED", raw_service("cart"))), on="watch")
    quick = ReflectorLimits(silence_s=0.1, backoff=LIMITS.backoff)

    async with following(api, limits=quick) as follower:
        await eventually(lambda: len(api.watches) >= 2)

    assert follower.kinds()[:2] == ["Synced", "Put"]
    assert "Lost" not in follower.kinds()


async def test_objects_of_three_megabytes_arrive_whole(api: ScriptedApi) -> None:
    large = raw_service("large")
    large["data"] = "x" * 3_000_000
    async with following(api) as follower:
        await follower.watches()
        await api.put(PATH, large)
        await follower.knows("web", "large")

    put = follower.events[-1]
    assert isinstance(put, Put)
    assert put.object["data"] == large["data"]


async def test_a_long_list_comes_in_pages(api: ScriptedApi) -> None:
    for number in range(24):
        await api.put(PATH, raw_service(f"s{number:02}"))

    async with following(api, client_limits=ClientLimits(page_items_max=10)) as follower:
        await eventually(lambda: len(follower.names) == 25)

    assert [seen.query.get("continue") for seen in api.lists] == [None, "10", "20"]


async def test_a_list_that_expires_between_pages_is_begun_again_in_one_piece(
    api: ScriptedApi,
) -> None:
    for number in range(24):
        await api.put(PATH, raw_service(f"s{number:02}"))
    api.script(
        send(b'{"metadata":{"resourceVersion":"9","continue":"10"},"items":null}'),
        refuse(410, "Expired"),
        on="list",
    )

    async with following(api, client_limits=ClientLimits(page_items_max=10)) as follower:
        await eventually(lambda: len(follower.names) == 25)

    assert [seen.query.get("limit") for seen in api.lists] == ["10", "10", None]


async def test_a_server_that_expires_every_watch_is_not_asked_in_a_hot_loop(
    api: ScriptedApi,
) -> None:
    api.script(*[error_in_stream(410, "Expired")] * 200, on="watch")
    slow = ReflectorLimits(backoff=Backoff(first_s=0.05, max_s=10.0))

    async with following(api, limits=slow) as follower:
        await eventually(lambda: len(api.watches) == 4)

    assert len(follower.events) <= 5


OPTIONAL = replace(LIMITS, absent_s=0.02)


async def test_a_resource_that_the_server_need_not_know_is_empty_until_it_knows_it(
    api: ScriptedApi,
) -> None:
    unknown = refuse(404, "NotFound")
    api.script(unknown, unknown, on="list")

    async with following(api, limits=OPTIONAL) as follower:
        await follower.knows("web")

    assert follower.kinds() == ["Synced"] * 3
    assert follower.events[0] == Synced(())


async def test_a_resource_that_the_server_forgets_is_empty_and_not_lost(api: ScriptedApi) -> None:
    async with following(api, limits=OPTIONAL) as follower:
        await follower.watches()
        api.script(refuse(404, "NotFound"), on="watch")
        api.script(*[refuse(404, "NotFound")] * 2, on="list")
        api.tear_watches()
        await eventually(lambda: follower.events[1:2] == [Synced(())])
        await follower.knows("web")

    assert "Lost" not in follower.kinds()


async def test_a_resource_that_the_server_must_know_is_lost_without_it(api: ScriptedApi) -> None:
    api.script(refuse(404, "NotFound"), on="list")

    async with following(api) as follower:
        await follower.knows("web")

    assert follower.kinds() == ["Lost", "Synced"]


async def test_a_cluster_that_is_awaited_is_noticed_soon_however_long_it_took(
    api: ScriptedApi,
) -> None:
    made: list[Connection] = []
    looks: list[int] = []

    def find() -> Connection | None:
        looks.append(1)
        return made[0] if made else None

    awaited = Connection(name="green", server="", find=find)
    slow = replace(LIMITS, backoff=Backoff(first_s=600.0, max_s=600.0), awaited_s=0.005)
    async with following(api, limits=slow, connection=awaited) as follower:
        await eventually(lambda: len(looks) > 5)
        assert follower.kinds() == ["Lost"]

        made.append(Connection(name="green", server=api.url))

        await follower.knows("web")
