"""AGIC's gateway taken over with Envoys behind it, and given back; nobody else's part changes."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bascule.app.clock import SystemClock
from bascule.app.gateways.adopting import Wish, adopt_gateway, plan_adoption
from bascule.app.gateways.appgw import AppGwHome, build_place, open_parts
from bascule.app.gateways.front import build_tier
from bascule.app.gateways.hands import Hands, open_hands
from bascule.app.gateways.rehearsals import load_rehearsals, measure_rehearsals
from bascule.app.gateways.rehearsing import rehearse_update
from bascule.app.gateways.releasing import plan_release, release_gateway
from bascule.app.state_dir import StateDir
from bascule.errors import PlanError
from bascule.gateway.appgw.merge import is_same
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement, Preview
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.documents import whole_split
from bascule.routing.model import RoutingTable
from bascule.spec.appgw import AppGwEnvoyGateway
from bascule.spec.gateway import Gateway
from bascule.spec.load import parse_gateway
from tests.support.agic_document import HOSTS, build_agic_gateway
from tests.support.appgw_world import (
    ADDRESS,
    FOREIGN,
    GATEWAY,
    NETWORK,
    appgw_site,
    foreign_gateway,
)
from tests.support.azure_site import GROUP, AzureSite
from tests.support.lab_api import LabApi
from tests.support.raw_objects import raw_ingress, raw_service, raw_slice
from tests.support.tiers import bring_in_front, make_tier

ENVOYS = ("10.1.9.4", "10.1.9.5")
PODS = {"old": "10.240.7.1", "new": "10.241.7.1"}
FILE = """
name: shop
clusters:
  blue: {{kubeconfig: {folder}/old.kubeconfig, context: old}}
  green: {{kubeconfig: {folder}/new.kubeconfig, context: new}}
ingressClasses: [azure/application-gateway, bascule]
listeners: [{{name: http, address: 203.0.113.7, port: 80}}]
gateway:
  type: appgw+envoy
  cloud: "{cloud}"
  resourceGroup: {group}
  name: {gateway}
  envoys: {{addresses: [{envoys}]}}
"""
OTHERS = (
    ("httpListeners", FOREIGN),
    ("requestRoutingRules", FOREIGN),
    ("backendAddressPools", FOREIGN),
    ("backendHttpSettingsCollection", FOREIGN),
)
Body = dict[str, Any]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[AzureSite]:
    with appgw_site(tmp_path / "azure") as found:
        gateway_id = found.id_of(*GATEWAY)
        found.put(gateway_id, _of_both(found, gateway_id))
        found.settle(gateway_id)
        yield found


def _of_both(site: AzureSite, gateway_id: str) -> Body:
    """Return a gateway of which AGIC has one part and somebody else another."""
    theirs = foreign_gateway(site, port=8443)
    theirs["properties"]["requestRoutingRules"][0]["properties"]["priority"] = 100
    ids = {
        "subnet_id": f"{site.id_of(*NETWORK)}/subnets/AppGwSubnet",
        "address_id": site.id_of(*ADDRESS),
    }
    agic = build_agic_gateway(gateway_id, cluster_id="/agic", **ids)
    for collection, found in agic["properties"].items():
        if collection not in {"sku", "gatewayIPConfigurations", "frontendIPConfigurations"}:
            theirs["properties"].setdefault(collection, []).extend(found)
    for each in theirs["properties"]["httpListeners"]:
        front = f"{gateway_id}/frontendIPConfigurations/public"
        each["properties"]["frontendIPConfiguration"] = {"id": front}
    return {**theirs, "tags": {**theirs["tags"], **agic["tags"]}}


@pytest.fixture
async def clusters(tmp_path: Path) -> AsyncIterator[Mapping[str, LabApi]]:
    """Two clusters with the Services that AGIC served."""
    async with AsyncExitStack() as stack:
        apis = {}
        for name, pod in PODS.items():
            api = await stack.enter_async_context(LabApi(tmp_path / name))
            api.server.write_kubeconfig(tmp_path / f"{name}.kubeconfig", context=name)
            for host in HOSTS:
                service = host.partition(".")[0]
                raw = raw_ingress(service, host=host, service=service, namespace="default")
                slices = raw_slice(service, addresses=(pod,), namespace="default")
                for each in (raw_service(service, namespace="default"), slices, raw):
                    await api.create(each)
            apis[name] = api
        yield apis


@pytest.fixture
def gateway(
    site: AzureSite,
    clusters: Mapping[str, LabApi],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Gateway:
    assert len(clusters) == len(Cluster)
    for name, value in site.environment(site.owner).items():
        monkeypatch.setenv(name, value)
    text = FILE.format(
        folder=tmp_path,
        cloud=site.url,
        group=GROUP,
        gateway=GATEWAY[1],
        envoys=", ".join(ENVOYS),
    )
    return parse_gateway(text, "gateway.yaml")


def children(document: Body, collection: str) -> Body:
    return {each["name"]: each for each in document["properties"][collection]}


def assert_others_stand(before: Body, now: Body) -> None:
    for collection, name in OTHERS:
        was, found = children(before, collection)[name], children(now, collection)[name]
        assert {**found, "etag": ""} == {**was, "etag": ""}


def tell_nobody(_line: str) -> None:
    return


async def adopt(hands: Hands) -> Body:
    """Take the gateway over, and return it."""
    plan = await plan_adoption(hands, Wish())
    assert plan.blockers == ()
    leading = {each.place.host: each.after.addresses for each in plan.exchange.hosts}
    assert {host: leading[host] for host in HOSTS} == dict.fromkeys(HOSTS, ENVOYS)
    assert (await plan_adoption(hands, Wish())).gist == plan.gist
    await adopt_gateway(hands, plan, silence_s=0, tell=tell_nobody)
    return dict(await hands.read())


async def send_first_table(
    gateway: Gateway, site: AzureSite, state_dir: StateDir, table: RoutingTable
) -> None:
    """Bring a table in front, as a runtime does first of all; its Envoys are a fake."""
    spec = gateway.gateway
    assert isinstance(spec, AppGwEnvoyGateway)
    environ = site.environment(site.owner)
    home = AppGwHome(environ=environ, state_dir=state_dir, clock=SystemClock())
    settings = build_place(gateway, spec, gateway_id=site.id_of(*GATEWAY))
    async with open_parts(spec, settings, home, tell_no_fence) as parts:
        await bring_in_front(make_tier(parts.driver, build_tier(spec)), table, EMPTY_STORE)


def tell_no_fence() -> None:
    return


async def test_agics_gateway_is_taken_over_by_envoys_and_given_back_as_it_was(
    gateway: Gateway, site: AzureSite, tmp_path: Path
) -> None:
    state_dir = StateDir(tmp_path / "state")
    shown = Arrangement(preview=Preview(hosts={"next.example.com": HOSTS[0]}))
    async with open_hands(gateway, state_dir, owner="test", is_writing=True) as hands:
        before: Body = dict(await hands.read())
        tagged = await adopt(hands)
        routes = (await hands.fetch_inventory()).routes
    table = RoutingTable(routes=routes, split=whole_split(Cluster.BLUE), arrangement=shown)

    await send_first_table(gateway, site, state_dir, table)

    async with open_hands(gateway, state_dir, owner="test", is_writing=True) as hands:
        served: Body = dict(await hands.read())
        await rehearse_update(hands)
        rehearsed = measure_rehearsals(load_rehearsals(state_dir))
        plan = await plan_release(hands, ["next.example.com"])
        assert plan.blockers == ()
        assert (await plan_release(hands, ["next.example.com"])).gist == plan.gist
        assert (await plan_release(hands, ())).gist != plan.gist
        await release_gateway(hands, plan, tell=tell_nobody)
        released: Body = dict(await hands.read())
    assert is_same(tagged, {**before, "tags": tagged["tags"]})
    for now in (tagged, served, released):
        assert_others_stand(before, now)
    hosts = {
        name
        for each in served["properties"]["httpListeners"]
        for name in each["properties"].get("hostNames", ())
    }
    pools = served["properties"]["backendAddressPools"]
    assert hosts == {*HOSTS, "next.example.com"}
    assert [each["name"] for each in pools if each["name"].startswith(("pool-", "default"))] == []
    (to_envoys,) = (each for each in pools if each["name"].startswith("bsc-pool-"))
    assert [a["ipAddress"] for a in to_envoys["properties"]["backendAddresses"]] == [*ENVOYS]
    assert rehearsed is not None
    assert rehearsed.source.startswith("of 2 rehearsals")  # the take-over's update is one
    assert released["tags"] == before["tags"]
    given = children(released, "backendAddressPools")["pool-default-shop-80-bp-8080"]
    assert [a["ipAddress"] for a in given["properties"]["backendAddresses"]] == [PODS["old"]]


async def test_it_is_not_given_back_while_envoys_send_requests_to_another_cluster_than_agics(
    gateway: Gateway, tmp_path: Path
) -> None:
    state_dir = StateDir(tmp_path / "state")
    async with open_hands(gateway, state_dir, owner="test", is_writing=True) as hands:
        with pytest.raises(PlanError, match="not ours"):
            await plan_release(hands, ())
        await adopt(hands)
    turned = gateway.model_copy(update={"active": Cluster.GREEN})

    async with open_hands(turned, state_dir, owner="test", is_writing=False) as hands:
        plan = await plan_release(hands, ())

    assert "requests go to green" in plan.blockers[0]
