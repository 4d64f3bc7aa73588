"""Envoy for a runtime: one of our own, or those that are run elsewhere."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bascule.app.clock import SystemClock
from bascule.app.gateways.opening import Opener, OpenGateway
from bascule.app.live import envoy_document
from bascule.app.metering import MeteredDriver
from bascule.app.state_dir import StateDir
from bascule.clock import Clock
from bascule.gateway.driver import Capabilities
from bascule.gateway.envoy.binary import find_envoy
from bascule.gateway.envoy.bootstrap import UnixXds
from bascule.gateway.envoy.driver import EnvoyDriver, TcpListen, UnixListen
from bascule.gateway.envoy.process import EnvoyProcess, ProcessOptions
from bascule.gateway.envoy.server import MutualTls
from bascule.ids import GatewayName
from bascule.journal.record import Json
from bascule.routing.naming import Tags
from bascule.spec.envoy import EnvoyOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Envoys that are run elsewhere and fetch their configuration from us, with mutual TLS."""

    listen: TcpListen


def build_elsewhere(address: str, *, cert: Path, key: Path, ca: Path) -> Elsewhere:
    """Return how Envoys elsewhere are served at `address` (HOST:PORT), mutual TLS always."""
    tls = MutualTls(chain_file=cert, key_file=key, client_ca_file=ca)
    return Elsewhere(listen=TcpListen(address=address, tls=tls))


def envoy_capabilities() -> Capabilities:
    """Return what Envoy can do; starts nothing."""
    unused = UnixListen(path=Path("xds.sock"))
    return EnvoyDriver(clock=SystemClock(), listen=unused).capabilities()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEnvoy:
    """What an Envoy of our own is called, how it is run, where it listens, what is before it."""

    name: GatewayName
    options: EnvoyOptions
    addresses: tuple[tuple[str, int], ...]
    proxies: int = 0
    """How many proxies of ours, which terminate TLS."""


def prepare_own(own: OwnEnvoy, state_dir: StateDir, clock: Clock) -> Opener:
    """Return what opens an Envoy of our own. Raises UsageError when it is not installed."""
    process = _build_process(own, state_dir, clock)

    @asynccontextmanager
    async def open_own(fence: Callable[[], None]) -> AsyncIterator[OpenGateway]:
        async with EnvoyDriver(
            clock=clock,
            fence=fence,
            listen=UnixListen(path=state_dir.xds_socket),
            admin_sockets=(state_dir.admin_socket,),
        ) as driver:
            driver.proxies = own.proxies
            yield _opened(driver, process, clock)

    return open_own


def prepare_elsewhere(elsewhere: Elsewhere, clock: Clock, *, proxies: int = 0) -> Opener:
    """Return what opens the door to Envoys elsewhere; so many proxies of ours are before each."""

    @asynccontextmanager
    async def open_elsewhere(fence: Callable[[], None]) -> AsyncIterator[OpenGateway]:
        async with EnvoyDriver(clock=clock, fence=fence, listen=elsewhere.listen) as driver:
            driver.proxies = proxies
            yield _opened(driver, None, clock)

    return open_elsewhere


def _opened(driver: EnvoyDriver, process: EnvoyProcess | None, clock: Clock) -> OpenGateway:
    def set_tags(tags: Tags) -> None:
        driver.tags = tags

    def describe() -> Mapping[str, Json]:
        if process is None:
            return {"envoy": None, "appgw": None}
        return {
            "envoy": envoy_document(process.pid, process.deaths, process.trouble),
            "appgw": None,
        }

    return OpenGateway(
        driver=MeteredDriver(driver, clock),
        watch=driver.watch_lease,
        describe=describe,
        set_tags=set_tags,
        process=process,
        xds_port=driver.port,
    )


def _build_process(own: OwnEnvoy, state_dir: StateDir, clock: Clock) -> EnvoyProcess:
    binary = None if own.options.binary is None else str(own.options.binary)
    find_envoy(binary)
    options = ProcessOptions(
        node=own.name,
        binary=binary,
        concurrency=own.options.concurrency,
        drain_s=own.options.drain_seconds,
        addresses=own.addresses,
    )
    return EnvoyProcess(state_dir.path, UnixXds(path=state_dir.xds_socket), options, clock=clock)
