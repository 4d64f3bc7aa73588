"""What happens when the gateway is slow, refuses, or does not answer."""

import asyncio
import math
from dataclasses import replace

import pytest

from bascule.controller.pusher import BACKOFF, FIRST_OFFER_S
from bascule.errors import DriverError, JournalError, OutcomeUnknownError
from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Preview
from tests.support.controller_world import (
    ALL_BLUE,
    ALL_GREEN,
    HALVES,
    ControllerWorld,
    endpoints_of,
    make_world,
    running,
    served,
)
from tests.support.raw_objects import parsed, raw_slice, shop

REFUSED = DriverError("route_config: duplicate domain", remedy="see the log of Envoy")
SILENT = OutcomeUnknownError("no acknowledgement within 20 s")
PREVIEW = Arrangement(preview=Preview(header="x-bascule-preview"))


async def test_a_refused_switch_is_told_and_the_former_split_stays_wanted() -> None:
    async with running(make_world()) as world:
        await served(world)
        world.driver.fail_next(REFUSED)

        with pytest.raises(DriverError, match="duplicate domain"):
            await world.controller.set_split(ALL_GREEN)

        assert world.controller.view().wanted_split == ALL_BLUE
        assert world.controller.view().applied_split == ALL_BLUE
        assert not world.controller.view().is_pending


async def test_a_switch_of_unknown_outcome_stays_wanted_and_is_tried_again() -> None:
    async with running(make_world()) as world:
        await served(world)
        world.driver.fail_next(SILENT)

        with pytest.raises(OutcomeUnknownError):
            await world.controller.set_split(ALL_GREEN)

        await world.until(lambda: world.pushed[-1].split == ALL_GREEN)
        assert world.controller.view().applied_split == ALL_GREEN


async def test_a_switch_does_not_wait_for_ever_for_a_cluster_that_is_away() -> None:
    async with running(make_world(cold_start_s=math.inf)) as world:
        world.blue.lose("no such host")
        world.green.sync(*shop("127.65.0.1"))
        async with asyncio.TaskGroup() as group:
            stuck = group.create_task(_unknown(world))
            await world.pass_time(FIRST_OFFER_S + 1)
        assert stuck.result()

        async with asyncio.TaskGroup() as group:
            group.create_task(world.controller.set_split(ALL_GREEN))
            await world.until(lambda: world.pushed)

        assert world.controller.view().applied_split == ALL_GREEN


async def _unknown(world: ControllerWorld) -> bool:
    with pytest.raises(OutcomeUnknownError, match="could be listed"):
        await world.controller.set_split(HALVES)
    return True


async def test_a_refusal_does_not_undo_a_later_switch() -> None:
    async with running(make_world()) as world:
        await served(world)
        world.driver.fail_next(REFUSED)

        async with asyncio.TaskGroup() as group:
            first = group.create_task(_refused(world))
            second = group.create_task(world.controller.set_split(HALVES))

        assert first.result()
        assert second.result().is_split_only
        assert world.controller.view().wanted_split == HALVES


async def _refused(world: ControllerWorld) -> bool:
    with pytest.raises(DriverError):
        await world.controller.set_split(ALL_GREEN)
    return True


async def test_refused_routes_leave_the_last_good_ones_and_say_why() -> None:
    async with running(make_world()) as world:
        await served(world)
        world.driver.fail_next(REFUSED)
        world.blue.put(*parsed(raw_slice(addresses=["127.64.0.9"])))

        await world.until(lambda: world.controller.view().gateway_fault, step_s=0.02)

        view = world.controller.view()
        assert view.gateway_fault is not None
        assert view.gateway_fault.message == "route_config: duplicate domain"
        assert view.gateway_fault.remedy == "see the log of Envoy"
        assert view.is_pending
        assert endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.1"]


async def test_refused_routes_are_tried_again_ever_more_rarely() -> None:
    async with running(make_world()) as world:
        await served(world)
        world.driver.fail_next(*[REFUSED] * 8)
        world.blue.put(*parsed(raw_slice(addresses=["127.64.0.9"])))
        await world.until(lambda: len(world.driver.attempts) >= 4)
        start_s = world.clock.monotonic_s()
        await world.until(lambda: len(world.driver.attempts) >= 8)

        assert world.clock.monotonic_s() - start_s > BACKOFF.first_s * 2**4
        await world.until(lambda: not world.controller.view().is_pending, step_s=5)
        assert world.controller.view().gateway_fault is None


async def test_a_switch_goes_out_on_live_routes_while_new_ones_are_refused() -> None:
    async with running(make_world()) as world:
        await served(world)
        world.driver.fail_next(REFUSED)
        world.blue.put(*parsed(raw_slice(addresses=["127.64.0.9"])))
        await world.until(lambda: world.controller.view().gateway_fault, step_s=0.02)

        applied = await world.controller.set_split(ALL_GREEN)

        assert applied.is_split_only
        assert endpoints_of(world.driver.calls[-1].table, Cluster.BLUE) == ["127.64.0.1"]


async def test_two_switches_at_once_are_applied_one_after_the_other() -> None:
    async with running(make_world()) as world:
        await served(world)
        sent = len(world.pushed)

        async with asyncio.TaskGroup() as group:
            group.create_task(world.controller.set_split(HALVES))
            group.create_task(world.controller.set_split(ALL_GREEN))

        assert [table.split for table in world.pushed[sent:]] == [HALVES, ALL_GREEN]


async def test_a_switch_waits_for_the_first_table() -> None:
    async with running(make_world()) as world:
        async with asyncio.TaskGroup() as group:
            switch = group.create_task(world.controller.set_split(ALL_GREEN))
            await world.pass_time(1)
            assert not switch.done()
            world.blue.sync(*shop())
            world.green.sync(*shop())
            await world.until(switch.done)

        assert world.pushed[-1].split == ALL_GREEN


async def test_an_acknowledged_table_is_stored_with_its_split() -> None:
    async with running(make_world()) as world:
        await served(world)
        await world.controller.set_split(ALL_GREEN)

        await world.until(
            lambda: world.last_good.stored and world.last_good.stored[-1].table.split == ALL_GREEN
        )

        assert world.last_good.stored[-1].table.routes.digest == world.pushed[-1].routes.digest


async def test_a_full_disk_stops_nothing_and_is_shown() -> None:
    world = make_world()
    world.last_good.failures = [JournalError("last_good cannot be written: No space left")] * 2
    async with running(world):
        await served(world)
        await world.until(lambda: world.controller.view().last_good_fault)
        fault = world.controller.view().last_good_fault

        await world.controller.set_split(HALVES)
        await world.controller.set_split(ALL_GREEN)

        assert fault is not None
        assert "No space left" in fault.message
        assert world.pushed[-1].split == ALL_GREEN
        await world.until(lambda: world.controller.view().last_good_fault is None, step_s=1)


async def test_the_table_that_failed_to_be_stored_is_stored_later() -> None:
    world = make_world()
    world.last_good.failures = [JournalError("last_good cannot be written: No space left")]
    async with running(world):
        await served(world)

        await world.until(lambda: world.last_good.stored, step_s=1)

        assert world.controller.view().last_good_fault is None


async def test_an_arrangement_goes_out_with_the_live_routes_and_is_seen_when_acknowledged() -> None:
    async with running(make_world()) as world:
        await served(world)
        live = world.pushed[-1]

        await world.controller.set_arrangement(PREVIEW)

        assert world.pushed[-1] == replace(live, arrangement=PREVIEW)
        view = world.controller.view()
        assert view.wanted_arrangement == PREVIEW
        assert not view.is_pending


async def test_a_switch_under_an_arrangement_is_still_one_small_message() -> None:
    async with running(make_world(arrangement=PREVIEW)) as world:
        await served(world)

        applied = await world.controller.set_split(ALL_GREEN)

        assert applied.is_split_only
        assert world.pushed[-1].arrangement == PREVIEW


async def test_a_switch_overtakes_an_arrangement_that_is_on_its_way() -> None:
    async with running(make_world()) as world:
        await served(world)
        world.driver.hold()
        async with asyncio.TaskGroup() as group:
            arrange = group.create_task(world.controller.set_arrangement(PREVIEW))
            await world.until(lambda: world.driver.waiting)
            switch = group.create_task(world.controller.set_split(ALL_GREEN))
            await world.pass_time(0)
            world.driver.release()
            applied = await switch

            assert applied.is_split_only
            await world.until(arrange.done)

        assert [(t.split, t.arrangement) for t in world.pushed[-2:]] == [
            (ALL_GREEN, NOTHING_ARRANGED),
            (ALL_GREEN, PREVIEW),
        ]


async def test_a_switch_goes_before_an_arrangement_that_waits_behind_routes() -> None:
    async with running(make_world()) as world:
        await served(world)
        world.driver.hold()
        world.blue.put(*parsed(raw_slice(addresses=["127.64.0.2"])))
        await world.until(lambda: world.driver.waiting)
        async with asyncio.TaskGroup() as group:
            arrange = group.create_task(world.controller.set_arrangement(PREVIEW))
            await world.pass_time(0)
            switch = group.create_task(world.controller.set_split(ALL_GREEN))
            await world.pass_time(0)
            world.driver.release()
            await switch
            await world.until(arrange.done)

        first = next(table for table in world.pushed if table.split == ALL_GREEN)
        assert first.arrangement == NOTHING_ARRANGED
        await world.until(lambda: not world.controller.view().is_pending)
        assert world.pushed[-1].arrangement == PREVIEW
        assert endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.2"]


async def test_a_refused_arrangement_is_told_and_the_former_one_stays_wanted() -> None:
    async with running(make_world()) as world:
        await served(world)
        world.driver.fail_next(REFUSED)

        with pytest.raises(DriverError, match="duplicate domain"):
            await world.controller.set_arrangement(PREVIEW)

        assert world.controller.view().wanted_arrangement == NOTHING_ARRANGED
        assert not world.controller.view().is_pending


async def test_an_arrangement_of_unknown_outcome_stays_wanted_and_is_tried_again() -> None:
    async with running(make_world()) as world:
        await served(world)
        world.driver.fail_next(SILENT)

        with pytest.raises(OutcomeUnknownError):
            await world.controller.set_arrangement(PREVIEW)

        assert world.controller.view().wanted_arrangement == PREVIEW
        await world.until(lambda: not world.controller.view().is_pending)
        assert world.pushed[-1].arrangement == PREVIEW


async def test_an_arrangement_that_cannot_stand_is_refused_before_anything_is_sent() -> None:
    async with running(make_world()) as world:
        await served(world)
        sent = len(world.driver.attempts)
        clash = Arrangement(preview=Preview(hosts={"shop.example.com": "shop.example.com"}))

        with pytest.raises(DriverError, match="is a host of the gateway already"):
            await world.controller.set_arrangement(clash)

        assert len(world.driver.attempts) == sent
        assert world.controller.view().wanted_arrangement == NOTHING_ARRANGED


async def test_the_arrangement_and_the_split_outlive_a_restart_with_the_last_good_table() -> None:
    async with running(make_world(arrangement=PREVIEW)) as world:
        await served(world)
        await world.until(lambda: world.last_good.stored)

        assert world.last_good.stored[-1].table.arrangement == PREVIEW
