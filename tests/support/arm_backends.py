"""Servers on loopback addresses for gateways of the lab to lead to, and clients that ask them."""

import asyncio
import base64
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from bascule.lab.arm.addresses import real_address
from tests.support.arm_gateways import BACKEND_PORT, PORT
from tests.support.pki import Pair

_OWN = f"{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
PUBLIC, BLUE, GREEN = f"127.255.{_OWN}", f"10.240.{_OWN}", f"10.241.{_OWN}"
"""Addresses of this process of tests: others run at the same time."""
FRONTEND_ADDRESSES = {"public": PUBLIC, "private": f"10.1.{_OWN}"}

HELD = "/held"
"""A request for this is answered once `release` is set."""


@dataclass(slots=True, kw_only=True)
class Backend:
    """Answers with its name and what it was asked; `health` is what it says to probes."""

    name: str
    address: str
    port: int = BACKEND_PORT
    context: ssl.SSLContext | None = None
    health: int = 200
    release: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    probes_go: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared by a test: probes get no answer until it is set."""
    probes: list[web.Request] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self.probes_go.set()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, real_address(self.address), self.port, ssl_context=self.context
        )
        await site.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.release.set()
        self.probes_go.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if "x-appgw-trace-id" not in request.headers:
            self.probes.append(request)
            await self.probes_go.wait()
            return web.Response(status=self.health)
        if request.path.endswith(HELD):
            self.held.set()
            await self.release.wait()
        if request.headers.get("upgrade", "").lower() == "websocket":
            return await self._echo(request)
        return web.json_response(
            {
                "name": self.name,
                "path": request.path_qs,
                "headers": {name.lower(): value for name, value in request.headers.items()},
            }
        )

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"{self.name}: {message.data}")
        return socket


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a client got."""

    status: int
    text: str
    headers: dict[str, str]
    body: Any = None


async def ask(
    path: str = "/",
    host: str = "",
    *,
    address: str = PUBLIC,
    port: int = PORT,
    scheme: str = "http",
    **options: Any,
) -> Answer:
    """Ask the gateway over a connection of its own, and follow no redirect."""
    headers = {**options.pop("headers", {}), **({"Host": host} if host else {})}
    url = f"{scheme}://{address}:{port}{path}"
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
        session.get(url, headers=headers, allow_redirects=False, **options) as reply,
    ):
        text = await reply.text()
        is_json = reply.content_type == "application/json"
        return Answer(
            status=reply.status,
            text=text,
            headers={name.lower(): value for name, value in reply.headers.items()},
            body=await reply.json() if is_json else None,
        )


async def names(count: int = 20, path: str = "/") -> set[str]:
    """Return who answers a number of requests, each over a connection of its own."""
    answers = [await ask(path) for _ in range(count)]
    return {each.body["name"] if each.body else str(each.status) for each in answers}


def pfx(pair: Pair, password: str) -> str:
    """Return a certificate and its key as ARM takes them."""
    key = serialization.load_pem_private_key(pair.key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    bundle = pkcs12.serialize_key_and_certificates(
        b"certificate",
        key,
        x509.load_pem_x509_certificate(pair.chain_pem),
        None,
        serialization.BestAvailableEncryption(password.encode()),
    )
    return base64.b64encode(bundle).decode()


def server_context(pair: Pair, directory: Path) -> ssl.SSLContext:
    """Return what a server with this certificate uses; ssl reads it from files only."""
    files = (directory / "chain.pem", directory / "key.pem")
    for file, content in zip(files, (pair.chain_pem, pair.key_pem), strict=True):
        file.write_bytes(content)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    return context
