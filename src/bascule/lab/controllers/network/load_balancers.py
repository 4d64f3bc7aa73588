"""Load balancers that pass connections on: whoever reaches their address reaches a ready pod."""

import asyncio
import itertools
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, NamedTuple

from bascule.lab.controllers.network.endpoint_slices import SLICES
from bascule.lab.controllers.network.slices import SERVICE_NAME
from bascule.lab.controllers.ownership import key_of
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.store import Store
from bascule.lab.pods.network import AddressSpan

Object = dict[str, Any]

CONNECT_LIMIT_S: Final = 5.0
CHUNK_BYTES: Final = 64 * 1024
CONNECTIONS_MAX: Final = 4_096

_log = logging.getLogger(__name__)


class _Front(NamedTuple):
    """Where a load balancer listens, as its Service shows it."""

    address: str
    port: int


class _Back(NamedTuple):
    """Which port of which Service is meant."""

    service: Key
    port_name: str


class LoadBalancers:
    """Listens for Services of type LoadBalancer; `run` must run as long as the cluster does."""

    resources = ("services",)

    def __init__(self, store: Store, balancers: AddressSpan, pods: AddressSpan) -> None:
        self._store = store
        self._balancers = balancers
        self._pods = pods
        self._wanted: dict[_Front, _Back] = {}
        self._servers: dict[_Front, asyncio.Server] = {}
        self._changed = asyncio.Event()
        self._turns = itertools.count()
        self._open = 0

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the Service."""
        return (key_of(change),)

    def reconcile(self, key: Key) -> float | None:
        """Note where one Service is to be reached."""
        kept = {front: back for front, back in self._wanted.items() if back.service != key}
        service = self._store.find("services", key.name, key.namespace)
        if service is not None:
            kept.update(self._fronts(key, service))
        if kept != self._wanted:
            self._wanted = kept
            self._changed.set()
        return None

    async def run(self) -> None:
        """Listen where it is wanted, until cancelled."""
        try:
            while True:
                for front in [each for each in self._servers if each not in self._wanted]:
                    self._servers.pop(front).close()
                for front in [each for each in self._wanted if each not in self._servers]:
                    await self._listen(front)
                await self._changed.wait()
                self._changed.clear()
        finally:
            for server in self._servers.values():
                server.close()

    def _fronts(self, key: Key, service: Object) -> Iterable[tuple[_Front, _Back]]:
        if service["spec"].get("type") != "LoadBalancer":
            return
        balancer = (service.get("status") or {}).get("loadBalancer") or {}
        for entry in balancer.get("ingress") or ():
            for port in service["spec"].get("ports") or ():
                front = _Front(str(entry.get("ip", "")), port["port"])
                if port.get("protocol", "TCP") == "TCP" and self._balancers.holds(front.address):
                    yield front, _Back(key, port.get("name", ""))

    async def _listen(self, front: _Front) -> None:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._pass_on(front, reader, writer)

        try:
            self._servers[front] = await asyncio.start_server(
                accept, self._balancers.real(front.address), front.port, limit=CHUNK_BYTES
            )
        except OSError as error:
            _log.warning("load balancer %s:%s cannot listen: %s", *front, error)

    async def _pass_on(
        self, front: _Front, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Carry one connection to a ready pod and back; cut it if there is none."""
        place = self._choose(front)
        if place is None or self._open >= CONNECTIONS_MAX:
            writer.transport.abort()
            return
        self._open += 1
        try:
            await _carry(place, reader, writer)
        except (OSError, TimeoutError):
            writer.transport.abort()
        finally:
            self._open -= 1
            writer.close()

    def _choose(self, front: _Front) -> tuple[str, int] | None:
        back = self._wanted.get(front)
        places = self._places(back) if back is not None else []
        return places[next(self._turns) % len(places)] if places else None

    def _places(self, back: _Back) -> list[tuple[str, int]]:
        """Return where the ready pods behind a port really are."""
        found = []
        for piece in self._store.list(SLICES, back.service.namespace).items:
            if piece["metadata"]["labels"].get(SERVICE_NAME) != back.service.name:
                continue
            ports = [each for each in piece["ports"] if each.get("name", "") == back.port_name]
            for endpoint in piece.get("endpoints") or ():
                if ports and endpoint["conditions"]["ready"]:
                    address = self._pods.real(endpoint["addresses"][0])
                    found.append((address, int(ports[0]["port"])))
        return found


async def _carry(
    place: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    async with asyncio.timeout(CONNECT_LIMIT_S):
        inner_reader, inner_writer = await asyncio.open_connection(*place, limit=CHUNK_BYTES)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_copy(reader, inner_writer))
            tasks.create_task(_copy(inner_reader, writer))
    finally:
        inner_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, then pass the end on; a connection that breaks is simply over."""
    with suppress(OSError):
        while content := await reader.read(CHUNK_BYTES):
            writer.write(content)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            return
    writer.close()
