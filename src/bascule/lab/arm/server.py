"""The sockets of the lab's Azure: HTTPS for ARM and sign-in, HTTP for the metadata service."""

import logging
import ssl
from time import monotonic
from typing import Final

import msgspec
from aiohttp import web

from bascule.lab.arm.assembly import LabAzure
from bascule.lab.arm.front import AnswerLostError, RawRequest, parse_query
from bascule.lab.arm.requests import ArmRefusal, ArmReply
from bascule.lab.kubeapi.listener import Listener, reset

ADDRESS: Final = "127.0.0.1"
BODY_MAX_BYTES: Final = 16 << 20
_log = logging.getLogger(__name__)


class ArmServer:
    """Listens for a lab's Azure, which is put together once the port is known."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._azure: LabAzure | None = None
        self._arm = Listener(self._answer, context, cancels=False)
        self._imds = Listener(self._answer_metadata, None)

    async def open(self, port: int, imds_port: int) -> tuple[int, int]:
        """Listen; return both ports, those that were asked for if they are free."""
        return await _open(self._arm, port), await _open(self._imds, imds_port)

    def serve(self, azure: LabAzure) -> None:
        """Answer from now on; until then requests get 503."""
        self._azure = azure

    async def close(self) -> None:
        """End; requests in progress have a moment."""
        await self._arm.shut_down()
        await self._imds.shut_down()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._azure is None:
            return web.Response(status=503)
        begun_s = monotonic()
        raw = RawRequest(
            method=request.method,
            path=request.url.path,
            query=parse_query(request.rel_url.raw_query_string),
            headers={key.lower(): value for key, value in request.headers.items()},
            body=await _body(request),
        )
        try:
            reply = await self._azure.front.answer(raw)
        except AnswerLostError:
            _log.info("%s %s lost", raw.method, raw.path)
            if request.transport is not None:
                reset(request.transport)
            return web.Response(status=500)
        except Exception:  # noqa: BLE001 - a server's last door: one broken answer ends nothing else
            _log.exception("%s %s broke", raw.method, raw.path)
            message = "The server encountered an internal error."
            reply = ArmRefusal(500, "InternalServerError", message).render()
        took_ms = (monotonic() - begun_s) * 1_000
        _log.info("%s %s %d %.0f ms", raw.method, raw.path, reply.status, took_ms)
        return _response(reply)

    async def _answer_metadata(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._azure is None:
            return web.Response(status=503)
        headers = {key.lower(): value for key, value in request.headers.items()}
        query = parse_query(request.rel_url.raw_query_string)
        return _response(self._azure.imds.answer(request.url.path, query, headers))


async def _open(listener: Listener, port: int) -> int:
    try:
        return await listener.open(ADDRESS, port)
    except OSError:
        return await listener.open(ADDRESS, 0)


async def _body(request: web.BaseRequest) -> bytes:
    parts, size = [], 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > BODY_MAX_BYTES:
            raise web.HTTPRequestEntityTooLarge(max_size=BODY_MAX_BYTES, actual_size=size)
        parts.append(part)
    return b"".join(parts)


def _response(reply: ArmReply) -> web.Response:
    if reply.body is None:
        return web.Response(status=reply.status, headers=reply.headers)
    return web.Response(
        status=reply.status,
        headers={**reply.headers, "Content-Type": "application/json; charset=utf-8"},
        body=msgspec.json.encode(reply.body),
    )
