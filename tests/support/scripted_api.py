"""A small Kubernetes API over real HTTP that misbehaves exactly when a test says so."""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.support.waiting import eventually

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    subject: str

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") == "true"


@dataclass(slots=True)
class _Log:
    """Objects of one collection and every change of them, by resourceVersion."""

    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    changes: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    oldest: int = 0


class ScriptedApi:
    """Serves collections by path; `script` puts answers before the regular ones."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._scripted: deque[tuple[str, Answer]] = deque()
        self._logs: dict[str, _Log] = {}
        self._version = 100
        self._changed = asyncio.Condition()
        self._streams: list[web.Request] = []
        self._ending = False
        self._runner: web.AppRunner | None = None
        self.port = 0
        self.seen: list[Seen] = []

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.tear_watches()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def watches(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.is_watch]

    @property
    def lists(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == "GET" and not seen.is_watch]

    @property
    def open_watches(self) -> int:
        return len(self._streams)

    def script(self, *answers: Answer, on: str = "any") -> None:
        """Answer the next requests so, in this order; `on` is any, list, watch or a method."""
        self._scripted.extend((on, answer) for answer in answers)

    async def put(self, path: str, raw: dict[str, Any]) -> None:
        """Create or change an object of the collection at `path`."""
        log, key = self._logs.setdefault(path, _Log()), _key(raw)
        kind = "MODIFIED" if key in log.objects else "ADDED"
        raw["metadata"]["resourceVersion"] = str(self._next_version())
        log.objects[key] = raw
        await self._record(log, kind, raw)

    async def remove(self, path: str, raw: dict[str, Any], *, silently: bool = False) -> None:
        """Delete an object; `silently`: as if nobody was told, so that only a list shows it."""
        log = self._logs[path]
        version = self._next_version()
        gone = log.objects.pop(_key(raw))
        gone = {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(version)}}
        if not silently:
            await self._record(log, "DELETED", gone)

    async def bookmark(self, path: str) -> None:
        """Tell watches how far they are."""
        version = str(self._next_version())
        await self._record(self._logs[path], "BOOKMARK", {"metadata": {"resourceVersion": version}})

    def forget(self, path: str) -> None:
        """Compact: watches from any version up to now are too old."""
        log = self._logs.setdefault(path, _Log())
        log.changes.clear()
        log.oldest = self._version

    def tear_watches(self) -> None:
        """Cut every watch without an end, as a dying proxy does."""
        for request in self._streams:
            _abort(request)
        self._streams.clear()

    async def end_watches(self) -> None:
        """End every watch in good order, as a server does after timeoutSeconds."""
        self._ending = True
        async with self._changed:
            self._changed.notify_all()
        await eventually(lambda: not self._streams)
        self._ending = False

    async def stop(self) -> None:
        """Go away: connections are cut, new ones refused."""
        self.tear_watches()
        assert self._runner is not None
        for site in list(self._runner.sites):
            await site.stop()
        assert self._runner.server is not None
        for connection in list(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()

    async def start_again(self) -> None:
        """Come back at the same address."""
        await self._listen()

    async def _listen(self) -> None:
        assert self._runner is not None
        site = web.TCPSite(
            self._runner, "127.0.0.1", self.port, ssl_context=self._tls, reuse_address=True
        )
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = await _see(request)
        self.seen.append(seen)
        answer = self._take_scripted(seen)
        if answer is not None:
            return await answer(request)
        if seen.is_watch:
            return await self._watch(request)
        if request.method == "GET" and seen.path in self._logs:
            return self._list(request)
        if request.method == "GET":
            return refusal(404, "NotFound")
        return web.json_response(json.loads(seen.body or b"{}"))

    def _take_scripted(self, seen: Seen) -> Answer | None:
        if not self._scripted:
            return None
        kind = "watch" if seen.is_watch else "list" if seen.method == "GET" else seen.method
        on, answer = self._scripted[0]
        if on not in {"any", kind, seen.method}:
            return None
        self._scripted.popleft()
        return answer

    def _list(self, request: web.Request) -> web.StreamResponse:
        log = self._logs[request.path]
        names = sorted(log.objects)
        start = int(request.query.get("continue", "0"))
        limit = int(request.query.get("limit", "0")) or len(names)
        items = [_without_type(log.objects[name]) for name in names[start : start + limit]]
        meta = {"resourceVersion": str(self._version)}
        if start + limit < len(names):
            meta["continue"] = str(start + limit)
        return web.json_response({"kind": "List", "metadata": meta, "items": items or None})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        log = self._logs.setdefault(request.path, _Log())
        at = int(request.query["resourceVersion"])
        if at < log.oldest:
            return await error_in_stream(410, "Expired")(request)
        async with stream(request) as response:
            self._streams.append(request)
            try:
                await self._send_changes(log, at, response)
            finally:
                if request in self._streams:
                    self._streams.remove(request)
        return response

    async def _send_changes(self, log: _Log, at: int, response: web.StreamResponse) -> None:
        while not self._ending:
            for version, kind, raw in [change for change in log.changes if change[0] > at]:
                await response.write(event_line(kind, raw))
                at = version
            await self._news(log, at)

    async def _news(self, log: _Log, at: int) -> None:
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._ending or any(change[0] > at for change in log.changes)
            )

    async def _record(self, log: _Log, kind: str, raw: dict[str, Any]) -> None:
        async with self._changed:
            log.changes.append((self._version, kind, json.loads(json.dumps(raw))))
            self._changed.notify_all()

    def _next_version(self) -> int:
        self._version += 1
        return self._version


def event_line(kind: str, raw: Mapping[str, Any]) -> bytes:
    """Return one line of a watch."""
    return json.dumps({"type": kind, "object": raw}).encode() + b"\n"


def refusal(
    code: int,
    reason: str,
    *,
    message: str = "no",
    headers: Mapping[str, str] | None = None,
    details: Mapping[str, Any] | None = None,
) -> web.Response:
    """Return an answer that says no, with a Status."""
    status = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return web.json_response({**status, "details": details}, status=code, headers=headers)


def refuse(code: int, reason: str, **more: Any) -> Answer:
    """Answer no."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return refusal(code, reason, **more)

    return answer


def tear() -> Answer:
    """Cut the connection instead of an answer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        _abort(request)
        return web.Response()

    return answer


def fall_silent(*lines: bytes) -> Answer:
    """Begin a stream, send `lines`, then nothing more though the connection stays open."""

    async def answer(request: web.Request) -> web.StreamResponse:
        async with stream(request) as response:
            for line in lines:
                await response.write(line)
            await asyncio.Event().wait()
        return response

    return answer


def send(*parts: bytes, is_torn: bool = False) -> Answer:
    """Stream `parts` as they are, then end in good order, or not."""

    async def answer(request: web.Request) -> web.StreamResponse:
        async with stream(request) as response:
            for part in parts:
                await response.write(part)
            if is_torn:
                _abort(request)
        return response

    return answer


def error_in_stream(code: int, reason: str) -> Answer:
    """Accept a watch and report an error in it, as API servers do for a version too old."""
    status = {"kind": "Status", "code": code, "reason": reason, "message": "too old"}
    return send(event_line("ERROR", status))


def redirect(location: str) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location})

    return answer


@asynccontextmanager
async def stream(request: web.Request) -> AsyncIterator[web.StreamResponse]:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        yield response
    except ConnectionError:
        return


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _see(request: web.Request) -> Seen:
    transport = request.transport
    peer = transport.get_extra_info("peercert") if transport is not None else None
    return Seen(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers=dict(request.headers),
        body=await request.read(),
        subject=peer["subject"][0][0][1] if peer else "",
    )


def _key(raw: Mapping[str, Any]) -> tuple[str, str]:
    return raw["metadata"].get("namespace", ""), raw["metadata"]["name"]


def _without_type(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Items of a list carry no type, as real API servers send them."""
    return {key: value for key, value in raw.items() if key not in {"kind", "apiVersion"}}
