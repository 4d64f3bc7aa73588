"""The one place that names concrete adapters: builds the parts of a runtime from a gateway's file.

What can be wrong with files is found here, before anything is started.
"""

import ipaddress
import math
import os
import random
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from bascule.app.entra import sign_in_by_entra
from bascule.app.gateways.envoy import (
    Elsewhere,
    OwnEnvoy,
    envoy_capabilities,
    prepare_elsewhere,
    prepare_own,
)
from bascule.app.gateways.opening import Opener, OpenGateway
from bascule.app.last_good import RenamedLastGood
from bascule.app.platform_desk import PlatformDesk
from bascule.app.state_dir import StateDir
from bascule.clock import Clock
from bascule.controller.feed import KubeFeed
from bascule.controller.holdoff import HoldOff
from bascule.controller.loop import Controller, ControllerOptions
from bascule.controller.ports import ControllerPorts
from bascule.controller.report import KubeReporter, ReportOptions
from bascule.errors import PlanError, UsageError
from bascule.gateway.driver import Capabilities
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.kube.client import KubeClient
from bascule.kube.connection import Connection
from bascule.kube.kubeconfig import await_kubeconfig, load_kubeconfig
from bascule.routing.model import Listener
from bascule.routing.options import AGIC_PREFIX, BuildOptions
from bascule.spec.appgw import AppGwEnvoyGateway, AppGwGateway
from bascule.spec.gateway import ClusterAccess, EnvoyGateway, Gateway
from bascule.storage.last_good import LastGoodFile
from bascule.upgrade.ports import Platform
from bascule.upgrade.state import GatewayState

COLD_START_S = 10.0
"""How long an Envoy that serves nothing yet waits for a cluster that should be known."""

HOLD_OFF_FACTOR = 10
"""Changes that never pause are sent after so many times the hold-off."""


def load_connections(gateway: Gateway) -> Mapping[Cluster, Connection]:
    """Return how each cluster is reached. Raises SpecError for a kubeconfig that is wrong."""
    return {cluster: _load_connection(gateway.clusters.of(cluster)) for cluster in Cluster}


def _load_connection(access: ClusterAccess) -> Connection:
    load = await_kubeconfig if access.awaited else load_kubeconfig
    return load(access.kubeconfig, access.context)


def build_listeners(gateway: Gateway) -> tuple[Listener, ...]:
    """Return the gateway's listeners in the words of the routing table."""
    return tuple(
        Listener(name=item.name, address=item.address, port=item.port, is_tls=item.tls)
        for item in gateway.listeners
    )


def build_options(gateway: Gateway, *, active: Cluster) -> BuildOptions:
    """Return how the routing table of `gateway` is built."""
    spec = gateway.gateway
    return BuildOptions(
        listeners=build_listeners(gateway),
        ingress_classes=gateway.ingress_classes,
        active=active,
        reads_probes=isinstance(spec, AppGwGateway) and spec.backends == "pods",
        reads_rewrites=isinstance(spec, AppGwGateway),
        told_elsewhere=AGIC_PREFIX if isinstance(spec, AppGwGateway | AppGwEnvoyGateway) else None,
    )


def capabilities_of(gateway: Gateway) -> Capabilities:
    """Return what a gateway can do; starts nothing."""
    match gateway.gateway:
        case AppGwGateway() as spec:
            from bascule.app.gateways.appgw import appgw_capabilities

            return appgw_capabilities(gateway, spec)
        case EnvoyGateway():
            return envoy_capabilities()
        case AppGwEnvoyGateway():
            from bascule.app.gateways.tier_driver import behind_a_gateway

            return behind_a_gateway(envoy_capabilities())
        case _:
            assert_never(gateway.gateway)


def prepare_gateway(
    gateway: Gateway, state_dir: StateDir, clock: Clock, *, elsewhere: Elsewhere | None
) -> Opener:
    """Return what opens the gateway. Raises UsageError for what it lacks on this machine."""
    match gateway.gateway:
        case EnvoyGateway() as spec:
            if elsewhere is not None:
                return prepare_elsewhere(elsewhere, clock)
            places = tuple((item.address, item.port) for item in gateway.listeners)
            own = OwnEnvoy(name=gateway.name, options=spec, addresses=places)
            return prepare_own(own, state_dir, clock)
        case AppGwGateway() as spec:
            if elsewhere is not None:
                raise UsageError(
                    "--xds-listen is for Envoys, and this gateway has none",
                    remedy="leave it out, or write `type: appgw+envoy`",
                )
            from bascule.app.gateways.appgw import AppGwHome, prepare_appgw

            home = AppGwHome(environ=os.environ, state_dir=state_dir, clock=clock)
            return prepare_appgw(gateway, spec, home)
        case AppGwEnvoyGateway() as spec:
            from bascule.app.gateways.appgw import AppGwHome
            from bascule.app.gateways.tier import prepare_tier

            home = AppGwHome(environ=os.environ, state_dir=state_dir, clock=clock)
            return prepare_tier(gateway, spec, home, elsewhere=elsewhere)
        case _:
            assert_never(gateway.gateway)


def build_client(connection: Connection, clock: Clock) -> KubeClient:
    """Return a client for one cluster; where Entra guards it, signed in as Azure's verbs are."""
    return KubeClient(sign_in_by_entra(connection, os.environ), clock=clock)


def build_platform_desk(
    environ: Mapping[str, str], state_dir: StateDir, clock: Clock
) -> PlatformDesk:
    """Return who makes and removes clusters; what a cloud takes is imported when it is needed."""

    def open_platform(platform: Mapping[str, Json]) -> AbstractAsyncContextManager[Platform]:
        kind = platform.get("type")
        if kind != "azure":
            raise PlanError(
                f"this version of bascule knows no platform of type {kind!r}",
                remedy="go on with the version that made the plan, or a later one",
            )
        from bascule.app.azure_platform import PlatformHome, open_azure_platform

        home = PlatformHome(environ=environ, directory=state_dir.path, clock=clock)
        return open_azure_platform(platform, home)

    return PlatformDesk(open_platform, clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerParts:
    """What a controller is made of beside the gateway's file."""

    clients: Mapping[Cluster, KubeClient]
    last_good: Path
    state: GatewayState
    """What the journal says when it begins."""
    is_serving: bool
    """Whether a gateway may be serving since an earlier run."""
    opened: OpenGateway


def build_report_options(
    gateway: Gateway, seen: tuple[str, ...], others: Mapping[str, tuple[str, ...]]
) -> ReportOptions:
    """Return what to write to the clusters; an address for all interfaces is nobody's address.

    `seen` are addresses that the gateway itself shows: they outrank those of the file. `others` are
    those of Ingresses that ask for them by annotation.
    """
    places = [ipaddress.ip_address(item.address) for item in gateway.listeners]
    told = sorted({str(place) for place in places if not place.is_unspecified})
    named = seen or tuple(told)
    return ReportOptions(
        has_events="events" in gateway.report,
        addresses=named if "status" in gateway.report else (),
        other_addresses=others,
    )


def build_hold_off(gateway: Gateway) -> HoldOff:
    """Return how long changes are gathered before they are sent."""
    match gateway.gateway:
        case AppGwGateway() as spec:
            return HoldOff(quiet_s=spec.quiet_s, max_s=spec.max_delay_s, urgent_s=spec.quiet_s)
        case EnvoyGateway() | AppGwEnvoyGateway():
            quiet_s = gateway.hold_off_ms / 1000
            return HoldOff(quiet_s=quiet_s, max_s=quiet_s * HOLD_OFF_FACTOR)
        case _:
            assert_never(gateway.gateway)


def build_controller(gateway: Gateway, parts: ControllerParts, clock: Clock) -> Controller:
    """Return the steady loop of this gateway."""
    rng = random.SystemRandom()
    naming = parts.state.names.naming
    build = replace(build_options(gateway, active=parts.state.active), naming=naming)
    report = build_report_options(gateway, parts.opened.addresses, parts.opened.other_addresses)
    ports = ControllerPorts(
        driver=parts.opened.driver,
        feeds={c: KubeFeed(client, clock=clock, rng=rng) for c, client in parts.clients.items()},
        last_good=RenamedLastGood(LastGoodFile(parts.last_good), naming),
        reporters=tuple(
            KubeReporter(client, cluster, clock=clock, options=report)
            for cluster, client in parts.clients.items()
        ),
    )
    cold_start_s = math.inf if parts.is_serving else COLD_START_S
    return Controller(
        ports,
        split=parts.state.split,
        clock=clock,
        rng=rng,
        options=ControllerOptions(
            build=build,
            hold_off=build_hold_off(gateway),
            retry=parts.opened.retry,
            cold_start_s=cold_start_s,
            arrangement=parts.state.arrangement,
            retired=parts.state.retired,
        ),
    )
