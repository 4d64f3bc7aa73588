"""The client and the steady loop against the lab's API servers: TLS, versions, faults, all real."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bascule.app.clock import SystemClock
from bascule.controller.cache import ClusterState
from bascule.controller.feed import KubeFeed
from bascule.controller.loop import Controller
from bascule.controller.ports import ControllerPorts
from bascule.controller.report import KubeReporter, ReportOptions
from bascule.errors import ConflictError, InvalidError, NotFoundError
from bascule.ids import Cluster
from bascule.kube.client import KubeClient, PatchKind, WriteOptions, as_is
from bascule.kube.connection import ClientCertificate, Connection
from bascule.kube.resources import (
    ENDPOINT_SLICES,
    EVENTS,
    INGRESSES,
    NAMESPACES,
    SECRETS,
    SERVICES,
    Resource,
)
from bascule.lab.kubeapi.faults import Cut, Faults, Outage
from tests.support.controller_world import ALL_BLUE, ALL_GREEN, FakeLastGood, endpoints_of
from tests.support.fake_driver import FakeDriver
from tests.support.lab_api import LabApi
from tests.support.pki import Authority
from tests.support.raw_objects import raw_ingress, raw_secret, raw_service, raw_slice
from tests.support.waiting import eventually

RESOURCE_BY_KIND = {
    resource.kind: resource
    for resource in (INGRESSES, SERVICES, ENDPOINT_SLICES, SECRETS, NAMESPACES)
}
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")


def connection(api: LabApi) -> Connection:
    access = api.server.access("test")
    return Connection(
        name="test",
        server=access.server,
        ca_pem=access.authority_pem,
        certificate=ClientCertificate(chain_pem=access.certificate_pem, key_pem=access.key_pem),
    )


async def apply(client: KubeClient, *raws: dict[str, Any]) -> None:
    for raw in raws:
        raw["metadata"] = {
            key: value
            for key, value in raw["metadata"].items()
            if key not in {"resourceVersion", "creationTimestamp"}
        }
        await client.apply(RESOURCE_BY_KIND[raw["kind"]], raw, options=WriteOptions(is_forced=True))


def namespace() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


@dataclass(slots=True)
class TwoClusters:
    apis: dict[Cluster, LabApi]
    clients: dict[Cluster, KubeClient]
    controller: Controller
    driver: FakeDriver

    async def serves(self, cluster: Cluster, *addresses: str) -> None:
        def holds() -> bool:
            table = self.driver.table
            return table is not None and endpoints_of(table, cluster) == sorted(addresses)

        await eventually(holds)

    def state(self, cluster: Cluster) -> ClusterState:
        return self.controller.view().clusters[cluster].state


@asynccontextmanager
async def two_clusters(folder: Path) -> AsyncIterator[TwoClusters]:
    """Two lab API servers with a shop each, and a controller that follows both."""
    clock, rng = SystemClock(), random.Random(5)  # noqa: S311 - jitter, not a secret
    async with AsyncExitStack() as stack:
        apis, clients = {}, {}
        for cluster, address in ((Cluster.BLUE, "127.64.0.1"), (Cluster.GREEN, "127.65.0.1")):
            (folder / cluster).mkdir()
            apis[cluster] = await stack.enter_async_context(LabApi(folder / cluster))
            clients[cluster] = await stack.enter_async_context(
                KubeClient(connection(apis[cluster]), clock=clock)
            )
            await apply(clients[cluster], namespace(), raw_ingress(), raw_service())
            await apply(clients[cluster], raw_slice(addresses=[address]))
        driver = FakeDriver(clock)
        ports = ControllerPorts(
            driver=driver,
            feeds={c: KubeFeed(client, clock=clock, rng=rng) for c, client in clients.items()},
            last_good=FakeLastGood(),
            reporters=tuple(
                KubeReporter(
                    client, c, clock=clock, options=ReportOptions(addresses=("192.0.2.7",))
                )
                for c, client in clients.items()
            ),
        )
        controller = Controller(ports, split=ALL_BLUE, clock=clock, rng=rng)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        task = group.create_task(controller.run())
        stack.callback(task.cancel)
        world = TwoClusters(apis=apis, clients=clients, controller=controller, driver=driver)
        await world.serves(Cluster.BLUE, "127.64.0.1")
        await world.serves(Cluster.GREEN, "127.65.0.1")
        yield world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[TwoClusters]:
    async with two_clusters(tmp_path) as made:
        yield made


async def test_a_change_in_either_cluster_reaches_the_gateway(world: TwoClusters) -> None:
    await apply(world.clients[Cluster.GREEN], raw_slice(addresses=["127.65.0.2", "127.65.0.3"]))
    await world.serves(Cluster.GREEN, "127.65.0.2", "127.65.0.3")

    await world.clients[Cluster.BLUE].delete(ENDPOINT_SLICES, "web-1", namespace="shop")
    await world.serves(Cluster.BLUE)


@pytest.mark.parametrize("action", ["endWatches", "tearWatches", "expireWatches"])
async def test_watches_that_end_in_any_way_lose_nothing(world: TwoClusters, action: Any) -> None:
    api, client = world.apis[Cluster.BLUE], world.clients[Cluster.BLUE]
    api.server.order(Faults(now=[Cut(action=action)]))

    await apply(client, raw_slice(addresses=["127.64.0.9"]))

    await world.serves(Cluster.BLUE, "127.64.0.9")


async def test_what_was_deleted_while_history_was_forgotten_is_found(world: TwoClusters) -> None:
    api, client = world.apis[Cluster.BLUE], world.clients[Cluster.BLUE]
    api.server.order(Faults(now=[Cut(action="tearWatches")]))
    await client.delete(ENDPOINT_SLICES, "web-1", namespace="shop")
    api.server.order(Faults(now=[Cut(action="forgetHistory"), Cut(action="tearWatches")]))

    await world.serves(Cluster.BLUE)


async def test_a_switch_away_from_a_cluster_that_is_down(world: TwoClusters) -> None:
    api = world.apis[Cluster.BLUE]
    api.server.order(Faults(now=[Cut(action="tearWatches")], outage=Outage(duration_s=1.5)))
    await eventually(lambda: world.state(Cluster.BLUE) is ClusterState.STALE)

    applied = await world.controller.set_split(ALL_GREEN)

    assert applied.is_split_only
    await world.serves(Cluster.BLUE, "127.64.0.1")
    await eventually(lambda: world.state(Cluster.BLUE) is ClusterState.SYNCED)


async def test_a_certificate_comes_from_a_secret_of_type_tls(world: TwoClusters) -> None:
    pair = Authority().issue("shop.example.com")
    client = world.clients[Cluster.BLUE]

    await apply(client, raw_secret(data=pair.secret_data), raw_ingress(tls_secret="shop-tls"))

    await eventually(
        lambda: (
            [c.chain_pem for c in world.driver.certificates.by_digest.values()] == [pair.chain_pem]
        )
    )


async def test_the_address_is_in_the_status_of_the_ingress(world: TwoClusters) -> None:
    client = world.clients[Cluster.GREEN]

    async def has_address() -> bool:
        found: Any = await client.get(INGRESSES, "shop", namespace="shop")
        status = found.get("status", {}).get("loadBalancer", {})
        return bool(status.get("ingress") == [{"ip": "192.0.2.7"}])

    await eventually(has_address)


async def test_a_problem_becomes_an_event_in_its_cluster(world: TwoClusters) -> None:
    client = world.clients[Cluster.BLUE]
    await apply(client, raw_ingress("lost", host="lost.example.com", service="absent"))

    async def has_event() -> bool:
        events = await client.list_all(EVENTS, keep=as_is)
        return any(event["reason"] == "ServiceNotFound" for event in events.items)

    await eventually(has_event, within_s=15)


async def test_the_verbs_of_the_client(tmp_path: Path) -> None:
    async with (
        LabApi(tmp_path) as api,
        KubeClient(connection(api), clock=SystemClock()) as client,
    ):
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c", "namespace": "default"},
            "data": {"a": "1"},
        }
        await client.create(CONFIG_MAPS, body)
        with pytest.raises(ConflictError):
            await client.create(CONFIG_MAPS, body)
        with pytest.raises(ConflictError):
            await client.apply(CONFIG_MAPS, body | {"data": {"a": "2"}})
        await client.apply(
            CONFIG_MAPS, body | {"data": {"a": "2"}}, options=WriteOptions(is_forced=True)
        )
        await client.patch(
            CONFIG_MAPS,
            "c",
            [{"op": "add", "path": "/data/b", "value": "3"}],
            kind=PatchKind.JSON,
            namespace="default",
        )
        dry = WriteOptions(is_dry_run=True)
        await client.patch(CONFIG_MAPS, "c", {"data": None}, namespace="default", options=dry)
        found = await client.get(CONFIG_MAPS, "c", namespace="default")
        other = {**body, "metadata": {"name": "d", "namespace": "default"}, "datta": {}}
        with pytest.raises(InvalidError):
            await client.create(CONFIG_MAPS, other, options=WriteOptions(field_validation="Strict"))
        await client.delete(CONFIG_MAPS, "c", namespace="default")
        with pytest.raises(NotFoundError):
            await client.get(CONFIG_MAPS, "c", namespace="default")
        version = await client.version()

    assert found["data"] == {"a": "2", "b": "3"}
    assert (version.major, version.minor) == ("1", "36")
