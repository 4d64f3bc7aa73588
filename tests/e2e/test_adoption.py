"""A gateway with AGIC's own document, taken over, switched and given back, by the commands."""

import asyncio
import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from bascule.app.gateways import breaking_glass
from bascule.app.gateways.rehearsals import load_rehearsals, measure_rehearsals
from bascule.ids import Cluster
from tests.support import agic_site
from tests.support.appgw_site import OWN_LISTENER, OWN_RULE, AppGwSite, open_appgw_site
from tests.support.asking import ask, under_load
from tests.support.site import Said, wait_until
from tests.support.waiting import eventually

RATE = 50.0
SILENCE = "200ms"
OUR_HOST = "shop.example.test"
"""AGIC did not serve it."""
CHANGED = (
    "backendAddressPools",
    "backendHttpSettingsCollection",
    "httpListeners",
    "requestRoutingRules",
)
OTHERS = (
    ("httpListeners", OWN_LISTENER),
    ("requestRoutingRules", OWN_RULE),
    ("backendAddressPools", "pool"),
    ("backendHttpSettingsCollection", "settings"),
)
"""Of neither AGIC nor us."""

pytestmark = pytest.mark.timeout(240)  # other tests may have the machine's one place for an Azure


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppGwSite]:
    with open_appgw_site(tmp_path_factory.mktemp("adoption")) as opened:
        asyncio.run(agic_site.make_agic(opened))
        yield opened


def say(gateway: AppGwSite, verb: str, *arguments: str) -> Said:
    site = gateway.site
    state = str(site.state_dir.path)
    file = ("-f", str(site.file), "--state", state, "--output", "json")
    return site.verb("gateway", verb, *file, *arguments)


def children(document: dict[str, Any], collection: str) -> dict[str, Any]:
    return {each["name"]: each for each in document["properties"][collection]}


def assert_others_stand(gateway: AppGwSite, now: dict[str, Any]) -> None:
    for collection, name in OTHERS:
        was, found = children(gateway.before, collection)[name], children(now, collection)[name]
        assert {**found, "etag": ""} == {**was, "etag": ""}


async def answering(gateway: AppGwSite) -> set[str]:
    asked = [ask(gateway.port, address=gateway.address) for _ in range(10)]
    return set(await asyncio.gather(*asked))


def await_converged(gateway: AppGwSite) -> None:
    def has_converged() -> bool:
        return bool(gateway.site.ask_runtime("status")["live"]["convergence"] == "converged")

    wait_until(has_converged)


def test_the_plan_names_the_host_that_nobody_would_serve(gateway: AppGwSite) -> None:
    planned = say(gateway, "adopt", "--plan")
    refused = say(gateway, "adopt", "--yes", "--silence", SILENCE)

    assert planned.code == 0, planned.err
    plan = planned.document["plan"]
    assert plan["first_table"]["lost"] == [agic_site.FORMER_HOST]
    assert plan["first_table"]["touched"] == []
    assert [each["replicas"] for each in plan["agic"]["controllers"]] == [1]
    assert refused.code == 3
    assert agic_site.FORMER_HOST in refused.err
    assert gateway.read_gateway() == gateway.before


async def test_the_take_over_changes_two_tags_and_fails_no_request(gateway: AppGwSite) -> None:
    async with under_load(gateway.port, rate=RATE, address=gateway.address) as load:
        done = await asyncio.to_thread(
            say, gateway, "adopt", "--yes", "--silence", SILENCE, "--drop", agic_site.FORMER_HOST
        )

    assert done.code == 0, done.err
    assert not load.failures
    assert done.document["done"]["update_s"] > 0
    assert await agic_site.find_replicas(gateway) == 0
    now = await asyncio.to_thread(gateway.read_gateway)
    assert now["tags"] == {
        **gateway.before["tags"],
        "bascule-owner": gateway.site.name,
        "bascule-adopted": "",
    }
    assert json.loads(gateway.site.state_dir.gateway_before.read_text()) == gateway.before


async def test_our_first_table_takes_the_place_of_agics_objects_in_one_update(
    gateway: AppGwSite,
) -> None:
    site = gateway.site
    async with under_load(gateway.port, rate=RATE, address=gateway.address) as load:
        await asyncio.to_thread(site.start_runtime)
        await asyncio.to_thread(await_converged, gateway)

    assert not load.failures
    assert site.ask_runtime("status")["appgw"]["puts"] == 1
    now = await asyncio.to_thread(gateway.read_gateway)
    names = [name for kind in CHANGED for name in children(now, kind)]
    assert [name for name in names if name.startswith(("fl-", "rr-", "pool-", "default"))] == []
    assert_others_stand(gateway, now)


async def test_without_bascule_the_printed_steps_put_blue_back(gateway: AppGwSite) -> None:
    site = gateway.site
    switch = await asyncio.to_thread(
        site.on_gateway, "switch", "--from", "blue", "--to", "green", "--yes"
    )
    file = breaking_glass.find_way_back(site.state_dir, Cluster.BLUE)
    etag = (await asyncio.to_thread(gateway.read_gateway))["etag"]
    await eventually(lambda: json.loads(file.read_text())["etag"] == etag)
    on_green = await answering(gateway)
    await asyncio.to_thread(site.terminate_runtime)

    said = await asyncio.to_thread(say, gateway, "break-glass")
    async with under_load(gateway.port, rate=RATE, address=gateway.address) as load:
        await gateway.put_gateway(json.loads(file.read_text()))

    assert (switch.code, said.code) == (0, 0), f"{switch.err}{said.err}"
    assert on_green == {"green"}
    assert not load.failures
    assert await answering(gateway) == {"blue"}
    assert file.stat().st_mode & 0o777 == 0o600
    commands = [each["command"] for each in said.document["steps"]]
    assert f"--body @{file} " in commands[2]
    assert shlex.quote(f"If-Match={etag}") in commands[2]


def test_a_rehearsal_is_measured_and_kept_for_the_plan(gateway: AppGwSite) -> None:
    said = say(gateway, "rehearse", "--yes")

    found = measure_rehearsals(load_rehearsals(gateway.site.state_dir))
    assert said.code == 0, said.err
    assert found is not None
    assert found.source.startswith("of 2 rehearsals on this gateway")


async def test_a_release_gives_agic_back_what_it_had_with_the_addresses_of_now(
    gateway: AppGwSite,
) -> None:
    refused = await asyncio.to_thread(say, gateway, "release", "--yes")
    async with under_load(gateway.port, rate=RATE, address=gateway.address) as load:
        done = await asyncio.to_thread(say, gateway, "release", "--yes", "--drop", OUR_HOST)

    assert refused.code == 3
    assert OUR_HOST in refused.err
    assert done.code == 0, done.err
    assert not load.failures
    now = await asyncio.to_thread(gateway.read_gateway)
    assert now["tags"] == gateway.before["tags"]
    assert_others_stand(gateway, now)
    for kind in CHANGED:
        assert children(now, kind).keys() == children(gateway.before, kind).keys()
    pool = children(now, "backendAddressPools")["pool-shop-api-80-bp-8080"]["properties"]
    members = [each["ipAddress"] for each in pool["backendAddresses"]]
    assert members == await agic_site.find_addresses(gateway)
    assert await agic_site.find_replicas(gateway) == 1
