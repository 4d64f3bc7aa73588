"""Access logs of gateways that live: from Envoy's lines to what is told of each cluster."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bascule.azure.client import ArmClient
from bascule.azure.clouds import fetch_cloud
from bascule.azure.credentials import CredentialKind, CredentialSettings, open_credential
from bascule.azure.logs import LogsClient
from bascule.azure.trust import Trust
from bascule.errors import InvalidError
from bascule.gateway.appgw.access_logs import AccessLogs
from bascule.gateway.appgw.log_query import LogMinutes, Span, build_query, read_minutes
from bascule.gateway.appgw.log_settings import LogTable
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.whose import Whose
from bascule.ids import Cluster
from bascule.lab.arm.assembly import Ground, LabAzure
from bascule.lab.arm.dataplane.plane import DataPlane
from bascule.lab.arm.entra.sign_in import no_keys
from bascule.lab.arm.logs.archive import Archive
from bascule.lab.arm.logs.diagnostics import Diagnostics
from bascule.lab.arm.logs.entries import TABLES
from bascule.lab.arm.logs.kusto.queries import parse_query
from bascule.lab.arm.monitor.book import Book, Pace
from bascule.lab.arm.resources import ResourceStore
from bascule.lab.arm.server import ADDRESS, ArmServer
from bascule.lab.kubeapi.access.certificates import Certificates
from bascule.lab.supervisor.description import AzureDescription
from bascule.lab.wall_clock import WallClock
from tests.support.arm_backends import BLUE, FRONTEND_ADDRESSES, GREEN, Backend, ask
from tests.support.arm_gateways import GATEWAY, gateway
from tests.support.arm_logs import logged
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

LIVE = "bsc-pool-live_shop_web_http"
PACE = Pace(minute_s=1e6, delay_s=0.0, log_delay_s=0.0)
LATE_S = 1e12
OTHER_CLIENT = "127.9.0.7"


class Logged:
    """A gateway with one pool, whose log is asked as the product asks."""

    def __init__(self, directory: Path) -> None:
        self.clock = VirtualClock()
        diagnostics = Diagnostics(ResourceStore())
        self.archive = Archive(PACE, diagnostics)
        self.archive.is_wanted = lambda _gateway_id: True  # type: ignore[method-assign,assignment]  # nobody sets it up here
        self.book = Book(Pace(minute_s=60.0, delay_s=0.0))
        self.plane = DataPlane(directory, self.clock, meter=self.book, scribe=self.archive)

    async def apply(self, *servers: str) -> None:
        document = gateway({"blue": servers})
        properties = document["properties"]
        properties["backendAddressPools"][0]["name"] = LIVE
        target = properties["requestRoutingRules"][0]["properties"]["backendAddressPool"]
        target["id"] = target["id"].replace("/blue", f"/{LIVE}")
        await self.plane.apply(
            GATEWAY,
            document,
            previous=None,
            frontend_addresses=FRONTEND_ADDRESSES,
            duration_s=0.0,
        )

    async def look(self, table: LogTable = LogTable.DEDICATED) -> LogMinutes:
        """Have all told; return what the log says of one very long minute."""
        await self.clock.advance(self.book.sample_every_s)
        span = Span(from_s=0.0, to_s=4e9, grain_s=1e8)
        known = {Cluster.BLUE: {BLUE}, Cluster.GREEN: {GREEN}}
        text = build_query(table, span, known, prefix="bsc-")
        query = parse_query(text, TABLES, self.clock.now())
        found = query.run(self.archive.rows(GATEWAY, table.value, LATE_S))
        rows = [dict(zip(query.columns, each, strict=True)) for each in found]
        for row in rows:
            row["minute"] = row["minute"].isoformat()
        return read_minutes(rows, span.grain_s, lambda _from_s, _to_s: Cluster.GREEN)

    async def shows(self, requests: int) -> bool:
        return [*(await self.look()).requests.values()] == [requests]


@asynccontextmanager
async def living(directory: Path) -> AsyncIterator[Logged]:
    world = Logged(directory)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(Backend(name="blue", address=BLUE))
        await stack.enter_async_context(Backend(name="green", address=GREEN))
        await world.plane.open()
        try:
            yield world
        finally:
            await world.plane.close()


async def ask_as(client: str) -> None:
    """Ask the gateway from another address."""
    connector = aiohttp.TCPConnector(local_addr=(client, 0))
    async with aiohttp.ClientSession(connector=connector) as session:
        url = f"http://{FRONTEND_ADDRESSES['public']}:{gateway_port()}/"
        for _ in range(6):
            async with session.get(url) as reply:
                assert reply.status == 200


def gateway_port() -> int:
    found: int = gateway()["properties"]["frontendPorts"][0]["properties"]["port"]
    return found


@pytest.mark.parametrize("table", list(LogTable))
async def test_a_pool_of_both_clusters_is_told_apart_by_who_answered(
    tmp_path: Path, table: LogTable
) -> None:
    async with living(tmp_path) as world:
        await world.apply(BLUE, GREEN)
        for _ in range(4):
            assert (await ask("/")).status == 200
        await ask_as(OTHER_CLIENT)
        await eventually(lambda: world.shows(10))

        (minute,) = (await world.look(table)).minutes.values()

        blue, green = minute[Cluster.BLUE], minute[Cluster.GREEN]
        assert blue.ended + green.ended == 10
        assert min(blue.ended, green.ended) > 0
        assert (blue.failures, green.failures) == (0, 0)
        assert blue.latency is not None
        assert sum(blue.latency.counts) == blue.ended
        assert 1 <= (blue.clients_of_both or 0) <= 2


async def test_what_reached_nobody_has_no_server_in_the_log(tmp_path: Path) -> None:
    async with living(tmp_path) as world:
        await world.apply(GREEN.replace("10.241.", "10.243."))
        for _ in range(3):
            assert (await ask("/")).status in {502, 504}
        await eventually(lambda: world.shows(3))

        (minute,) = (await world.look()).minutes.values()

        assert minute[Cluster.GREEN].failures == 3
        assert minute[Cluster.BLUE].ended == 0


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[tuple[LabAzure, str, Trust]]:
    """Yield an Azure behind real sockets, where it is, and what it is trusted by."""
    clock = WallClock()
    certificates = Certificates(home / "pki", clock=clock, address=ADDRESS)
    context = certificates.server_context()
    context.verify_mode = ssl.CERT_NONE
    server = ArmServer(context)
    port, _ = await server.open(0, 0)
    ground = Ground(
        clock=clock,
        url=f"https://localhost:{port}",
        signing_key=certificates.token_key,
        make_secret=lambda: "a secret",
        issuer_keys=no_keys,
        entropy=b"a test",
    )
    azure = LabAzure(AzureDescription(), ground)
    async with azure.running():
        server.serve(azure)
        try:
            yield azure, ground.url, Trust(ca_file=home / "pki/ca.crt")
        finally:
            await server.close()


async def make_logged_gateway(azure: LabAzure, client: ArmClient) -> str:
    """Make a gateway, as a document, and a workspace that has its log; return its id."""
    group = f"/subscriptions/{azure.identity.subscription_id}/resourceGroups/shop"
    place = f"{group}/providers/Microsoft.Network/applicationGateways/gw"
    workspace = f"{group}/providers/Microsoft.OperationalInsights/workspaces/logs"
    await client.put(group, {"location": "eastus"})
    kind = "Microsoft.Network/applicationGateways"
    azure.world.resources.put({"id": place, "name": "gw", "type": kind, "properties": {}})
    features = {"enableLogAccessUsingOnlyResourcePermissions": True}
    azure.world.resources.put({"id": workspace, "properties": {"features": features}})
    logs: list[Any] = [{"categoryGroup": "allLogs", "enabled": True}]
    body = {"workspaceId": workspace, "logAnalyticsDestinationType": "Dedicated", "logs": logs}
    setting = f"{place}/providers/Microsoft.Insights/diagnosticSettings/logs"
    await client.put(setting, {"properties": body})
    return place


async def test_the_log_is_found_and_asked_over_https_with_a_token_of_its_own(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        azure, url, trust = await stack.enter_async_context(served(tmp_path))
        cloud = await fetch_cloud(url, trust=trust)
        identity, clock = azure.identity, WallClock()
        settings = CredentialSettings(
            kind=CredentialKind.SECRET,
            tenant_id=identity.tenant_id,
            client_id=identity.first_app_id,
            client_secret=identity.first_secret,
        )
        credential = await stack.enter_async_context(open_credential(settings, cloud, trust=trust))
        client = await stack.enter_async_context(
            ArmClient(cloud, credential, clock=clock, trust=trust)
        )
        logs = await stack.enter_async_context(
            LogsClient(cloud, credential, clock=clock, trust=trust)
        )
        place = await make_logged_gateway(azure, client)
        now_s = clock.now().timestamp()
        gateway_settings = AppGwSettings(gateway_id=place, owner="shop")
        reader = AccessLogs(client, logs, gateway_settings, Whose(gateway_settings))
        azure.logs.archive.note(place, "0-1", [logged(clock.now(), cluster="bsc-pool-blue_a~b")])

        found = await reader.find(now_s, 60.0)
        await eventually(lambda: has_rows(logs, place))
        told = await reader.fetch(now_s - 120.0, now_s + 120.0, 60.0)
        with pytest.raises(InvalidError, match="no operator render"):
            await logs.query(place, "AGWAccessLogs | render timechart")

    assert found
    assert told is not None


async def has_rows(logs: LogsClient, place: str) -> bool:
    return await logs.query(place, "AGWAccessLogs | count") == ({"Count": 1},)
