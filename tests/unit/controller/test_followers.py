"""Retiring a cluster, and what the controller follows then."""

import asyncio
from dataclasses import replace

import pytest

from bascule.controller.cache import ClusterState
from bascule.errors import DriverError, OutcomeUnknownError, PlanError
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.weights import Split
from tests.support.controller_world import (
    ALL_BLUE,
    ALL_GREEN,
    HALVES,
    as_found,
    endpoints_of,
    make_world,
    running,
    served,
)
from tests.support.pki import Authority
from tests.support.raw_objects import parsed, raw_ingress, raw_secret, raw_service, raw_slice, shop

BLUE = frozenset({Cluster.BLUE})


async def test_a_retired_cluster_leaves_the_table_and_is_not_followed_any_more() -> None:
    async with running(make_world(split=ALL_GREEN)) as world:
        await served(world)

        await world.controller.set_retired(BLUE)

        assert {b.cluster for b in world.pushed[-1].routes.backends} == {Cluster.GREEN}
        assert world.blue.closed == world.blue.followed
        known = world.controller.view().clusters
        assert known[Cluster.BLUE].state is ClusterState.RETIRED
        assert not known[Cluster.BLUE].is_complete
        assert known[Cluster.GREEN].state is ClusterState.SYNCED
        assert world.controller.view().routes.problems == ()
        assert world.controller.view().routes.stale == frozenset()


async def test_what_a_retired_cluster_still_says_changes_nothing() -> None:
    async with running(make_world(split=ALL_GREEN)) as world:
        await served(world)
        await world.controller.set_retired(BLUE)
        await world.until(lambda: not world.controller.view().is_pending)
        sent = len(world.pushed)

        world.blue.put(*parsed(raw_slice(addresses=["127.64.0.9"])))
        world.blue.lose()
        world.green.put(*parsed(raw_slice(addresses=["127.65.0.2"])))
        await world.until(lambda: len(world.pushed) > sent)

        assert endpoints_of(world.pushed[-1], Cluster.GREEN) == ["127.65.0.2"]
        assert endpoints_of(world.pushed[-1], Cluster.BLUE) == []
        assert world.controller.view().routes.stale == frozenset()


@pytest.mark.parametrize("split", [ALL_BLUE, HALVES], ids=["all of it", "half of it"])
async def test_a_cluster_that_gets_requests_is_not_retired(split: Split) -> None:
    async with running(make_world(split=split)) as world:
        await served(world)

        with pytest.raises(PlanError, match="blue still gets requests"):
            await world.controller.set_retired(BLUE)

        assert world.controller.view().clusters[Cluster.BLUE].state is ClusterState.SYNCED


async def test_a_retired_cluster_gets_no_requests() -> None:
    async with running(make_world(split=ALL_GREEN)) as world:
        await served(world)
        await world.controller.set_retired(BLUE)

        with pytest.raises(DriverError, match="blue is retired"):
            await world.controller.set_split(HALVES)

        assert world.controller.view().wanted_split == ALL_GREEN


async def test_a_cluster_whose_certificate_is_still_served_is_not_retired() -> None:
    objects = [raw_ingress(tls_secret="shop-tls"), raw_service(), raw_slice()]
    secret = raw_secret(data=Authority().issue("shop.example.com").secret_data)
    async with running(make_world(split=ALL_GREEN)) as world:
        world.blue.sync(*parsed(*objects, secret))
        world.green.sync(*parsed(*objects))
        await world.until(lambda: world.pushed and not world.controller.view().is_pending)

        with pytest.raises(PlanError, match=r"the only good certificate of shop\.example\.com"):
            await world.controller.set_retired(BLUE)


async def test_a_gateway_that_refuses_keeps_the_cluster() -> None:
    async with running(make_world(split=ALL_GREEN)) as world:
        await served(world)
        world.driver.fail_next(DriverError("no"))

        with pytest.raises(DriverError):
            await world.controller.set_retired(BLUE)
        await world.until(lambda: not world.controller.view().is_pending)

        assert world.controller.view().clusters[Cluster.BLUE].state is ClusterState.SYNCED
        assert endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.1"]
        assert all(endpoints_of(table, Cluster.BLUE) for table in world.pushed)


async def test_a_gateway_that_does_not_answer_is_told_again() -> None:
    async with running(make_world(split=ALL_GREEN)) as world:
        await served(world)
        world.driver.fail_next(OutcomeUnknownError("silence"))

        with pytest.raises(OutcomeUnknownError):
            await world.controller.set_retired(BLUE)
        await world.until(lambda: endpoints_of(world.pushed[-1], Cluster.BLUE) == [])

        assert world.controller.view().clusters[Cluster.BLUE].state is ClusterState.RETIRED


async def test_a_switch_overtakes_the_retirement() -> None:
    async with running(make_world(split=ALL_GREEN)) as world:
        await served(world)
        world.driver.hold()
        async with asyncio.TaskGroup() as group:
            retire = group.create_task(world.controller.set_retired(BLUE))
            await world.until(lambda: world.driver.waiting)
            switch = group.create_task(world.controller.set_split(replace(ALL_GREEN)))
            await world.pass_time(0)
            assert not retire.done()
            world.driver.release()

        assert switch.done()
        assert endpoints_of(world.pushed[-1], Cluster.BLUE) == []


async def test_a_restart_does_not_even_connect_and_serves_nothing_of_a_retired_cluster() -> None:
    async with running(make_world()) as world:
        await served(world)
        found = as_found(world.pushed[-1], EMPTY_STORE)

    restarted = make_world(split=ALL_GREEN, found=found, retired=BLUE)
    async with running(restarted) as world:
        await world.until(lambda: world.pushed)

        assert world.blue.followed == set()
        assert all(endpoints_of(table, Cluster.BLUE) == [] for table in world.pushed)
        assert endpoints_of(world.pushed[0], Cluster.GREEN) == ["127.65.0.1"]
        assert world.controller.view().clusters[Cluster.BLUE].state is ClusterState.RETIRED


async def test_a_cluster_that_is_retired_no_more_is_followed_again() -> None:
    async with running(make_world(split=ALL_GREEN, retired=BLUE)) as world:
        world.green.sync(*shop("127.65.0.1"))
        await world.until(lambda: world.pushed)

        await world.controller.set_retired(frozenset())
        world.blue.sync(*shop("127.64.0.1"))

        await world.until(lambda: endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.1"])
