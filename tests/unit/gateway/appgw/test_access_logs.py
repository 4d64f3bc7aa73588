"""What is made of a log whose rows come late, in parts, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from bascule.errors import BasculeError, ForbiddenError, InvalidError, TransportError
from bascule.gateway.appgw.access_logs import (
    LATEST_AFTER,
    LOOK_AGAIN,
    SETTLED_AFTER,
    AccessLogs,
    fetch_has_log,
)
from bascule.gateway.appgw.minutes import Minutes
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.whose import Whose
from bascule.ids import Cluster
from tests.support.log_answers import Document, row, setting
from tests.support.monitor_answers import MINUTE_S
from tests.support.reach_documents import ID


@dataclass
class Workspace:
    """Diagnostic settings of one gateway, and its log's rows by the number of their minute."""

    settings: list[Document] = field(default_factory=lambda: [setting()])
    rows: dict[int, Document] = field(default_factory=dict)
    refusal: BasculeError | None = None
    blindness: BasculeError | None = None
    asked: list[str] = field(default_factory=list)
    looked: int = 0

    async def list(
        self, path: str, _query: Mapping[str, str] | None = None, /
    ) -> tuple[Document, ...]:
        assert path == f"{ID}/providers/Microsoft.Insights/diagnosticSettings"
        self.looked += 1
        if self.blindness is not None:
            raise self.blindness
        return tuple(self.settings)

    async def query(self, resource: str, text: str, /) -> tuple[Document, ...]:
        assert resource == ID
        self.asked.append(text)
        if self.refusal is not None:
            raise self.refusal
        return tuple(self.rows.values())

    def write(self, *numbers: int, took_ms: int = 5, **more: Any) -> None:
        for number in numbers:
            blue = {"took_ms": [took_ms]}
            self.rows[number] = row(number * MINUTE_S, blue=blue, **more)


@dataclass
class World:
    azure: Workspace
    log: AccessLogs

    async def look(self, minutes: float) -> Minutes | None:
        """Return what is told so many minutes after the first one began."""
        now_s = minutes * MINUTE_S
        assert await self.log.find(now_s, MINUTE_S)
        return await self.log.fetch(0.0, now_s, MINUTE_S)


def make_world() -> World:
    azure, settings = Workspace(), AppGwSettings(gateway_id=ID, owner="shop")
    return World(azure, AccessLogs(azure, azure, settings, Whose(settings)))


async def test_a_minute_counts_once_a_later_one_has_rows_and_it_grows_no_more() -> None:
    world = make_world()
    world.azure.write(0)
    alone = [await world.look(1 + SETTLED_AFTER), await world.look(1.1 + SETTLED_AFTER)]
    world.azure.write(1)
    world.azure.write(0, others=1)

    grown = await world.look(1.2 + SETTLED_AFTER)
    whole = await world.look(1.3 + SETTLED_AFTER)

    assert [found.starts for found in (*alone, grown) if found] == [(), (), ()]
    assert whole is not None
    assert whole.starts == (0.0,)
    assert whole.by_start[0.0][Cluster.BLUE].ended == 1


async def test_no_minute_counts_before_its_time() -> None:
    world = make_world()
    world.azure.write(*range(9))
    await world.look(SETTLED_AFTER)

    found = await world.look(0.9 + SETTLED_AFTER)

    assert found is not None
    assert found.starts == ()


async def test_a_minute_that_stays_without_rows_is_a_gap_in_the_end() -> None:
    world = make_world()
    world.azure.write(0, 2, 3)
    await world.look(LATEST_AFTER)

    waiting = await world.look(1 + LATEST_AFTER)
    given_up = await world.look(2 + LATEST_AFTER)

    assert waiting is not None
    assert given_up is not None
    assert waiting.starts == (0.0,)
    assert given_up.starts == (0.0, 60.0, 120.0)
    assert set(given_up.by_start) == {0.0, 120.0}


async def test_a_log_that_tells_nothing_is_as_good_as_none_and_is_told_once() -> None:
    world = make_world()

    with capture_logs() as told:
        first = await world.look(1)
        late = [await world.look(1 + LATEST_AFTER + more) for more in (0, 1, 2)]
    world.azure.write(13)
    again = await world.look(14)

    assert first is not None
    assert late[0] is not None
    assert late[1:] == [None, None]
    assert again is not None
    assert [each["why"] for each in told] == ["it has no rows, or none that may be read"]
    assert "Microsoft.Insights/logs/*/read" in told[0]["remedy"]


async def test_nothing_is_asked_of_the_first_part_of_a_minute() -> None:
    world = make_world()

    assert await world.look(0.5) == Minutes()
    assert world.azure.asked == []


async def test_without_a_setting_there_is_no_log_until_there_is_one() -> None:
    world = make_world()
    world.azure.settings = []

    absent = await world.log.find(0.0, MINUTE_S)
    world.azure.settings = [setting()]
    too_early = await world.log.find((LOOK_AGAIN - 0.1) * MINUTE_S, MINUTE_S)

    assert (absent, too_early) == (False, False)
    assert await world.log.fetch(0.0, 600.0, MINUTE_S) is None
    assert await world.log.find(LOOK_AGAIN * MINUTE_S, MINUTE_S)
    assert world.azure.looked == 2


async def test_who_may_not_look_is_told_once_which_role_it_takes() -> None:
    world = make_world()
    world.azure.blindness = ForbiddenError("no right to look", status=403)

    with capture_logs() as told:
        found = [await world.log.find(at_s, MINUTE_S) for at_s in (0.0, 600.0, 1200.0)]

    assert found == [False, False, False]
    assert [each["why"] for each in told] == ["no right to look"]
    assert "gateway-writer" in told[0]["remedy"]


@pytest.mark.parametrize("kind", [ForbiddenError, InvalidError])
async def test_a_query_that_is_refused_is_left_for_a_while(kind: type[BasculeError]) -> None:
    world = make_world()
    world.azure.refusal = kind("the table is not there")

    assert await world.look(2) is None
    assert not await world.log.find(120.0, MINUTE_S)
    world.azure.refusal = None
    assert await world.log.find((2 + LOOK_AGAIN) * MINUTE_S, MINUTE_S)


async def test_what_fails_for_now_is_the_callers_matter() -> None:
    world = make_world()
    world.azure.refusal = TransportError("no answer")

    with pytest.raises(TransportError):
        await world.look(2)
    assert await world.log.find(120.0, MINUTE_S)


async def test_whether_there_is_a_log_is_not_known_where_nobody_may_look() -> None:
    azure = Workspace()
    there = await fetch_has_log(azure, ID)
    azure.settings = []
    absent = await fetch_has_log(azure, ID)
    azure.blindness = ForbiddenError("no right to look", status=403)

    assert (there, absent, await fetch_has_log(azure, ID)) == (True, False, None)
