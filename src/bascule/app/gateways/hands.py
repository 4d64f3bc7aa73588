"""A gateway in Azure for a verb of its own, beside no runtime: read, compared, written."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bascule.app import wiring
from bascule.app.clock import SystemClock
from bascule.app.gateways.appgw import LIMIT_FACTOR, build_place, build_settings
from bascule.app.gateways.front import Divider, build_tier
from bascule.app.known import fetch_state
from bascule.app.state_dir import StateDir, apply_state_dir
from bascule.azure.client import ArmClient
from bascule.azure.document import Document, object_at
from bascule.azure.opening import find_subscription, open_azure
from bascule.checks.inventory import HostScope, Inventory
from bascule.clock import Clock
from bascule.errors import DriverError, LockedError, UsageError
from bascule.gateway.appgw.live import read_split
from bascule.gateway.appgw.merge import merge, read_facts
from bascule.gateway.appgw.operations import FileOperationLog
from bascule.gateway.appgw.part import Part
from bascule.gateway.appgw.pfx import Pfx
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.ownership import Owns, owns_of
from bascule.ids import Cluster
from bascule.inventory.fetch import Asked, Question, fetch_inventory
from bascule.kube.client import KubeClient
from bascule.kube.connection import Connection
from bascule.routing.model import RoutingTable
from bascule.routing.weights import Split, Weights
from bascule.spec.appgw import AppGwEnvoyGateway, AppGwGateway, AppGwPlace
from bascule.spec.gateway import Gateway
from bascule.storage.opening import acquire_store

_UNSENT = Pfx(data="", password="")
"""Stands for a certificate in a document that is compared and not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What a verb works on one gateway with. Nothing of it is opened twice."""

    gateway: Gateway
    spec: AppGwPlace
    settings: AppGwSettings
    state_dir: StateDir
    client: ArmClient
    clock: Clock
    connections: Mapping[Cluster, Connection]
    clients: Mapping[Cluster, KubeClient]
    split: Split
    fence: Callable[[], None]

    @property
    def there(self) -> Mapping[Cluster, tuple[str, KubeClient]]:
        """The clusters that exist, with the names of their contexts."""
        return {
            cluster: (self.connections[cluster].name, client)
            for cluster, client in self.clients.items()
            if not self.connections[cluster].is_awaited
        }

    @property
    def active(self) -> Cluster:
        """The cluster that has most of the requests by the journal."""
        weights = self.split.default
        return Cluster.BLUE if weights.blue_bp >= weights.green_bp else Cluster.GREEN

    async def read(self) -> Document:
        """Return the gateway. Raises DriverError where there is none."""
        found = await self.client.get(self.settings.gateway_id)
        if found is None:
            raise DriverError(
                f"there is no gateway {self.settings.gateway_id}",
                remedy="check subscription, resource group and name in gateway.yaml",
            )
        return found

    def read_split(self, document: Document) -> Split | None:
        """Return where requests go: by the document, or where Envoys decide by the journal."""
        if isinstance(self.spec, AppGwEnvoyGateway):
            return self.split
        return read_split(document, self.owns(document))

    def owns(self, document: Document) -> Owns:
        """Return what is ours of the gateway by its tags."""
        tags = object_at(document, "tags")
        return owns_of(tags, prefix=self.settings.prefix, owner=self.settings.owner)

    def writer(self, owns: Owns) -> GatewayWriter:
        """Return who writes it, once nobody else of ours does."""
        return GatewayWriter(
            self.client,
            self.settings.gateway_id,
            clock=self.clock,
            operations=FileOperationLog(self.state_dir.gateway_operations),
            owns=owns,
            fence=self.fence,
            limit_s=LIMIT_FACTOR * self.spec.operation_timeout_seconds,
        )

    async def fetch_inventory(self) -> Inventory:
        """Return both clusters as they are; one that does not answer is a fact."""
        asked = {
            cluster: Asked(
                client=client,
                name=self.connections[cluster].name,
                server=self.connections[cluster].server,
                is_awaited=self.connections[cluster].is_awaited,
            )
            for cluster, client in self.clients.items()
        }
        options = wiring.build_options(self.gateway, active=self.active)
        return await fetch_inventory(
            asked, Question(at=self.clock.now(), options=options, scope=HostScope())
        )

    def put_table(
        self, document: Document, inventory: Inventory, owns: Owns
    ) -> tuple[dict[str, object], Part]:
        """Return the document as our first table would make it, and our part of it."""
        table = RoutingTable(routes=inventory.routes, split=self.split)
        if isinstance(self.spec, AppGwEnvoyGateway):
            divided = Divider(build_tier(self.spec)).divide(table.routes, table.arrangement)
            table = divided.front_table
        part = Translator(self.settings).translate(table, read_facts(document, owns))
        unsent = dict.fromkeys(part.certificates, _UNSENT)
        return merge(document, part, owns, pfx=unsent, tags={}), part


@asynccontextmanager
async def open_hands(
    gateway: Gateway, state_dir: StateDir, *, owner: str, is_writing: bool
) -> AsyncIterator[Hands]:
    """Yield what a verb works with; `is_writing` keeps runtimes away meanwhile.

    Raises UsageError for another kind of gateway, LockedError while a runtime works.
    """
    spec, clock = find_place(gateway), SystemClock()
    gateway_id = spec.gateway_id(find_subscription(os.environ, spec.subscription))
    connections = wiring.load_connections(gateway)
    async with AsyncExitStack() as stack:
        fence: Callable[[], None] = _no_fence
        if is_writing:
            apply_state_dir(state_dir)
            fence = await stack.enter_async_context(_hold(state_dir, owner, clock))
        state = await fetch_state(state_dir)
        split = state.split if state is not None else Split(Weights.all_to(gateway.active))
        azure = await stack.enter_async_context(
            open_azure(os.environ, clock=clock, cloud=spec.cloud)
        )
        clients = {
            cluster: await stack.enter_async_context(wiring.build_client(connection, clock))
            for cluster, connection in connections.items()
        }
        yield Hands(
            gateway=gateway,
            spec=spec,
            settings=_build_settings(gateway, spec, gateway_id),
            state_dir=state_dir,
            client=azure.client,
            clock=clock,
            connections=connections,
            clients=clients,
            split=split,
            fence=fence,
        )


def find_place(gateway: Gateway) -> AppGwPlace:
    """Return which Application Gateway a file is about. Raises UsageError for another kind."""
    if isinstance(gateway.gateway, AppGwPlace):
        return gateway.gateway
    raise UsageError(
        f"the gateway {gateway.name} is of the type {gateway.gateway.type}",
        remedy="these verbs are for Application Gateways: `type: appgw` or `appgw+envoy`",
    )


def _build_settings(gateway: Gateway, spec: AppGwPlace, gateway_id: str) -> AppGwSettings:
    if isinstance(spec, AppGwGateway):
        return build_settings(gateway, spec, gateway_id=gateway_id)
    return build_place(gateway, spec, gateway_id=gateway_id)


@asynccontextmanager
async def _hold(state_dir: StateDir, owner: str, clock: Clock) -> AsyncIterator[Callable[[], None]]:
    """Own the gateway while the block runs; yields what raises once another owner has it."""
    name = f"{owner} (process {os.getpid()})"
    try:
        async with (
            acquire_store(state_dir.location, owner=name, clock=clock) as owned,
            asyncio.TaskGroup() as group,
        ):
            keeping = group.create_task(owned.lease.keep())
            yield owned.lease.check
            keeping.cancel()
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    except LockedError as error:
        raise LockedError(
            f"a runtime works on this gateway: {error.message}",
            remedy="end it with `bascule stop`: the gateway goes on serving; start it afterwards",
        ) from error


def _no_fence() -> None:
    """Nobody writes."""
