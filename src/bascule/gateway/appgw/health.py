"""Asks a gateway how the backends of one cluster are, also of pools that no rule leads to.

What a rule leads to is probed all the time; the rest is probed on demand, one pool at a time, by
what its settings' probe says. Each question takes the gateway about 12 s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from bascule.azure.client import Accepted, ArmClient
from bascule.azure.document import Document, list_at, object_at, text_at, value_at
from bascule.azure.operations import Outcome, wait
from bascule.gateway.appgw.part import PATH_MAPS, PROBES, RULES, SETTINGS
from bascule.gateway.appgw.reach import cluster_of_pool
from bascule.ids import Cluster

ACTION: Final = "getBackendHealthOnDemand"
LIMIT_S: Final = 120.0
"""How long the gateway may take to answer for one pool."""
TIMEOUT_S: Final = 30
HEALTHY: Final = frozenset({"healthy", "up"})
_PROBE_FIELDS: Final = ("host", "path", "pickHostNameFromBackendHttpSettings", "timeout", "match")
_PAIRS: Final = (
    ("backendAddressPool", "backendHttpSettings"),
    ("defaultBackendAddressPool", "defaultBackendHttpSettings"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHealth:
    """What a probe found of one backend."""

    pool: str
    address: str
    is_healthy: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pair:
    """A pool and the settings by which it is reached, by their ids."""

    pool_id: str
    settings_id: str

    @property
    def pool(self) -> str:
        """The pool's name."""
        return self.pool_id.rpartition("/")[2]


class Asking(Protocol):
    """How a gateway is asked."""

    async def post(self, resource: str, action: str, body: Document | None = None, /) -> Accepted:
        """Carry out an action that changes nothing."""
        ...

    async def wait(self, operation_url: str, /, *, limit_s: float) -> Outcome:
        """Wait for its end."""
        ...


class ArmAsking:
    """Implements `Asking` over Azure Resource Manager."""

    def __init__(self, client: ArmClient) -> None:
        self._client = client

    async def post(self, resource: str, action: str, body: Document | None = None, /) -> Accepted:
        """Carry out an action that changes nothing."""
        return await self._client.post(resource, action, body)

    async def wait(self, operation_url: str, /, *, limit_s: float) -> Outcome:
        """Wait for its end."""
        return await wait(self._client, operation_url, limit_s=limit_s)


async def probe_cluster(
    asking: Asking, document: Document, *, cluster: Cluster, prefix: str
) -> tuple[ServerHealth, ...]:
    """Return what fresh probes find of every backend that our pools of a cluster hold.

    Raises ApiError or TransportError where the gateway cannot be asked.
    """
    gateway_id = text_at(document, "id")
    found: list[ServerHealth] = []
    for pair in find_pairs(document, cluster=cluster, prefix=prefix):
        accepted = await asking.post(gateway_id, ACTION, build_probe(document, pair))
        result = accepted.document
        if accepted.operation_url:
            outcome = await asking.wait(accepted.operation_url, limit_s=LIMIT_S)
            outcome.raise_for_failure(f"the probe of {pair.pool}")
            result = outcome.document
        found += read_health(pair, result or {})
    return tuple(found)


def find_pairs(document: Document, *, cluster: Cluster, prefix: str) -> tuple[Pair, ...]:
    """Return the pools of a cluster with the settings that maps or rules reach them by, sorted."""
    found = {pair for pair in _pairs(document) if cluster_of_pool(pair.pool, prefix) is cluster}
    return tuple(sorted(found))


def build_probe(document: Document, pair: Pair) -> dict[str, object]:
    """Return the body that asks for the probe which the settings have, or Azure's default one."""
    settings = _named(document, SETTINGS, pair.settings_id)
    probe = _named(document, PROBES, text_at(settings, "properties", "probe", "id"))
    body: dict[str, object] = {
        "backendAddressPool": {"id": pair.pool_id},
        "backendHttpSettings": {"id": pair.settings_id},
        "protocol": text_at(settings, "properties", "protocol") or "Http",
        "path": "/",
        "timeout": TIMEOUT_S,
    }
    properties = object_at(probe, "properties")
    if not properties:
        return {**body, "pickHostNameFromBackendHttpSettings": True}
    said = {name: properties[name] for name in _PROBE_FIELDS if name in properties}
    return {**body, **said}


def read_health(pair: Pair, result: Document) -> tuple[ServerHealth, ...]:
    """Return what a probe on demand found."""
    return tuple(
        ServerHealth(
            pool=pair.pool,
            address=text_at(server, "address"),
            is_healthy=text_at(server, "health").lower() in HEALTHY,
            reason=text_at(server, "healthProbeLog"),
        )
        for server in list_at(result, "backendHealthHttpSettings", "servers")
    )


def _pairs(document: Document) -> Iterator[Pair]:
    for collection in (RULES, PATH_MAPS):
        for child in list_at(document, "properties", collection):
            for place in (child, *list_at(child, "properties", "pathRules")):
                for pool_key, settings_key in _PAIRS:
                    pool_id = text_at(place, "properties", pool_key, "id")
                    settings_id = text_at(place, "properties", settings_key, "id")
                    if pool_id and settings_id:
                        yield Pair(pool_id=pool_id, settings_id=settings_id)


def _named(document: Document, collection: str, identity: str) -> Document:
    """Return the child that an id names; an empty one if there is none."""
    wanted = identity.rpartition("/")[2].lower()
    for child in list_at(document, "properties", collection):
        if wanted and str(value_at(child, "name")).lower() == wanted:
            return child
    return {}
