"""The driver for Application Gateways against the lab's Azure over HTTPS; nothing serves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from bascule.errors import (
    DriverError,
    ForeignChangeError,
    LeaseLapsedError,
    StaleWriterError,
)
from bascule.gateway.appgw.culprits import has_probes
from bascule.gateway.appgw.difference import diff_documents
from bascule.gateway.appgw.driver import FENCE_S, AppGwDriver
from bascule.gateway.appgw.errors import HeldStillError, LostChangeError
from bascule.gateway.appgw.settings import Mechanism
from bascule.gateway.appgw.writes import Change, Supersede, Written
from bascule.gateway.driver import Applied, ClusterTraffic, Convergence
from bascule.gateway.ownership import OWNER_TAG, TABLE_TAG
from bascule.ids import Cluster
from bascule.lab.arm.faults import FaultRule
from bascule.routing.certificates import EMPTY_STORE, Certificate
from bascule.routing.model import Host, IngressRef, RouteSet, RoutingTable
from bascule.routing.weights import Split, Weights
from tests.support import pki, tables
from tests.support.appgw_world import AppGwWorld, HurriedWriter, appgw_site, appgw_world
from tests.support.azure_site import AzureSite
from tests.support.tables import ALL_BLUE, ALL_GREEN
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

HOST = "shop.example.com"
OTHER = "api.example.com"
TAGS = ""
"""The collection that changes of the gateway itself are told under."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure")) as found:
        yield found


@pytest.fixture
async def world(site: AzureSite, tmp_path: Path) -> AsyncIterator[AppGwWorld]:
    async with appgw_world(site, tmp_path) as found:
        yield found
        site.azure.admin.faults.clear()


def _host(name: str, *addresses: str, paths: tuple[str, ...] = ("/",)) -> Host:
    blue = tables.backend(Cluster.BLUE, "web", 8080, address=(addresses or ("10.1.0.4",))[0])
    green = tables.backend(Cluster.GREEN, "web", 8080, address="10.2.0.4")
    return tables.host(name, *(tables.route(blue, green, path=path) for path in paths))


def _routes(*hosts: Host) -> RouteSet:
    return tables.route_set(hosts or (_host(HOST), _host(OTHER, paths=("/v1", "/"))))


async def _apply(
    driver: AppGwDriver,
    default: Weights = ALL_BLUE,
    routes: RouteSet | None = None,
    **hosts: Weights,
) -> Applied:
    split = {name.replace("_", "."): weights for name, weights in hosts.items()}
    return await driver.apply(tables.table(routes or _routes(), default, split), EMPTY_STORE)


def _foreign(document: Any, collection: str) -> list[Any]:
    """Return the children of somebody else, without what changes with every PUT."""
    found = document["properties"][collection]
    others = [each for each in found if not each["name"].startswith("bsc-")]
    return [{key: each[key] for key in each if key != "etag"} for each in others]


async def test_a_restart_sends_nothing_and_knows_what_is_live_at_once(world: AppGwWorld) -> None:
    async with world.driver() as driver:
        applied = await _apply(driver, ALL_GREEN, shop_example_com=ALL_BLUE)
    puts = world.puts

    async with world.driver() as restarted:
        found = await restarted.observe()
        again = await _apply(restarted, ALL_GREEN, shop_example_com=ALL_BLUE)
        settled = await restarted.observe()

    assert found.convergence is Convergence.PENDING
    assert found.split == settled.split == Split(ALL_GREEN, {HOST: ALL_BLUE})
    assert found.table_digest is not None
    assert applied.table_digest.startswith(found.table_digest)
    assert (settled.convergence, settled.table_digest) == (
        Convergence.CONVERGED,
        applied.table_digest,
    )
    assert again.acknowledged_s == again.sent_s
    assert not again.is_split_only
    assert world.puts == puts == 1


async def test_a_switch_of_many_routes_is_one_put_of_rules_and_so_is_its_rollback(
    world: AppGwWorld,
) -> None:
    routes = _routes(*(_host(f"h{n}.example.com", paths=("/a", "/")) for n in range(30)))
    async with world.driver() as driver:
        await _apply(driver, routes=routes)
        before = await world.document()

        switch = await _apply(driver, ALL_GREEN, routes=routes)
        after = await world.document()
        rollback = await _apply(driver, routes=routes)

    assert (switch.is_split_only, rollback.is_split_only) == (True, True)
    assert world.puts == 3
    changed = {each.collection for each in diff_documents(before, after, world.owns)}
    assert changed - {TAGS} == {"requestRoutingRules"}


async def test_what_is_somebody_elses_stays_as_it_was(world: AppGwWorld) -> None:
    before = await world.document()
    async with world.driver() as driver:
        await _apply(driver)
        await _apply(driver, ALL_GREEN)
        await _apply(driver, routes=_routes(_host(HOST)))
    after = await world.document()

    changes = diff_documents(before, after, world.owns)
    assert [each for each in changes if not each.is_ours] == []
    kept = ["backendAddressPools", "backendHttpSettingsCollection", "requestRoutingRules"]
    for name in kept:
        assert _foreign(after, name) == _foreign(before, name)
    assert after["tags"]["team"] == before["tags"]["team"]
    assert after["tags"][OWNER_TAG] == "shop"


async def test_a_host_that_somebody_repoints_is_a_foreign_change_and_shows_in_the_split(
    world: AppGwWorld,
) -> None:
    async with world.driver() as driver:
        await _apply(driver)
        document = await world.document()
        for rule in document["properties"]["requestRoutingRules"]:
            if rule["name"].startswith("bsc-") and HOST in rule["name"]:
                for key in ("backendAddressPool", "backendHttpSettings"):
                    target = rule["properties"][key]
                    target["id"] = target["id"].replace("-blue_", "-green_")
        await world.change(document)

        await eventually(lambda: _is_foreign(driver))
        observed = await driver.observe()
        async with world.driver() as restarted:
            found = await restarted.observe()

    assert "requestRoutingRules/bsc-rule-80-shop.example.com" in observed.reason
    assert world.site.owner.app_id in observed.reason or "127.0.0.1" in observed.reason
    assert observed.split == found.split == Split(ALL_BLUE, {HOST: ALL_GREEN})
    assert observed.is_overwritten


async def _is_foreign(driver: AppGwDriver) -> bool:
    return (await driver.observe()).convergence is Convergence.FOREIGN_CHANGE


async def test_a_put_that_nobody_waits_for_is_taken_over_by_the_next_one(
    world: AppGwWorld,
) -> None:
    async with world.driver() as driver:
        await _apply(driver)
        world.slow_down(0.2)
        async with asyncio.TaskGroup() as tasks:
            call = tasks.create_task(_apply(driver, routes=_routes(_host(HOST))))
            await eventually(lambda: world.puts == 2)
            call.cancel()
        pending = await driver.observe()
        world.site.azure.admin.faults.clear()

        switch = await _apply(driver, ALL_GREEN)
        settled = await driver.observe()

    assert (pending.convergence, pending.split) == (Convergence.PENDING, None)
    assert settled.convergence is Convergence.CONVERGED, settled.reason
    assert settled.split == Split(ALL_GREEN)
    assert settled.table_digest == switch.table_digest
    assert world.puts == 3
    assert world.fates()[-2:] == ["Canceled", "Succeeded"]


@pytest.mark.parametrize("mechanism", [Mechanism.RULES, Mechanism.POOLS])
async def test_a_split_of_many_hosts_is_seen_as_it_was_written(
    world: AppGwWorld, mechanism: Mechanism
) -> None:
    names = [f"h{n}.shop.example.com" for n in range(20)]
    routes = _routes(*map(_host, names))
    moved = Split(ALL_BLUE, dict.fromkeys((*names[:18], "left-out.example.com"), ALL_GREEN))
    async with world.driver(mechanism=mechanism) as driver:
        await _apply(driver, routes=routes)

        await driver.apply(RoutingTable(routes=routes, split=moved), EMPTY_STORE)
        seen = await driver.observe()
        await _change_tag(world, TABLE_TAG, "another")
        await eventually(lambda: _is_foreign(driver))
        changed = await driver.observe()

    assert (seen.convergence, seen.split) == (Convergence.CONVERGED, moved)
    assert changed.split is not None
    assert "left-out.example.com" not in changed.split.by_host


async def _change_tag(world: AppGwWorld, name: str, value: str) -> None:
    document = await world.document()
    await world.change({**document, "tags": {**document["tags"], name: value}})


async def test_a_refusal_is_told_until_a_table_is_taken(world: AppGwWorld) -> None:
    async with world.driver() as driver:
        await _apply(driver)
        world.refuse_next_put()

        with pytest.raises(DriverError):
            await _apply(driver, ALL_GREEN)

        refused = await driver.observe()
        await _apply(driver, ALL_GREEN)
        taken = await driver.observe()

    assert (refused.convergence, refused.split) == (Convergence.REFUSED, Split(ALL_BLUE))
    assert "InvalidRequestFormat" in refused.reason
    assert (taken.convergence, taken.split) == (Convergence.CONVERGED, Split(ALL_GREEN))


async def test_after_a_switch_that_is_refused_the_steady_loop_mends_as_ever(
    world: AppGwWorld,
) -> None:
    web = IngressRef(Cluster.BLUE, "shop", "web")
    bad = tables.host(OTHER, *(replace(each, sources=(web,)) for each in _host(OTHER).routes))
    async with world.driver() as driver:
        await _apply(driver, routes=_routes(_host(HOST)))
        world.refuse_next_put()
        with pytest.raises(DriverError):
            await _apply(driver, ALL_GREEN, routes=_routes(_host(HOST)))
        name = f"{world.gateway_id}/httpListeners/bsc-listener-80-{OTHER}"
        world.refuse_next_put(f"The listener {name} is wrong.")

        mended = await _apply(driver, routes=_routes(_host(HOST), bad))

    assert [(each.code, each.name) for each in mended.problems] == [("RefusedByAzure", "web")]


async def test_while_an_upgrade_moves_traffic_what_azure_refuses_is_not_mended(
    world: AppGwWorld,
) -> None:
    routes = _routes(_host(HOST), _host(OTHER))
    async with world.driver() as driver:
        good = await _apply(driver, routes=_routes(_host(HOST)))
        driver.is_moving = lambda: True
        name = f"{world.gateway_id}/httpListeners/bsc-listener-80-{OTHER}"
        world.refuse_next_put(f"The listener {name} is wrong.")
        puts = world.puts

        with pytest.raises(HeldStillError, match="is wrong") as caught:
            await _apply(driver, routes=routes)
        observed = await driver.observe()

    assert "resume the upgrade" in caught.value.remedy
    assert (observed.table_digest, observed.split) == (good.table_digest, Split(ALL_BLUE))
    assert world.puts == puts


async def test_a_host_that_azure_refuses_is_told_and_all_others_go_on_and_switch(
    world: AppGwWorld,
) -> None:
    web = IngressRef(Cluster.GREEN, "shop", "web")
    bad = tables.host(OTHER, *(replace(each, sources=(web,)) for each in _host(OTHER).routes))
    routes = _routes(_host(HOST), bad)
    async with world.driver() as driver:
        await _apply(driver, routes=_routes(_host(HOST)))
        name = f"{world.gateway_id}/httpListeners/bsc-listener-80-{OTHER}"
        world.refuse_next_put(f"The listener {name} is wrong.")

        mended = await _apply(driver, routes=routes)
        observed = await driver.observe()
        puts = world.puts
        switch = await _apply(driver, ALL_GREEN, routes=routes)
        switched = await driver.observe()

    assert {(each.code, each.cluster, each.name) for each in mended.problems} == {
        ("RefusedByAzure", Cluster.GREEN, "web")
    }
    assert mended.problems == switch.problems
    assert observed.convergence is switched.convergence is Convergence.CONVERGED
    assert "Azure refused 1 of its parts" in observed.reason
    assert observed.table_digest == mended.table_digest
    assert (switch.is_split_only, switched.split) == (True, Split(ALL_GREEN))
    assert world.puts == puts + 1


async def test_no_switch_fails_for_a_listener_without_clients_that_azure_refuses(
    world: AppGwWorld,
) -> None:
    async with world.driver() as driver:
        world.refuse_next_put(f"{world.gateway_id}/httpListeners/bsc-prepared is wrong.")

        mended = await _apply(driver)
        switch = await _apply(driver, ALL_GREEN, routes=_routes(_host(HOST, "10.1.0.9")))
        during = has_probes(await world.document())
        later = await _apply(driver, ALL_GREEN, routes=_routes(_host(HOST)))

    assert [each.code for each in mended.problems] == ["NotAllProbed"]
    assert switch.problems == mended.problems
    assert not during
    assert later.problems == ()
    assert has_probes(await world.document())


class _LossyWriter(HurriedWriter):
    """Finds after each PUT that it undid somebody else's."""

    @override
    async def write(
        self, change: Change, *, is_urgent: bool = False, approved: Supersede | None = None
    ) -> Written:
        written = await super().write(change, is_urgent=is_urgent, approved=approved)
        if written.is_sent:
            error = LostChangeError(
                "it undid what bob wrote", rivals=(), before=written.before, after=written.after
            )
            error.written = written
            raise error
        return written


async def test_a_loss_is_a_foreign_change_until_the_next_write_and_the_split_is_live(
    world: AppGwWorld,
) -> None:
    async with world.driver() as driver:
        await _apply(driver)
    world.writer_type = _LossyWriter
    async with world.driver() as driver:
        await _apply(driver)

        applied = await _apply(driver, ALL_GREEN)
        observed = await driver.observe()
        again = await _apply(driver, ALL_GREEN)
        still = await driver.observe()

    assert applied.is_split_only
    assert again.acknowledged_s == again.sent_s
    assert observed.convergence is still.convergence is Convergence.FOREIGN_CHANGE
    assert not still.is_overwritten
    assert observed.reason == still.reason == "it undid what bob wrote"
    assert observed.split == Split(ALL_GREEN)


async def test_a_loss_while_a_refused_table_is_mended_hides_nothing_of_what_was_left_out(
    world: AppGwWorld,
) -> None:
    web = IngressRef(Cluster.BLUE, "shop", "web")
    bad = tables.host(OTHER, *(replace(each, sources=(web,)) for each in _host(OTHER).routes))
    routes = _routes(_host(HOST, "10.1.0.9"), bad)
    world.writer_type = _LossyWriter
    async with world.driver() as driver:
        await _apply(driver, routes=_routes(_host(HOST)))
        await driver.observe()
        name = f"{world.gateway_id}/httpListeners/bsc-listener-80-{OTHER}"
        world.refuse_next_put(f"The listener {name} is wrong.")

        mended = await _apply(driver, routes=routes)
        observed = await driver.observe()
        puts = world.puts
        again = await _apply(driver, routes=routes)

    assert [(each.code, each.name) for each in mended.problems] == [("RefusedByAzure", "web")]
    assert again.problems == mended.problems
    assert world.puts == puts
    assert (observed.convergence, observed.table_digest, observed.reason) == (
        Convergence.FOREIGN_CHANGE,
        mended.table_digest,
        "it undid what bob wrote",
    )


async def test_a_gateway_that_may_not_be_read_is_unknown_and_no_table_is_taken(
    world: AppGwWorld,
) -> None:
    rule = FaultRule(
        kind="error", path="applicationGateways", status=403, code="AuthorizationFailed"
    )
    world.site.azure.admin.faults.add(rule)
    async with world.driver() as driver:
        observed = await driver.observe()
        with pytest.raises(DriverError, match="could not be written") as caught:
            await _apply(driver)

    assert observed.convergence is Convergence.UNKNOWN
    assert "AuthorizationFailed" in observed.reason
    assert not isinstance(caught.value, ForeignChangeError)


async def test_many_who_ask_cost_one_reading(world: AppGwWorld) -> None:
    async with world.driver() as driver:
        await _apply(driver)
        reads = world.reads

        await asyncio.gather(*(driver.observe() for _ in range(20)))

    assert world.reads - reads <= 1


async def test_a_former_owner_sends_nothing(world: AppGwWorld) -> None:
    async with world.driver() as driver:
        world.fence.append(StaleWriterError("another owner has taken over"))

        with pytest.raises(StaleWriterError):
            await _apply(driver)
        with pytest.raises(StaleWriterError):
            await driver.watch_lease()

    assert world.puts == 0


async def test_a_lease_that_ran_out_ends_nothing_until_it_is_anothers(world: AppGwWorld) -> None:
    world.clock = clock = VirtualClock()
    world.fence[:] = [LeaseLapsedError("not renewed")]
    async with world.driver() as driver, asyncio.TaskGroup() as tasks:
        watch = tasks.create_task(_ended_by(driver.watch_lease()))
        await clock.advance(FENCE_S)
        is_on = not watch.done()
        world.fence[:] = [StaleWriterError("another owner has taken over")]
        await clock.advance(FENCE_S)

    assert is_on
    assert str(watch.result()) == "another owner has taken over"


async def _ended_by(work: Awaitable[None]) -> Exception:
    try:
        await work
    except StaleWriterError as error:
        return error
    raise AssertionError("it ended by itself")


async def test_a_certificates_key_is_sent_once_and_goes_with_its_host(
    world: AppGwWorld,
) -> None:
    pair = pki.Authority("shop").certify(HOST)
    secure = tables.host(HOST, *_host(HOST).routes, certificate=pair)
    store = tables.store(pair)
    async with world.driver() as driver:
        await driver.apply(tables.table(_routes(secure)), store)
    async with world.driver() as restarted:
        again = await restarted.apply(tables.table(_routes(secure)), store)
        puts = world.puts
        await restarted.apply(tables.table(_routes(_host(HOST))), EMPTY_STORE)

    document = await world.document()
    assert again.acknowledged_s == again.sent_s
    assert (puts, world.puts) == (1, 2)
    assert document["properties"].get("sslCertificates", []) == []


async def test_a_certificate_that_azure_never_takes_costs_its_own_host_only(
    world: AppGwWorld,
) -> None:
    good, bad = pki.Authority("shop").certify(HOST), pki.certify_by_ed25519(HOST)
    web = IngressRef(Cluster.BLUE, "shop", "web")
    routes = tuple(replace(each, sources=(web,)) for each in _host(HOST).routes)

    def named(pair: Certificate) -> RouteSet:
        return _routes(tables.host(HOST, *routes, certificate=pair), _host(OTHER))

    async with world.driver() as driver:
        first = await driver.apply(tables.table(named(bad)), tables.store(bad))
        alone = await _listened(world)
        await driver.apply(tables.table(named(good)), tables.store(good))
        both = await _listened(world)
        kept = await driver.apply(tables.table(named(bad)), tables.store(bad))
    async with world.driver() as restarted:
        with pytest.raises(DriverError, match="which is served, is of no use"):
            await restarted.apply(tables.table(named(bad)), tables.store(bad))

    assert alone == [OTHER]
    assert sorted(both) == sorted(await _listened(world)) == sorted([HOST, OTHER])
    assert {each.code for each in first.problems} == {"RefusedByAzure"}
    assert "and it is not served: a certificate's key" in first.problems[0].message
    assert "and what it was before goes on" in kept.problems[0].message


async def _listened(world: AppGwWorld) -> list[str]:
    listeners = (await world.document())["properties"]["httpListeners"]
    found = [host for each in listeners for host in each["properties"].get("hostNames", ())]
    return [host for host in found if not host.endswith(".invalid")]


async def test_what_cannot_be_done_is_told_with_what_was(world: AppGwWorld) -> None:
    web = IngressRef(Cluster.BLUE, "shop", "web")
    named = tables.host(HOST, *(replace(each, sources=(web,)) for each in _host(HOST).routes))
    async with world.driver(hosts=(OTHER,)) as driver:
        applied = await _apply(driver, routes=_routes(named, _host(OTHER)))

    assert await _listened(world) == [OTHER]
    assert {problem.code for problem in applied.problems} == {"HostNotAllowed"}


async def test_shares_are_as_near_as_pools_allow_and_told_as_they_were_asked_for(
    world: AppGwWorld,
) -> None:
    async with world.driver(shares_accepted=True) as driver:
        await _apply(driver, Weights(9_000))
        observed = await driver.observe()
    async with world.driver() as strict:
        with pytest.raises(DriverError, match="cannot give blue 90 %") as caught:
            await _apply(strict, Weights(9_000))

    assert observed.split == Split(Weights(9_000))
    assert "appgw+envoy" in caught.value.remedy


async def test_traffic_that_cannot_be_read_is_unknown(world: AppGwWorld) -> None:
    class Silent:
        async def read(self) -> dict[Cluster, ClusterTraffic]:
            raise DriverError("no figures")

    async with world.driver(Silent()) as driver:
        await _apply(driver)

        assert await driver.measure() == {}
        assert (await driver.observe()).traffic == {}
