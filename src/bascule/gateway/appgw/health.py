"""Asks a gateway how it finds the backends of both clusters, by its own probes.

Those of pools that a rule leads to, `bsc-prepared` too, come in one answer; of a few others each is
probed on demand, by what its settings' probe says. Each question takes the gateway about 12 s.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from bascule.azure.client import Accepted, ArmClient
from bascule.azure.document import Document, list_at, object_at, text_at, value_at
from bascule.azure.operations import Outcome, wait
from bascule.gateway.appgw.part import PATH_MAPS, POOLS, PROBES, RULES, SETTINGS
from bascule.gateway.appgw.reach import cluster_of_pool

ALL: Final = "backendhealth"
ON_DEMAND: Final = "getBackendHealthOnDemand"
LIMIT_S: Final = 60.0
"""How long the gateway may take for an answer."""
ON_DEMAND_MAX: Final = 3
"""How many pools are probed on demand, one after the other."""
TIMEOUT_S: Final = 30
_HEALTHY: Final = frozenset({"healthy", "up", "partial"})
_UNHEALTHY: Final = frozenset({"unhealthy", "down"})
_PROBE_FIELDS: Final = ("host", "path", "pickHostNameFromBackendHttpSettings", "timeout", "match")
_PAIRS: Final = (
    ("backendAddressPool", "backendHttpSettings"),
    ("defaultBackendAddressPool", "defaultBackendHttpSettings"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHealth:
    """What probes found of one backend."""

    address: str
    health: str
    """In Azure's words."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pair:
    """A pool and the settings by which it is reached, by their names in lower case."""

    pool: str
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolHealth:
    """How the gateway finds a pool that has addresses, by one way in which it is reached."""

    pair: Pair
    servers: tuple[ServerHealth, ...] = ()
    """Empty: nobody told."""

    @property
    def is_known(self) -> bool:
        """Whether any of its servers was probed."""
        return any(each.health.lower() in _HEALTHY | _UNHEALTHY for each in self.servers)

    @property
    def is_sick(self) -> bool:
        """Whether some of its servers are unhealthy, and none is healthy."""
        found = {each.health.lower() for each in self.servers}
        return bool(found & _UNHEALTHY) and not found & _HEALTHY

    @property
    def is_dead(self) -> bool:
        """Whether every one of its servers is known to be unhealthy."""
        return self.is_sick and all(each.health.lower() in _UNHEALTHY for each in self.servers)

    @property
    def is_well(self) -> bool:
        """Whether some of its servers is healthy."""
        return self.is_known and not self.is_sick


class Asking(Protocol):
    """How a gateway is asked."""

    async def get(self, resource: str, /) -> Document | None:
        """Return a resource; None if there is none."""
        ...

    async def post(self, resource: str, action: str, body: Document | None = None, /) -> Accepted:
        """Carry out an action that changes nothing."""
        ...

    async def wait(self, operation_url: str, /, *, limit_s: float) -> Outcome:
        """Wait for its end."""
        ...


@dataclass(frozen=True, slots=True)
class ArmAsking:
    """Implements `Asking` over Azure Resource Manager."""

    client: ArmClient

    async def get(self, resource: str, /) -> Document | None:
        """Return a resource; None if there is none."""
        return await self.client.get(resource)

    async def post(self, resource: str, action: str, body: Document | None = None, /) -> Accepted:
        """Carry out an action that changes nothing."""
        return await self.client.post(resource, action, body)

    async def wait(self, operation_url: str, /, *, limit_s: float) -> Outcome:
        """Wait for its end."""
        return await wait(self.client, operation_url, limit_s=limit_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayHealth:
    """A gateway's document, and how it finds the pools of single clusters in it."""

    document: Document
    pools: tuple[PoolHealth, ...] = field(default=())


async def fetch_health(asking: Asking, gateway_id: str, *, prefix: str) -> GatewayHealth:
    """Return how the gateway finds our pools of both clusters, as far as they hold addresses.

    Raises ApiError, TransportError or OutcomeUnknownError where it cannot be asked.
    """
    document = await asking.get(gateway_id) or {}
    known = read_health(await _ask(asking, gateway_id, ALL))
    pairs = find_pairs(document, prefix=prefix)
    untold = [pair for pair in pairs if pair not in known]
    for pair in untold[:ON_DEMAND_MAX]:
        result = await _ask(asking, gateway_id, ON_DEMAND, build_probe(document, pair))
        known[pair] = _read_servers(object_at(result, "backendHealthHttpSettings"))
    return GatewayHealth(
        document=document,
        pools=tuple(PoolHealth(pair=pair, servers=known.get(pair, ())) for pair in pairs),
    )


async def _ask(
    asking: Asking, gateway_id: str, action: str, body: Document | None = None
) -> Document:
    accepted = await asking.post(gateway_id, action, body)
    if not accepted.operation_url:
        return accepted.document or {}
    outcome = await asking.wait(accepted.operation_url, limit_s=LIMIT_S)
    outcome.raise_for_failure("the question how the gateway finds its backends")
    return outcome.document or {}


def find_pairs(document: Document, *, prefix: str) -> tuple[Pair, ...]:
    """Return the pools of single clusters that hold addresses, with the settings of each, sorted.

    Also those of maps that no rule names.
    """
    filled = {
        text_at(each, "name").lower()
        for each in list_at(document, "properties", POOLS)
        if list_at(each, "properties", "backendAddresses")
    }
    return tuple(
        sorted(
            pair
            for pair in {*_pairs(document)}
            if pair.pool in filled and cluster_of_pool(pair.pool, prefix) is not None
        )
    )


def build_probe(document: Document, pair: Pair) -> dict[str, object]:
    """Return the body that asks for the probe which the settings have, or Azure's default one."""
    gateway_id = text_at(document, "id")
    settings = _named(document, SETTINGS, pair.settings)
    probe = _named(document, PROBES, _last(text_at(settings, "properties", "probe", "id")))
    body: dict[str, object] = {
        "backendAddressPool": {"id": f"{gateway_id}/{POOLS}/{pair.pool}"},
        "backendHttpSettings": {"id": f"{gateway_id}/{SETTINGS}/{pair.settings}"},
        "protocol": text_at(settings, "properties", "protocol") or "Http",
        "path": "/",
        "timeout": TIMEOUT_S,
    }
    properties = object_at(probe, "properties")
    if not properties:
        return {**body, "pickHostNameFromBackendHttpSettings": True}
    said = {name: properties[name] for name in _PROBE_FIELDS if name in properties}
    return {**body, **said}


def read_health(result: Document) -> dict[Pair, tuple[ServerHealth, ...]]:
    """Return what all probes together found."""
    return {
        Pair(
            pool=_last(text_at(pool, "backendAddressPool", "id")),
            settings=_last(text_at(way, "backendHttpSettings", "id")),
        ): _read_servers(way)
        for pool in list_at(result, "backendAddressPools")
        for way in list_at(pool, "backendHttpSettingsCollection")
    }


def _read_servers(way: Document) -> tuple[ServerHealth, ...]:
    return tuple(
        ServerHealth(
            address=text_at(server, "address"),
            health=text_at(server, "health"),
            reason=text_at(server, "healthProbeLog"),
        )
        for server in list_at(way, "servers")
    )


def _pairs(document: Document) -> Iterator[Pair]:
    for collection in (RULES, PATH_MAPS):
        for child in list_at(document, "properties", collection):
            for place in (child, *list_at(child, "properties", "pathRules")):
                for pool_key, settings_key in _PAIRS:
                    pool = _last(text_at(place, "properties", pool_key, "id"))
                    settings = _last(text_at(place, "properties", settings_key, "id"))
                    if pool and settings:
                        yield Pair(pool=pool, settings=settings)


def _named(document: Document, collection: str, name: str) -> Document:
    """Return the child of a name; an empty one if there is none."""
    for child in list_at(document, "properties", collection):
        if name and str(value_at(child, "name")).lower() == name:
            return child
    return {}


def _last(identity: str) -> str:
    return identity.rpartition("/")[2].lower()
