"""The steady loop: feeds in, tables out, the split first."""

import asyncio

from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from tests.support.controller_world import (
    ALL_GREEN,
    HALVES,
    as_found,
    endpoints_of,
    make_world,
    running,
)
from tests.support.raw_objects import parsed, raw_slice, shop


async def test_both_clusters_reach_the_gateway_once_they_are_listed() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop("127.64.0.1"))
        world.green.sync(*shop("127.65.0.1"))

        await world.until(lambda: world.pushed)

        table = world.pushed[-1]
        assert endpoints_of(table, Cluster.BLUE) == ["127.64.0.1"]
        assert endpoints_of(table, Cluster.GREEN) == ["127.65.0.1"]


async def test_a_split_goes_out_at_once_with_the_same_routes() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop())
        world.green.sync(*shop())
        await world.until(lambda: world.pushed)
        before = world.pushed[-1]

        applied = await world.controller.set_split(HALVES)

        assert applied.is_split_only
        assert world.pushed[-1].routes is before.routes
        assert world.pushed[-1].split == HALVES


async def test_equal_tables_are_not_sent() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop())
        world.green.sync(*shop())
        await world.until(lambda: not world.controller.view().is_pending and world.pushed)
        sent = len(world.driver.attempts)

        world.blue.sync(*shop())
        await world.pass_time(5)

        assert len(world.driver.attempts) == sent


async def test_the_last_good_table_is_served_before_any_cluster_is_listed() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop("127.64.0.1"))
        world.green.sync(*shop("127.65.0.1"))
        await world.until(lambda: world.pushed)
        found = as_found(world.pushed[-1], EMPTY_STORE)

    async with running(make_world(found=found, split=ALL_GREEN)) as world:
        await world.until(lambda: world.pushed)

        assert endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.1"]
        assert world.pushed[-1].split == ALL_GREEN


async def test_each_cluster_replaces_its_part_of_the_last_good_table_when_it_is_listed() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop("127.64.0.1"))
        world.green.sync(*shop("127.65.0.1"))
        await world.until(lambda: world.pushed)
        found = as_found(world.pushed[-1], EMPTY_STORE)

    async with running(make_world(found=found)) as world:
        world.blue.lose()
        world.green.sync(*shop("127.65.0.7"))

        await world.until(
            lambda: world.pushed and endpoints_of(world.pushed[-1], Cluster.GREEN) == ["127.65.0.7"]
        )

        assert endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.1"]
        assert (await world.controller.set_split(ALL_GREEN)).is_split_only


async def test_an_endpoint_that_goes_leaves_the_gateway_within_the_hold_off() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop("127.64.0.1", "127.64.0.2"))
        world.green.sync()
        await world.until(lambda: world.pushed)

        world.blue.put(*parsed(raw_slice(addresses=["127.64.0.2"])))
        start_s = world.clock.monotonic_s()
        await world.until(
            lambda: endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.2"], step_s=0.001
        )

        assert world.driver.calls[-1].applied.sent_s - start_s <= 0.1


async def test_a_switch_overtakes_routes_that_are_on_their_way() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop("127.64.0.1"))
        world.green.sync(*shop("127.65.0.1"))
        await world.until(lambda: world.pushed)
        live = world.pushed[-1]
        world.driver.hold()
        world.blue.put(*parsed(raw_slice(addresses=["127.64.0.2"])))
        await world.until(lambda: world.driver.waiting)

        async with asyncio.TaskGroup() as group:
            switch = group.create_task(world.controller.set_split(ALL_GREEN))
            await world.pass_time(0)
            world.driver.release()

        assert switch.result().is_split_only
        assert world.pushed[1].routes is live.routes
        await world.until(lambda: not world.controller.view().is_pending)
        assert endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.2"]
        assert world.pushed[-1].split == ALL_GREEN
