"""A document that leads past the Envoys, as Azure takes it, and the Envoys in front again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bascule.app.gateways.before import render_document
from bascule.app.gateways.front import Tier
from bascule.app.gateways.past_envoys import PastEnvoys
from bascule.gateway.appgw.settings import Mechanism
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement, Preview
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import Host, RoutingTable
from tests.support import tables
from tests.support.appgw_world import FOREIGN, AppGwWorld, appgw_site, appgw_world
from tests.support.azure_site import AzureSite
from tests.support.pki import Authority
from tests.support.tiers import bring_in_front, make_tier

ENVOYS = Tier(listen="127.0.0.1", port=8080, addresses=("10.1.9.4",))
PODS = {Cluster.BLUE: "10.240.7.1", Cluster.GREEN: "10.241.7.1"}
SHOWN = Arrangement(preview=Preview(hosts={"next.example.com": "plain.example.com"}))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure")) as found:
        yield found


def host(name: str, **more: Any) -> Host:
    pods = (tables.backend(c, "web", 8080, address=PODS[c]) for c in Cluster)
    return tables.host(name, tables.route(*pods), **more)


async def lead_to_envoys(
    world: AppGwWorld, table: RoutingTable, certificates: CertificateStore
) -> None:
    """Bring a table in front, as a runtime that has just begun."""
    async with world.driver() as front:
        await bring_in_front(make_tier(front, ENVOYS), table, certificates)


def leading(document: dict[str, Any]) -> list[str]:
    """Return the addresses in pools of ours."""
    return [
        each["ipAddress"]
        for pool in document["properties"]["backendAddressPools"]
        if pool["name"] != FOREIGN
        for each in pool["properties"]["backendAddresses"]
    ]


@pytest.mark.parametrize("cluster", Cluster)
async def test_azure_takes_what_leads_past_the_envoys_and_a_runtime_leads_to_them_again(
    site: AzureSite, tmp_path: Path, cluster: Cluster
) -> None:
    certificate = Authority().certify("safe.example.com")
    hosts = [host("plain.example.com"), host("safe.example.com", certificate=certificate)]
    hosts[1] = replace(hosts[1], is_tls=True)
    table = tables.table(tables.route_set(hosts), tables.ALL_GREEN, arrangement=SHOWN)
    kept = tables.store(certificate)

    async with appgw_world(site, tmp_path) as world:
        await lead_to_envoys(world, table, kept)
        before = await world.document()
        past = PastEnvoys(replace(world.settings, mechanism=Mechanism.POOLS))
        way = past(before, table, cluster)
        file = render_document(way.document)
        await world.change(json.loads(file))
        turned = await world.document()
        await lead_to_envoys(world, table, kept)
        again = await world.document()

    assert way.left_out == ()
    assert leading(before) == leading(again) == [*ENVOYS.addresses]
    assert leading(turned) == [PODS[cluster]]
    assert b'"data"' not in file
    assert b'"password"' not in file
    listeners = {each["name"] for each in turned["properties"]["httpListeners"]}
    assert {FOREIGN, "bsc-listener-443-safe.example.com"} <= listeners
