"""A small Azure Resource Manager over real TLS that answers exactly what a test says.

Without a context it speaks plain HTTP, as the metadata service of a machine does.
"""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self, TypeVar

import pytest
from aiohttp import web

from bascule.azure.clouds import Cloud
from bascule.azure.credentials import Token
from bascule.azure.trust import Trust
from tests.support.pki import Authority

E = TypeVar("E", bound=Exception)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

GATEWAY = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/gw"
CLUSTER = (
    "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/blue"
)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedArm:
    """Answers the next requests as scripted, in their order, whatever they ask for.

    An answer scripted `at` a path is given to requests for that path alone.
    """

    def __init__(self, context: ssl.SSLContext | None = None, ca_file: Path | None = None) -> None:
        self._context = context
        self._next: deque[Answer] = deque()
        self._next_by_path: dict[str, deque[Answer]] = {}
        self._runner: web.AppRunner | None = None
        self.trust = Trust(ca_file=ca_file)
        self.port = 0
        self.seen: list[Seen] = []

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://localhost:{self.port}"

    @property
    def cloud(self) -> Cloud:
        return Cloud(
            name="lab",
            resource_manager=self.url,
            login=self.url,
            audience=self.url,
            is_custom=True,
        )

    @property
    def methods(self) -> list[str]:
        return [seen.method for seen in self.seen]

    def script(self, *answers: Answer, at: str = "") -> None:
        queue = self._next_by_path.setdefault(at, deque()) if at else self._next
        queue.extend(answers)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(
            Seen(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                headers=dict(request.headers),
                body=await request.read(),
            )
        )
        queue = self._next_by_path.get(request.path) or self._next
        if not queue:
            return web.Response(status=418, text="nothing was scripted for this request")
        return await queue.popleft()(request)


@contextmanager
def scripted_arm() -> Iterator[ScriptedArm]:
    """Yield a server, still to be entered, whose authority lies in a file while this is open."""
    authority = Authority()
    pair = authority.issue("localhost", "127.0.0.1")
    with TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "ca.pem").write_bytes(authority.pem)
        (place / "pair.pem").write_bytes(pair.chain_pem + pair.key_pem)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(place / "pair.pem")
        yield ScriptedArm(context, place / "ca.pem")


class FixedCredential:
    """Gives `token-1`, and another token each time that one was refused or challenged."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bool]] = []
        self.number = 1

    async def get_token(self, scope: str, *, claims: str = "", is_refused: bool = False) -> Token:
        self.asked.append((scope, claims, is_refused))
        self.number += bool(claims or is_refused)
        return Token(value=f"token-{self.number}", expires=NEVER)


async def failure_of(work: Awaitable[object], kind: type[E]) -> E:
    """Return what `work` raises, for a clock's `drive`."""
    with pytest.raises(kind) as caught:
        await work
    return caught.value


def reply(
    status: int = 200, body: object = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """Answer with JSON, or with nothing."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        if body is None:
            return web.Response(status=status, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    return answer


def reply_bytes(status: int, body: bytes, content_type: str = "application/json") -> Answer:
    """Answer with these very bytes."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, content_type=content_type)

    return answer


def refuse(
    status: int,
    code: str,
    message: str = "no",
    *,
    is_bare: bool = False,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Answer:
    """Answer no, in ARM's shape or (`is_bare`) in that of AKS."""
    error = {"code": code, "message": message, **more}
    return reply(status, error if is_bare else {"error": error}, headers)


def lose() -> Answer:
    """Take the request and cut the connection instead of an answer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return answer


def hang() -> Answer:
    """Take the request and say nothing."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    return answer
