"""A small web server that answers as a test says: a Prometheus, a receiver of news, a gateway."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Handler = Callable[["Asked"], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class StubWeb:
    """The server while it runs; `handler` may be changed at any time."""

    handler: Handler
    port: int = 0
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = Asked(
            request.method,
            request.path,
            dict(request.query),
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.asked.append(asked)
        return await self.handler(asked)


def answering(body: str = "", *, status: int = 200, **headers: str) -> Handler:
    """Answer every request so."""

    async def answer(_asked: Asked) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return answer


async def hang(_asked: Asked) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def stub_web(
    handler: Handler, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[StubWeb]:
    """Serve on a free port of 127.0.0.1; what still hangs is cut off at the end."""
    stub = StubWeb(handler)
    server = web.Server(stub.serve)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    stub.port = runner.addresses[0][1]
    try:
        yield stub
    finally:
        await runner.cleanup()
