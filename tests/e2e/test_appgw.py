"""`bascule run` before an Application Gateway of the lab's Azure, in processes of its own."""

import asyncio
import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from bascule.app.clock import SystemClock
from bascule.app.gateways import breaking_glass
from bascule.ids import Cluster
from bascule.kube import resources
from bascule.kube.client import KubeClient
from bascule.kube.kubeconfig import load_kubeconfig
from tests.support.appgw_site import OWN_LISTENER, OWN_RULE, AppGwSite, open_appgw_site
from tests.support.asking import ask, under_load
from tests.support.network import free_port
from tests.support.site import wait_until
from tests.support.waiting import eventually

RATE = 50.0

pytestmark = pytest.mark.timeout(260)  # other tests may have the machine's one place for an Azure


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppGwSite]:
    with open_appgw_site(tmp_path_factory.mktemp("appgw")) as opened:
        asyncio.run(opened.send_logs())
        opened.site.start_runtime()
        await_converged(opened)
        yield opened


def await_converged(gateway: AppGwSite) -> None:
    def has_converged() -> bool:
        return bool(gateway.site.ask_runtime("status")["live"]["convergence"] == "converged")

    wait_until(has_converged)


def status(gateway: AppGwSite) -> dict[str, Any]:
    return gateway.site.ask_runtime("status")


def children(document: dict[str, Any], collection: str) -> dict[str, Any]:
    return {each["name"]: each for each in document["properties"][collection]}


async def answering(gateway: AppGwSite) -> set[str]:
    asked = [ask(gateway.port, address=gateway.address) for _ in range(10)]
    return set(await asyncio.gather(*asked))


def test_the_gateway_serves_blue_and_status_names_it(gateway: AppGwSite) -> None:
    told = gateway.site.status()

    assert asyncio.run(answering(gateway)) == {"blue"}
    assert told["appgw"]["id"] == gateway.gateway_id
    assert told["appgw"]["addresses"] == [gateway.address]
    assert told["live"]["weights"]["default"] == {"blue_bp": 10_000, "green_bp": 0}


def test_what_was_there_is_kept_exactly_and_recorded_first(gateway: AppGwSite) -> None:
    file = gateway.site.state_dir.gateway_before
    history = gateway.site.on_upgrade("history").document

    assert json.loads(file.read_text()) == gateway.before
    assert file.stat().st_mode & 0o777 == 0o600
    kinds = [record["kind"] for record in history["records"]]
    assert kinds[:3] == ["gateway_opened", "clusters_named", "gateway_kept"]


async def test_a_switch_and_a_rollback_fail_no_request_and_are_one_update_each(
    gateway: AppGwSite,
) -> None:
    before = status(gateway)["appgw"]["puts"]

    async with under_load(gateway.port, rate=RATE, address=gateway.address) as load:
        switch = await asyncio.to_thread(
            gateway.site.on_gateway, "switch", "--from", "blue", "--to", "green", "--yes"
        )
        on_green = await answering(gateway)
        rollback = await asyncio.to_thread(gateway.site.on_gateway, "rollback", "--yes")

    assert (switch.code, rollback.code) == (0, 0), f"{switch.err}{rollback.err}"
    assert load.failures == ()
    assert on_green == {"green"}
    assert await answering(gateway) == {"blue"}
    assert status(gateway)["appgw"]["puts"] == before + 2


async def test_the_access_log_tells_which_cluster_answered(gateway: AppGwSite) -> None:
    def is_told() -> bool:
        told = status(gateway)["live"]["traffic"] or {}
        return all(
            each["source"] == "access log" and each["requests_total"] for each in told.values()
        ) and set(told) == {"blue", "green"}

    async with under_load(gateway.port, rate=RATE, address=gateway.address):
        await eventually(is_told, within_s=60.0)


def test_what_is_not_ours_stays_as_it_was(gateway: AppGwSite) -> None:
    now = gateway.read_gateway()

    for collection, name in (("httpListeners", OWN_LISTENER), ("requestRoutingRules", OWN_RULE)):
        was, found = children(gateway.before, collection)[name], children(now, collection)[name]
        assert {**found, "etag": ""} == {**was, "etag": ""}


def test_without_a_runtime_the_gateway_goes_on_and_a_restart_sends_nothing(
    gateway: AppGwSite,
) -> None:
    before = gateway.read_gateway()

    assert gateway.site.terminate_runtime() == 0
    alone = gateway.site.status()
    gateway.site.start_runtime()
    await_converged(gateway)

    assert "the gateway goes on by itself" in alone["live"]["reason"]
    assert alone["appgw"]["id"].lower() == gateway.gateway_id.lower()
    assert status(gateway)["appgw"]["puts"] == 0
    assert gateway.read_gateway()["etag"] == before["etag"]


async def test_an_ingress_tells_the_gateways_address(gateway: AppGwSite) -> None:
    site = gateway.site
    connection = load_kubeconfig(site.kubeconfig, f"{site.name}-blue")
    async with KubeClient(connection, clock=SystemClock()) as client:

        async def is_told() -> bool:
            found: Any = await client.get(resources.INGRESSES, "api", namespace="shop")
            told = found.get("status", {}).get("loadBalancer", {}).get("ingress")
            return bool(told == [{"ip": gateway.address}])

        await eventually(is_told)


async def test_envoys_behind_it_take_over_from_it_and_switch_without_it(
    gateway: AppGwSite,
) -> None:
    site = gateway.site
    gateway.write_file(type="appgw+envoy", envoys={"addresses": ["127.0.0.1"], "port": free_port()})

    async with under_load(gateway.port, rate=RATE, address=gateway.address) as load:
        site.terminate_runtime()
        await asyncio.to_thread(site.start_runtime)
        await eventually(lambda: status(gateway)["appgw"]["puts"] == 1)
        await eventually(lambda: status(gateway)["appgw"]["operation"] is None)
        switch = await asyncio.to_thread(
            site.on_gateway, "switch", "--from", "blue", "--to", "green", "--yes"
        )
        on_green = await answering(gateway)
        shared = await asyncio.to_thread(
            site.on_gateway, "weights", "blue=75", "green=25", "--yes", "--reason", "a test"
        )
        rollback = await asyncio.to_thread(site.on_gateway, "rollback", "--yes")

    assert (switch.code, shared.code, rollback.code) == (0, 0, 0), shared.err
    assert load.failures == ()
    assert on_green == {"green"}
    assert await answering(gateway) == {"green"}
    assert status(gateway)["appgw"]["puts"] == 1


async def test_an_envoy_that_dies_behind_it_comes_back_and_the_gateway_finds_it(
    gateway: AppGwSite,
) -> None:
    site = gateway.site

    def is_back() -> bool:
        deaths = status(gateway)["envoy"]["deaths"]
        return bool(deaths and deaths[-1]["ready_at"])

    async with under_load(gateway.port, rate=RATE, address=gateway.address) as load:
        site.kill_envoy()
        await eventually(is_back)
        await eventually(lambda: any(not a.error for a in load.answers[-5:]))
        back = len(load.answers)
        await eventually(lambda: len(load.answers) > back + RATE)

    assert not [each.error for each in load.answers[back:] if each.error]
    assert {each.cluster for each in load.answers[back:]} == {"green"}
    assert status(gateway)["appgw"]["puts"] == 1


async def test_without_bascule_and_its_envoy_the_printed_steps_lead_past_it(
    gateway: AppGwSite,
) -> None:
    site = gateway.site
    file = breaking_glass.find_way_back(site.state_dir, Cluster.BLUE)
    etag = (await asyncio.to_thread(gateway.read_gateway))["etag"]
    await eventually(lambda: json.loads(file.read_text())["etag"] == etag)
    state = str(site.state_dir.path)
    say = ("gateway", "break-glass", "-f", str(site.file), "--state", state, "--output", "json")
    said = await asyncio.to_thread(site.verb, *say)
    commands = [shlex.split(each["command"]) for each in said.document["steps"]]

    async with under_load(gateway.port, rate=RATE, address=gateway.address) as load:
        kept = await asyncio.to_thread(site.verb, *commands[0][1:5])
        await gateway.put_gateway(json.loads(file.read_text()))
        ended = await asyncio.to_thread(site.verb, *commands[-1][1:4])

    assert (said.code, kept.code, ended.code) == (0, 0, 0), f"{said.err}{kept.err}{ended.err}"
    assert said.document["is_past_envoys"]
    (untold,) = said.document["left_out"]
    assert "api.example.test/lab.Echo: " in untold  # its calls, which are gRPC
    assert load.failures == ()
    assert await answering(gateway) == {"blue"}
    assert file.stat().st_mode & 0o777 == 0o600
