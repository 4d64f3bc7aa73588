"""The steady loop: feeds in, tables out, the split first."""

import asyncio
import math
from dataclasses import replace

from bascule.controller.cache import ClusterState
from bascule.ids import Cluster
from bascule.manifest.objects import ALWAYS_READ
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Preview
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import Problem, RoutingTable
from tests.support.controller_world import (
    ALL_GREEN,
    HALVES,
    as_found,
    endpoints_of,
    make_world,
    running,
)
from tests.support.pki import Authority
from tests.support.raw_objects import (
    parsed,
    raw_ingress,
    raw_secret,
    raw_service,
    raw_slice,
    shop,
)


async def test_both_clusters_reach_the_gateway_once_they_are_listed() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop("127.64.0.1"))
        world.green.sync(*shop("127.65.0.1"))

        await world.until(lambda: world.pushed)

        table = world.pushed[-1]
        assert endpoints_of(table, Cluster.BLUE) == ["127.64.0.1"]
        assert endpoints_of(table, Cluster.GREEN) == ["127.65.0.1"]


async def test_a_cluster_is_known_whole_once_the_routes_are_made_of_its_lists() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop())
        world.green.sync(*shop())
        await world.clock.settle()
        listed = [known.is_complete for known in world.controller.view().clusters.values()]

        await world.until(lambda: world.pushed)

        assert listed == [False, False]
        assert all(known.is_complete for known in world.controller.view().clusters.values())


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


async def test_after_a_switch_the_settings_of_the_new_active_cluster_win() -> None:
    async with running(make_world()) as world:
        timeout = {"bascule.dev/timeout": "7s"}
        world.blue.sync(*shop())
        world.green.sync(*shop(annotations=timeout))
        await world.until(lambda: world.pushed)

        await world.controller.set_split(ALL_GREEN)
        await world.until(lambda: _timeout(world.pushed[-1]) == 7.0)

        problems = world.controller.view().routes.problems
        assert [(p.cluster, p.code) for p in problems] == [(Cluster.BLUE, "SettingsDiffer")]


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


async def test_an_endpoint_that_goes_leaves_the_gateway_without_waiting_for_quiet() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop("127.64.0.1", "127.64.0.2"))
        world.green.sync(*shop())
        await world.until(lambda: world.pushed)
        start_s = world.clock.monotonic_s()

        world.green.put(*parsed(raw_service("new")))
        await world.pass_time(0.001)
        world.blue.put(*parsed(raw_slice(addresses=["127.64.0.2"])))
        await world.pass_time(0.002)
        await world.until(
            lambda: endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.2"], step_s=0
        )

        assert world.driver.calls[-1].applied.sent_s - start_s <= 0.004


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


async def test_a_cluster_with_weight_is_waited_for_at_a_cold_start() -> None:
    async with running(make_world(split=HALVES)) as world:
        world.blue.sync(*shop("127.64.0.1"))
        await world.pass_time(9)
        assert world.pushed == []

        world.green.sync(*shop("127.65.0.1"))
        await world.until(lambda: world.pushed)

        assert endpoints_of(world.pushed[0], Cluster.GREEN) == ["127.65.0.1"]


async def test_a_cluster_without_weight_is_not_waited_for() -> None:
    async with running(make_world(split=ALL_GREEN)) as world:
        world.blue.lose()
        world.green.sync(*shop("127.65.0.1"))

        await world.until(lambda: world.pushed)

        assert world.clock.monotonic_s() < 1_010
        assert endpoints_of(world.pushed[0], Cluster.GREEN) == ["127.65.0.1"]


async def test_a_cold_start_serves_what_there_is_after_a_while() -> None:
    async with running(make_world(split=HALVES, cold_start_s=10)) as world:
        world.green.lose("no such host")
        world.blue.sync(*shop("127.64.0.1"))

        await world.until(lambda: world.pushed, step_s=1)

        assert world.clock.monotonic_s() >= 1_010
        assert endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.1"]


async def test_a_gateway_that_serves_is_left_alone_until_its_cluster_is_known() -> None:
    async with running(make_world(cold_start_s=math.inf)) as world:
        world.blue.lose("no such host")
        world.green.sync(*shop("127.65.0.1"))
        await world.pass_time(3_600)
        assert world.pushed == []
        assert world.controller.view().clusters[Cluster.GREEN].is_complete

        async with asyncio.TaskGroup() as group:
            group.create_task(world.controller.set_split(ALL_GREEN))
            await world.until(lambda: world.pushed)

        assert world.pushed[0].split == ALL_GREEN


async def test_the_last_good_table_gets_the_ports_of_this_run() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop())
        world.green.sync(*shop())
        await world.until(lambda: world.pushed)
        table = world.pushed[-1]
    (listener, *_) = table.routes.listeners
    former = replace(table.routes, listeners=(replace(listener, port=9_999),))
    found = as_found(replace(table, routes=former), EMPTY_STORE)

    async with running(make_world(found=found)) as world:
        await world.until(lambda: world.pushed)

        assert world.pushed[0].routes.listeners == table.routes.listeners


async def test_a_cluster_that_goes_away_keeps_its_endpoints_and_does_not_block_a_switch() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop("127.64.0.1"))
        world.green.sync(*shop("127.65.0.1"))
        await world.until(lambda: world.pushed)

        world.blue.lose("connection refused")
        await world.pass_time(5)
        applied = await world.controller.set_split(ALL_GREEN)

        blue = world.controller.view().clusters[Cluster.BLUE]
        assert applied.is_split_only
        assert blue.state is ClusterState.STALE
        assert blue.reason == "connection refused"
        assert endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.1"]


async def test_a_burst_of_changes_is_built_and_sent_once() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop())
        world.green.sync(*shop())
        await world.until(lambda: world.pushed)
        sent = len(world.driver.attempts)

        for number in range(50):
            world.blue.put(*parsed(raw_slice(addresses=[f"127.64.1.{number}"])))
        await world.until(
            lambda: endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.1.49"], step_s=0.005
        )

        assert len(world.driver.attempts) == sent + 1


async def test_a_certificate_whose_secret_vanishes_is_served_on() -> None:
    pair = Authority().issue("shop.example.com")
    tls = parsed(
        raw_ingress(tls_secret="shop-tls"),
        raw_service(),
        raw_slice(),
        raw_secret(data=pair.secret_data),
    )
    async with running(make_world()) as world:
        world.blue.sync(*tls)
        world.green.sync()
        await world.until(lambda: world.pushed)
        first = world.driver.calls[-1].certificates

        world.blue.remove(tls[-1])
        world.blue.put(*parsed(raw_slice(addresses=["127.64.0.9"])))
        await world.until(lambda: endpoints_of(world.pushed[-1], Cluster.BLUE) == ["127.64.0.9"])

        assert [c.chain_pem for c in first.by_digest.values()] == [pair.chain_pem]
        assert world.driver.calls[-1].certificates == first


async def test_problems_and_acknowledged_routes_are_told() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*parsed(raw_ingress()))
        world.green.sync(*shop())
        await world.until(lambda: world.pushed)

        assert "ServiceNotFound" in {problem.code for problem in world.reporter.problems}
        assert world.reporter.applied[-1].digest == world.pushed[-1].routes.digest


async def test_what_the_gateway_made_otherwise_is_told_until_it_is_so_no_more() -> None:
    fault = Problem(
        cluster=Cluster.BLUE,
        kind="Ingress",
        namespace="shop",
        name="web",
        code="PathNotSupported",
        message="a gateway of this kind has no such paths",
    )
    async with running(make_world()) as world:
        world.driver.problems = (fault,)
        world.blue.sync(*shop("127.64.0.1"))
        world.green.sync(*shop("127.65.0.1"))
        await world.until(lambda: world.reporter.applied)
        told = (world.reporter.gateway_problems, world.controller.view().gateway_problems)
        world.driver.problems = ()

        await world.controller.set_split(ALL_GREEN)

        assert told == ((fault,), (fault,))
        assert world.reporter.gateway_problems == ()
        assert world.controller.view().gateway_problems == ()


async def test_nothing_is_known_before_the_first_event() -> None:
    view = make_world().controller.view()

    assert view.routes.hosts == ()
    assert view.applied_split is None
    assert view.applied_table_digest is None
    assert {known.state for known in view.clusters.values()} == {ClusterState.LOADING}


async def test_every_feed_is_closed_at_the_end() -> None:
    async with running(make_world()) as world:
        world.blue.sync()
        await world.pass_time()

    assert world.blue.closed == world.green.closed == set(ALWAYS_READ)


async def test_a_restart_while_both_clusters_are_away_sends_the_last_good_table_once() -> None:
    pair = Authority().issue("shop.example.com")
    tls = [raw_ingress(tls_secret="shop-tls"), raw_secret(data=pair.secret_data)]
    async with running(make_world()) as world:
        world.blue.sync(*parsed(*tls, raw_service(), raw_slice()))
        world.green.sync(*shop("127.65.0.1"))
        await world.until(lambda: world.pushed)
        last = world.driver.calls[-1]

    found = as_found(last.table, last.certificates)
    async with running(make_world(found=found)) as world:
        world.blue.lose()
        world.green.lose()
        await world.pass_time(30)
        await world.until(
            lambda: world.controller.view().routes.stale == frozenset({*Cluster}), step_s=1
        )

        assert [table.routes.digest for table in world.driver.attempts] == [
            last.table.routes.digest
        ]
        assert world.driver.certificates == last.certificates
        assert not world.controller.view().is_pending


def _timeout(table: RoutingTable) -> float | None:
    return table.routes.hosts[0].routes[0].settings.timeout_s


async def test_a_preview_host_that_no_certificate_is_for_is_a_problem_while_it_is_arranged() -> (
    None
):
    tls = [raw_ingress(tls_secret="shop-tls"), raw_service(), raw_slice()]
    secret = raw_secret(data=Authority().issue("shop.example.com").secret_data)
    shown = Preview(hosts={"next.example.com": "shop.example.com"})
    async with running(make_world()) as world:
        world.blue.sync(*parsed(*tls, secret))
        world.green.sync(*parsed(*tls, secret))
        await world.until(lambda: world.pushed and not world.controller.view().is_pending)

        def codes() -> list[str]:
            return [problem.code for problem in world.controller.view().routes.problems]

        await world.controller.set_arrangement(Arrangement(preview=shown))
        await world.until(lambda: codes() == ["PreviewHostNotCovered"] * 2)
        sent = len(world.pushed)
        await world.controller.set_arrangement(NOTHING_ARRANGED)
        await world.until(lambda: codes() == [])

        assert [p.code for p in world.reporter.problems] == []
        assert len(world.pushed) == sent + 1
