"""An Application Gateway for a runtime: signed in to Azure, what was there kept, ready to write."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

import structlog

from bascule.app.gateways.before import keep_before
from bascule.app.gateways.breaking_glass import KeepsWayBack, Place, TurnsBack, WayBackKeeper
from bascule.app.gateways.counting import CountingLog
from bascule.app.gateways.looking import fetch_appgw_facts
from bascule.app.gateways.opening import Opener, OpenGateway
from bascule.app.gateways.probing import BackendDesk
from bascule.app.gateways.putting_back import PutsBack
from bascule.app.metering import MeteredDriver
from bascule.app.state_dir import StateDir
from bascule.azure.client import ArmClient
from bascule.azure.document import Document, list_at, object_at, text_at
from bascule.azure.logs import LogsClient
from bascule.azure.opening import Azure, find_subscription, open_azure
from bascule.clock import Clock
from bascule.errors import ApiError, DriverError, PlanError, TransportError
from bascule.gateway.appgw.abilities import IDLE_UPDATES, build_capabilities
from bascule.gateway.appgw.annotations.reading import PREFIX
from bascule.gateway.appgw.driver import AppGwDriver
from bascule.gateway.appgw.health import ArmAsking
from bascule.gateway.appgw.monitor import TrafficReader
from bascule.gateway.appgw.operations import FileOperationLog
from bascule.gateway.appgw.part import Choice
from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind, LoadBalancer, Mechanism
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.driver import Capabilities
from bascule.gateway.ownership import Owns, owner_of, owns_of
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.kube.backoff import Backoff
from bascule.routing.model import BackendProtocol
from bascule.routing.naming import Tags
from bascule.spec.appgw import (
    AppGwEnvoyGateway,
    AppGwGateway,
    AppGwPlace,
    LoadBalancers,
    LoadBalancerSpec,
)
from bascule.spec.gateway import Gateway, GatewaySettings
from bascule.upgrade.encoding import render_time
from bascule.upgrade.pace import pace_of_operations

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway")
PRIVATE = f"{PREFIX}use-private-ip"
HTTP_PORT, HTTPS_PORT = 80, 443
"""Where no listener says another."""
RETRY = Backoff(first_s=5.0, max_s=300.0)
"""Each update of the gateway is a disruption."""
LIMIT_FACTOR = 1.5
"""A write may first have to wait for somebody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppGwHome:
    """What a runtime gives a gateway in Azure: its environment, files and time."""

    environ: Mapping[str, str]
    state_dir: StateDir
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AppGwParts:
    """A gateway in Azure that can be written, and what counts its updates."""

    gateway_id: str
    driver: AppGwDriver
    log: CountingLog
    client: ArmClient
    document: Document
    """As it was found."""
    addresses: tuple[str, ...]
    private_addresses: tuple[str, ...]
    traffic: TrafficReader

    @property
    def other_addresses(self) -> Mapping[str, tuple[str, ...]]:
        """Those of Ingresses that ask for the private address."""
        return {PRIVATE: self.private_addresses} if self.private_addresses else {}


def appgw_capabilities(gateway: GatewaySettings, spec: AppGwGateway) -> Capabilities:
    """Return what the gateway can do; asks nobody."""
    return build_capabilities(build_settings(gateway, spec, gateway_id=""))


def build_settings(
    gateway: GatewaySettings, spec: AppGwGateway, *, gateway_id: str
) -> AppGwSettings:
    """Return how routing tables become our part of the gateway."""
    return replace(
        build_place(gateway, spec, gateway_id=gateway_id),
        mechanism=Mechanism(spec.switch_by),
        backends=BackendsKind(spec.backends),
        load_balancers=_build_balancers(spec.load_balancers),
        shares_accepted=spec.shares,
    )


def build_past_envoys(
    gateway: GatewaySettings, spec: AppGwEnvoyGateway, *, gateway_id: str
) -> AppGwSettings:
    """Return how tables would become our part of the gateway were there no Envoys behind it."""
    balancers = _build_balancers(spec.load_balancers)
    return replace(
        build_place(gateway, spec, gateway_id=gateway_id),
        mechanism=Mechanism.POOLS,
        backends=BackendsKind.LOAD_BALANCER if balancers else BackendsKind.PODS,
        load_balancers=balancers,
    )


def build_place(gateway: GatewaySettings, spec: AppGwPlace, *, gateway_id: str) -> AppGwSettings:
    """Return which gateway it is, what of it is ours, and where its listeners are."""
    return AppGwSettings(
        gateway_id=gateway_id,
        owner=gateway.name,
        prefix=spec.prefix,
        http_port=_find_port(gateway, HTTP_PORT, is_tls=False),
        https_port=_find_port(gateway, HTTPS_PORT, is_tls=True),
        use_private_frontend=spec.private_frontend,
        hosts=spec.hosts,
    )


def _find_port(gateway: GatewaySettings, usual: int, *, is_tls: bool) -> int:
    return next((each.port for each in gateway.listeners if each.tls is is_tls), usual)


def _build_balancers(found: LoadBalancers | None) -> Mapping[Cluster, LoadBalancer]:
    return {} if found is None else {c: _build_balancer(found.of(c)) for c in Cluster}


def _build_balancer(spec: LoadBalancerSpec) -> LoadBalancer:
    return LoadBalancer(
        address=spec.address,
        port=spec.port,
        protocol=BackendProtocol(spec.protocol),
        probe_path=spec.probe_path,
        probe_host=spec.probe_host or "",
    )


def prepare_appgw(gateway: Gateway, spec: AppGwGateway, home: AppGwHome) -> Opener:
    """Return what opens the gateway. Raises UsageError where no subscription is named."""
    gateway_id = name_gateway(spec, home)
    settings = build_settings(gateway, spec, gateway_id=gateway_id)

    @asynccontextmanager
    async def open_appgw(fence: Callable[[], None]) -> AsyncIterator[OpenGateway]:
        async with open_parts(spec, settings, home, fence, reads_logs=True) as parts:
            keeper = WayBackKeeper(build_keeping(parts, settings, home), TurnsBack(settings))
            back = PutsBack(
                KeepsWayBack(parts.driver, keeper),
                clock=home.clock,
                retry=RETRY,
                rng=random.SystemRandom(),
            )
            driver = MeteredDriver(back, home.clock, on_table=parts.traffic.note_table)
            backends = BackendDesk(ArmAsking(parts.client), settings, home.clock)
            yield OpenGateway(
                driver=driver,
                watch=lambda: watch_all(
                    parts.driver.watch_lease, back.keep_put_back, keeper.keep_written
                ),
                describe=lambda: {"envoy": None, "appgw": describe(spec.type, parts)},
                set_tags=_ignore_tags,
                pace=pace_of_operations(
                    IDLE_UPDATES.median_s, LIMIT_FACTOR * spec.operation_timeout_seconds
                ),
                retry=RETRY,
                azure_id=gateway_id,
                addresses=parts.addresses,
                other_addresses=parts.other_addresses,
                shared=driver,
                follow_upgrade=partial(_follow_upgrade, parts.driver, back),
                may_cancel=parts.driver.may_cancel,
                waited_for=parts.driver.waited_for,
                puts=parts.log.puts,
                look=partial(fetch_appgw_facts, parts.client, settings),
                backends=backends,
                beside=(backends.run,),
                kept=keep_before(parts.document, home.state_dir.gateway_before),
            )

    return open_appgw


async def watch_all(*parts: Callable[[], Coroutine[None, None, None]]) -> None:
    """Let all of them work until one raises, or until cancelled."""
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(part())


def _follow_upgrade(driver: AppGwDriver, back: PutsBack, is_moving: Callable[[], bool]) -> None:
    driver.is_moving = back.is_moving = is_moving


def build_keeping(
    parts: AppGwParts, settings: AppGwSettings, home: AppGwHome, *, pause_s: float = 0.0
) -> Place:
    """Return where the ways back of a gateway are kept."""
    return Place(
        client=parts.client,
        settings=settings,
        state_dir=home.state_dir,
        clock=home.clock,
        pause_s=pause_s,
    )


def name_gateway(spec: AppGwPlace, home: AppGwHome) -> str:
    """Return the gateway's id. Raises UsageError where no subscription is named."""
    return spec.gateway_id(find_subscription(home.environ, spec.subscription))


@asynccontextmanager
async def open_parts(
    spec: AppGwPlace,
    settings: AppGwSettings,
    home: AppGwHome,
    fence: Callable[[], None],
    *,
    reads_logs: bool = False,
) -> AsyncIterator[AppGwParts]:
    """Yield the gateway, read and not written. Raises ApiError, TransportError, DriverError.

    Raises PlanError when it is another Bascule's. `reads_logs` is whether its access log tells
    anything of the clusters: that of one with Envoys behind it does not.
    """
    async with (
        open_azure(home.environ, clock=home.clock, cloud=spec.cloud) as azure,
        _open_logs(azure, home.clock, is_wanted=reads_logs) as logs,
    ):
        document = await _fetch_gateway(azure.client, settings.gateway_id)
        owns = find_ownership(document, settings)
        log = CountingLog(FileOperationLog(home.state_dir.gateway_operations), home.clock)
        traffic = TrafficReader(
            azure.client, settings.gateway_id, settings=settings, clock=home.clock, logs=logs
        )
        limit_s = LIMIT_FACTOR * spec.operation_timeout_seconds
        writer = partial(GatewayWriter, azure.client, settings.gateway_id, limit_s=limit_s)
        async with AppGwDriver(
            writer=writer(clock=home.clock, operations=log, owns=owns, fence=fence),
            settings=settings,
            owns=owns,
            clock=home.clock,
            fence=fence,
            traffic=traffic,
        ) as driver:
            yield AppGwParts(
                gateway_id=settings.gateway_id,
                driver=driver,
                log=log,
                client=azure.client,
                document=document,
                addresses=await _fetch_addresses(azure.client, document, spec),
                private_addresses=_private_addresses(document),
                traffic=traffic,
            )


@asynccontextmanager
async def _open_logs(
    azure: Azure, clock: Clock, *, is_wanted: bool
) -> AsyncIterator[LogsClient | None]:
    """Yield who asks the cloud's logs; None where it is not wanted, or the cloud has none."""
    if not is_wanted or not azure.cloud.logs:
        yield None
        return
    async with LogsClient(azure.cloud, azure.credential, clock=clock, trust=azure.trust) as logs:
        yield logs


def describe(kind: str, parts: AppGwParts) -> dict[str, Json]:
    """Return what `status` tells of the gateway beside what is live."""
    since = parts.log.under_way_since
    return {
        "type": kind,
        "id": parts.gateway_id,
        "addresses": list(parts.addresses),
        "switch_by": _describe_choice(parts.driver.choice),
        "puts": parts.log.puts.total,
        "operation": None if since is None else {"begun_at": render_time(since)},
    }


def _describe_choice(choice: Choice | None) -> Json:
    return None if choice is None else {"chosen": choice.mechanism.value, "why": choice.why}


async def _fetch_gateway(client: ArmClient, gateway_id: str) -> Document:
    document = await client.get(gateway_id)
    if document is None:
        raise DriverError(
            f"there is no gateway {gateway_id}",
            remedy="make it first, with `bascule platform apply` for one; or name another in "
            "gateway.yaml",
        )
    return document


def find_ownership(document: Document, settings: AppGwSettings) -> Owns:
    """Return what of the gateway is ours. Raises PlanError when it is another Bascule's."""
    tags = object_at(document, "tags")
    owner = owner_of(tags)
    if owner not in {"", settings.owner}:
        raise PlanError(
            f"the gateway is tagged as that of {owner}, and this one is called {settings.owner}",
            remedy="release it there first, or call this one so where it is the same",
        )
    return owns_of(tags, prefix=settings.prefix, owner=settings.owner)


def _frontends(document: Document) -> list[Document]:
    found = list_at(document, "properties", "frontendIPConfigurations")
    return [object_at(each, "properties") for each in found]


def _private_addresses(document: Document) -> tuple[str, ...]:
    found = (text_at(each, "privateIPAddress") for each in _frontends(document))
    return tuple(address for address in found if address)


async def _fetch_addresses(
    client: ArmClient, document: Document, spec: AppGwPlace
) -> tuple[str, ...]:
    """Return where its listeners are; no public addresses where we may not look."""
    if spec.private_frontend:
        return _private_addresses(document)
    ids = [i for e in _frontends(document) if (i := text_at(e, "publicIPAddress", "id"))]
    try:
        found = [await client.get(each) for each in ids]
    except (ApiError, TransportError) as error:
        _LOG.warning("the gateway's public address is not known", reason=error.message)
        return ()
    return tuple(a for each in found if each and (a := text_at(each, "properties", "ipAddress")))


def _ignore_tags(tags: Tags) -> None:
    """Names of backends in Azure hold the cluster's role, whatever its tag."""
    del tags
