"""A real Envoy with our driver before it and tiny backends behind it."""

import asyncio
import base64
import hashlib
import os
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bascule.app.clock import SystemClock
from bascule.clock import Clock
from bascule.gateway.driver import Applied
from bascule.gateway.envoy.bootstrap import UnixXds
from bascule.gateway.envoy.driver import EnvoyDriver, UnixListen
from bascule.gateway.envoy.process import EnvoyProcess, ProcessOptions
from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.certificates import EMPTY_STORE, CertificateStore
from bascule.routing.model import Backend, Host, RouteSet
from bascule.routing.weights import Weights
from tests.support import tables
from tests.support.loopback import LoopbackPort
from tests.support.network import free_port
from tests.support.waiting import eventually

_WS_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class TinyBackend:
    """Answers every request with its name; echoes what comes after a WebSocket upgrade."""

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._listening = LoopbackPort(self._talk)
        self.port = 0
        self.hits: Counter[str] = Counter()
        self.heads: list[str] = []

    async def __aenter__(self) -> Self:
        self.port = await self._listening.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._listening.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            self.hits[head.split()[1]] += 1
            if key := re.search(r"(?i)sec-websocket-key: (\S+)", head):
                await self._echo(key[1], reader, writer)
                return
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(self._name), self._name)
            )
            await writer.drain()

    async def _echo(
        self, key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        accept = base64.b64encode(
            hashlib.sha1(key.encode() + _WS_GUID, usedforsecurity=False).digest()
        )
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-accept: %s\r\n\r\n" % accept
        )
        while data := await reader.read(1024):
            writer.write(self._name + b":" + data)
            await writer.drain()


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


async def fetch(
    port: int,
    host: str,
    path: str = "/",
    *,
    headers: tuple[str, ...] = (),
    tls: ssl.SSLContext | None = None,
    server_name: str | None = None,
) -> Answer:
    """Send one request on a connection of its own."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=tls, server_hostname=server_name or (host if tls else None)
    )
    try:
        lines = (f"GET {path} HTTP/1.1", f"host: {host}", "connection: close", *headers)
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return _parse(head + await reader.readexactly(int(length[1]) if length else 0))
    finally:
        writer.transport.abort()


def _parse(raw: bytes) -> Answer:
    head, _, body = raw.decode().partition("\r\n\r\n")
    status_line, *lines = head.split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    return Answer(int(status_line.split()[1]), body, headers)


async def open_websocket(port: int, host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket (its frames are raw bytes here) through the gateway."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /ws HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        f"sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head, head
    return reader, writer


class SteadyClients:
    """Clients that ask without a pause, each on a connection of its own, and count answers."""

    def __init__(self, port: int, host: str) -> None:
        self._port, self._host = port, host
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self._is_stopping = False

    @asynccontextmanager
    async def running(self, count: int = 4) -> AsyncIterator[Self]:
        """Run the clients while entered."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(count):
                tasks.create_task(self._run())
            try:
                yield self
            finally:
                self._is_stopping = True

    async def wait_for_more(self, count: int) -> None:
        """Return when `count` more requests were answered."""
        wanted = self.answers.total() + count
        await eventually(lambda: self.answers.total() >= wanted)

    async def _run(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            while not self._is_stopping:
                writer.write(f"GET / HTTP/1.1\r\nhost: {self._host}\r\n\r\n".encode())
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(re.findall(r"(?i)content-length: (\d+)", head)[0])
                body = (await reader.readexactly(length)).decode()
                if " 200 " in head.split("\r\n")[0]:
                    self.answers[body] += 1
                else:
                    self.failures.append(head)
                await asyncio.sleep(0.001)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.failures.append(repr(error))
        finally:
            writer.close()


@dataclass(slots=True, kw_only=True)
class EnvoyWorld:
    """One Envoy, its driver, and a blue and a green backend."""

    driver: EnvoyDriver
    process: EnvoyProcess
    blue: TinyBackend
    green: TinyBackend
    port: int
    tls_port: int

    def backend(self, cluster: Cluster, service: str = "web") -> Backend:
        tiny = self.blue if cluster is Cluster.BLUE else self.green
        return tables.backend(cluster, service, tiny.port)

    def host(self, name: str = "shop.example.com", service: str = "web") -> Host:
        both = (self.backend(cluster, service) for cluster in Cluster)
        return tables.host(name, tables.route(*both))

    def routes(self, *hosts: Host, tls: bool = False) -> RouteSet:
        return tables.route_set(
            hosts or (self.host(),), port=self.port, tls_port=self.tls_port if tls else None
        )

    async def apply(
        self,
        routes: RouteSet,
        default: Weights = tables.ALL_BLUE,
        certificates: CertificateStore = EMPTY_STORE,
        arrangement: Arrangement = NOTHING_ARRANGED,
        **by_host: Weights,
    ) -> Applied:
        named = {name.replace("_", "."): weights for name, weights in by_host.items()}
        table = tables.table(routes, default, named, arrangement)
        return await self.driver.apply(table, certificates)

    async def ask(self, host: str = "shop.example.com", path: str = "/", *headers: str) -> str:
        answer = await fetch(self.port, host, path, headers=headers)
        return answer.body if answer.status == 200 else str(answer.status)


def make_process(
    state: Path, *, node: str = "envoy-1", port: int = 0, clock: Clock | None = None
) -> EnvoyProcess:
    """Return an Envoy for `state`, with its xDS socket there, not started."""
    clock = clock or SystemClock()
    addresses = (("127.0.0.1", port),) if port else ()
    options = ProcessOptions(node=node, concurrency=1, addresses=addresses)
    return EnvoyProcess(state, UnixXds(path=state / "xds.sock"), options, clock=clock)


@asynccontextmanager
async def envoy_world(
    state: Path,
    *,
    settle_s: float = 0.05,
    ack_timeout_s: float = 20.0,
    process_clock: Clock | None = None,
) -> AsyncIterator[EnvoyWorld]:
    """Run an Envoy with an empty configuration; everything ends with the block."""
    process = make_process(state, clock=process_clock)
    driver = EnvoyDriver(
        clock=SystemClock(),
        listen=UnixListen(path=state / "xds.sock"),
        admin_sockets=[process.admin_socket],
        settle_s=settle_s,
        ack_timeout_s=ack_timeout_s,
    )
    async with TinyBackend("blue") as blue, TinyBackend("green") as green, driver:
        await process.start()
        try:
            yield EnvoyWorld(
                driver=driver,
                process=process,
                blue=blue,
                green=green,
                port=free_port(),
                tls_port=free_port(),
            )
        finally:
            await process.stop()
