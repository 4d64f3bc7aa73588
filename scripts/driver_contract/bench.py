"""What a case of the contract of gateway drivers is tried on, and how it says what is broken."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from bascule.errors import DriverError
from bascule.gateway.driver import GatewayDriver
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement
from bascule.routing.model import (
    Backend,
    BackendProtocol,
    Endpoint,
    Host,
    Listener,
    Match,
    PathKind,
    Route,
    RouteSet,
    RouteSettings,
)

HOST = "shop.example.com"
PREVIEW_HOST = "next.example.com"


class BrokenContractError(AssertionError):
    """A driver, or the gateway behind it, does not do what the contract says."""


class Bench(Protocol):
    """A driver, routes that its gateway can serve, and what only who made it can bring about."""

    @property
    def driver(self) -> GatewayDriver:
        """As a fresh process has it."""
        ...

    @property
    def routes(self) -> RouteSet:
        """One host, `HOST`, with one route."""
        ...

    @property
    def other_routes(self) -> RouteSet:
        """The same host with one route more."""
        ...

    @property
    def arranged(self) -> Arrangement:
        """All that this gateway can arrange."""
        ...

    async def prepare_refusal(self) -> RouteSet:
        """Return routes that the gateway will say no to when they are applied next."""
        ...

    async def break_off(self, call: Callable[[], Awaitable[object]]) -> None:
        """Begin a call and break it off while it is under way."""
        ...

    def prepare_figures(self) -> None:
        """Let something be counted for both clusters, where nothing is otherwise."""
        ...


def build_routes(*paths: str, addresses: Mapping[Cluster, str], port: int) -> RouteSet:
    """Return `HOST` with these paths, each led to one address of each cluster; `port` listens."""
    pair = {cluster: _backend(cluster, address) for cluster, address in addresses.items()}
    routes = tuple(
        Route(
            match=Match(path, PathKind.PREFIX),
            blue=pair.get(Cluster.BLUE),
            green=pair.get(Cluster.GREEN),
            settings=RouteSettings(),
        )
        for path in paths
    )
    listener = Listener(name="http", address="127.0.0.1", port=port)
    return RouteSet(listeners=(listener,), hosts=(Host(name=HOST, routes=routes),))


def same(what: str, got: object, wanted: object) -> None:
    """Raise BrokenContractError unless both are equal."""
    if got != wanted:
        raise BrokenContractError(f"{what}: {got!r}, not {wanted!r}")


def so(what: str, *, is_so: bool) -> None:
    """Raise BrokenContractError unless it is so."""
    if not is_so:
        raise BrokenContractError(f"not so: {what}")


async def refused(what: str, call: Awaitable[object]) -> DriverError:
    """Return with which DriverError a call is refused. Raises BrokenContractError if it is not."""
    try:
        await call
    except DriverError as error:
        return error
    raise BrokenContractError(f"not refused: {what}")


def _backend(cluster: Cluster, address: str) -> Backend:
    return Backend(
        name=f"{cluster}/shop/web/http",
        cluster=cluster,
        namespace="shop",
        service="web",
        port="http",
        protocol=BackendProtocol.HTTP,
        endpoints=(Endpoint(address, 9),),
    )
