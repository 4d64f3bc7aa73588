import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from bascule.app.gateways.front import Tier
from bascule.app.gateways.tier_driver import LOOK_EVERY_S, Manner, TierDriver
from bascule.controller.holdoff import HoldOff
from bascule.errors import DriverError, StaleWriterError
from bascule.gateway.driver import Convergence
from bascule.ids import Cluster
from bascule.kube.backoff import Backoff
from bascule.routing.arrangement import Arrangement, Preview
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import RouteSet, RoutingTable
from bascule.routing.weights import Split
from bascule.upgrade.changing import is_live
from tests.support.fake_driver import FakeDriver
from tests.support.tables import ALL_GREEN, backend, host, route, route_set, table
from tests.support.virtual_clock import VirtualClock

QUIET_S = 1.0
RETRY_S = 10.0
MANNER = Manner(
    hold_off=HoldOff(quiet_s=QUIET_S, max_s=10.0, urgent_s=QUIET_S),
    retry=Backoff(first_s=RETRY_S, max_s=RETRY_S),
    rng=random.Random(1),  # noqa: S311 - it must be the same every time
)


SHOWN = Arrangement(preview=Preview(hosts={"new.com": "a.com"}))


@dataclass(slots=True)
class World:
    clock: VirtualClock
    envoys: FakeDriver
    front: FakeDriver
    driver: TierDriver

    async def apply(self, wanted: RoutingTable) -> None:
        await self.driver.apply(wanted, EMPTY_STORE)


@asynccontextmanager
async def tier() -> AsyncIterator[World]:
    clock = VirtualClock()
    envoys, front = FakeDriver(clock), FakeDriver(clock)
    places = Tier(listen="127.0.0.1", port=8080, addresses=("10.0.0.7",))
    driver = TierDriver(envoys, front, places, clock=clock, manner=MANNER)
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(driver.keep_front())
        yield World(clock, envoys, front, driver)
        keeping.cancel()


def routes(*names: str, port: int = 80) -> RouteSet:
    pair = (backend(Cluster.BLUE, "web", port), backend(Cluster.GREEN, "web", port))
    return route_set([host(name, route(*pair)) for name in names])


async def test_the_gateway_in_front_follows_once_changes_pause() -> None:
    async with tier() as world:
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S / 2)
        await world.apply(table(routes("a.com", "b.com")))
        early = len(world.front.calls)
        await world.clock.advance(QUIET_S * 2)

    (call,) = world.front.calls
    assert early == 0
    assert [each.name for each in call.table.routes.hosts] == ["a.com", "b.com"]
    assert len(world.envoys.calls) == 2


async def test_a_switch_and_a_change_of_pods_never_touch_the_gateway_in_front() -> None:
    async with tier() as world:
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)
        await world.apply(table(routes("a.com"), ALL_GREEN))
        await world.apply(table(routes("a.com", port=81), ALL_GREEN))
        await world.clock.advance(LOOK_EVERY_S * 3)

    assert len(world.front.attempts) == 1
    assert world.envoys.calls[-1].table.split.default == ALL_GREEN


async def test_what_is_seen_is_the_tables_own_digest_and_split() -> None:
    wanted = table(routes("a.com"), ALL_GREEN)
    async with tier() as world:
        await world.apply(wanted)
        await world.clock.advance(QUIET_S * 2)
        seen = await world.driver.observe()

    assert (seen.convergence, seen.reason) == (Convergence.CONVERGED, "")
    assert (seen.table_digest, seen.split) == (wanted.digest, wanted.split)


async def test_a_gateway_in_front_that_refuses_is_told_and_tried_again() -> None:
    async with tier() as world:
        world.front.fail_next(DriverError("no room"))
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)
        seen = await world.driver.observe()
        await world.clock.advance(RETRY_S * 2)
        later = await world.driver.observe()

    assert (seen.convergence, seen.reason) == (
        Convergence.REFUSED,
        "the gateway in front: no room",
    )
    assert (later.convergence, later.reason) == (Convergence.CONVERGED, "")
    assert len(world.front.calls) == 1


async def test_it_has_converged_once_the_gateway_in_front_is_written_too() -> None:
    async with tier() as world:
        await world.apply(table(routes("a.com")))
        early = await world.driver.observe()
        await world.clock.advance(QUIET_S * 2)
        late = await world.driver.observe()

    assert (early.convergence, early.reason) == (
        Convergence.PENDING,
        "the gateway in front: what it is to serve is on its way there",
    )
    assert late.convergence is Convergence.CONVERGED


async def test_a_switch_is_live_though_the_gateway_in_front_is_not_written() -> None:
    async with tier() as world:
        world.front.fail_next(*[DriverError("no room")] * 9)
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)
        await world.apply(table(routes("a.com"), ALL_GREEN))
        seen = await world.driver.observe()

    assert seen.convergence is Convergence.REFUSED
    assert seen.goes_by_split
    assert is_live(seen, Split(ALL_GREEN))


async def test_what_others_do_to_the_gateway_in_front_shows_until_it_is_written_again() -> None:
    async with tier() as world:
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)
        world.front.trouble = (Convergence.FOREIGN_CHANGE, "bob took a listener out")
        await world.clock.advance(LOOK_EVERY_S * 2)
        seen = await world.driver.observe()
        await world.apply(table(routes("a.com", "b.com")))
        await world.clock.advance(QUIET_S * 2)
        later = await world.driver.observe()

    assert (seen.convergence, seen.reason) == (
        Convergence.FOREIGN_CHANGE,
        "the gateway in front: bob took a listener out",
    )
    assert later.convergence is Convergence.CONVERGED


async def test_what_was_refused_and_is_not_wanted_any_more_is_no_fault() -> None:
    async with tier() as world:
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)
        world.front.fail_next(DriverError("no room"))
        await world.apply(table(routes("a.com", "b.com")))
        await world.clock.advance(QUIET_S * 2)
        await world.apply(table(routes("a.com")))
        await world.clock.advance(RETRY_S * 2)
        seen = await world.driver.observe()

    assert seen.convergence is Convergence.CONVERGED, seen.reason


async def test_of_two_halves_that_are_wrong_the_worse_counts_and_both_are_told() -> None:
    async with tier() as world:
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)
        world.envoys.trouble = (Convergence.UNKNOWN, "Envoy does not answer")
        world.front.trouble = (Convergence.REFUSED, "no room")
        await world.clock.advance(LOOK_EVERY_S * 2)
        seen = await world.driver.observe()

    assert seen.convergence is Convergence.REFUSED
    assert seen.reason == ("the Envoys: Envoy does not answer; the gateway in front: no room")
    assert not seen.goes_by_split


async def test_a_look_from_before_a_write_says_nothing_of_what_was_written() -> None:
    async with tier() as world:
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)
        world.front.trouble = (Convergence.FOREIGN_CHANGE, "bob took a listener out")
        world.front.hold_looks()
        await world.clock.advance(LOOK_EVERY_S * 2)
        await world.apply(table(routes("a.com"), arrangement=SHOWN))
        world.front.release_looks()
        world.front.hold_looks()  # those that come after the one that was held
        await world.clock.settle()
        seen = await world.driver.observe()
        world.front.release_looks()

    assert seen.convergence is Convergence.CONVERGED, seen.reason


async def test_a_write_in_front_is_good_news_before_it_is_looked_at_again() -> None:
    async with tier() as world:
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)
        world.front.trouble = (Convergence.FOREIGN_CHANGE, "bob took a listener out")
        await world.clock.advance(LOOK_EVERY_S * 2)
        before = await world.driver.observe()
        world.front.hold_looks()
        await world.apply(table(routes("a.com"), arrangement=SHOWN))
        after = await world.driver.observe()
        world.front.release_looks()

    assert before.convergence is Convergence.FOREIGN_CHANGE
    assert (after.convergence, after.reason) == (Convergence.CONVERGED, "")


async def test_who_asks_for_a_preview_host_waits_for_the_gateway_in_front() -> None:
    async with tier() as world:
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)
        await world.apply(table(routes("a.com"), arrangement=SHOWN))

    names = [each.name for each in world.front.calls[-1].table.routes.hosts]
    assert names == ["a.com", "new.com"]


async def test_a_switch_waits_for_no_preview_host_that_the_gateway_in_front_does_not_take() -> None:
    async with tier() as world:
        await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)
        world.front.fail_next(DriverError("no room"))
        with pytest.raises(DriverError, match="no room"):
            await world.apply(table(routes("a.com"), arrangement=SHOWN))
        world.front.hold()
        await world.apply(table(routes("a.com"), ALL_GREEN, arrangement=SHOWN))
        seen = await world.driver.observe()
        world.front.release()

    assert is_live(seen, Split(ALL_GREEN))


async def test_what_the_envoys_refuse_is_not_brought_in_front() -> None:
    async with tier() as world:
        world.envoys.fail_next(DriverError("no"))
        with pytest.raises(DriverError):
            await world.apply(table(routes("a.com")))
        await world.clock.advance(QUIET_S * 2)

    assert world.front.attempts == []


async def test_another_owner_ends_it() -> None:
    async def lose() -> None:
        async with tier() as world:
            world.front.fail_next(StaleWriterError("taken over"))
            await world.apply(table(routes("a.com")))
            await world.clock.advance(QUIET_S * 2)

    with pytest.raises(ExceptionGroup) as caught:
        await lose()

    assert caught.group_contains(StaleWriterError)


async def test_it_can_do_what_envoys_can_of_the_traffic_that_passes_in_front() -> None:
    async with tier() as world:
        found = world.driver.capabilities()

    assert found.traffic_kinds == {"http1", "http2", "websocket"}
    assert found.has_preview_by_header


async def test_requests_are_counted_by_the_envoys() -> None:
    async with tier() as world:
        assert await world.driver.measure() == await world.envoys.measure()
