"""A probe that is made when it is asked for, of a pool that no rule has to use."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bascule.lab.arm.dataplane.health import covers_status
from bascule.lab.arm.dataplane.translate.backends import Backend, Server
from bascule.lab.arm.network.plane_port import ServerHealth

AT_ONCE_MAX = 50
_BODY_BYTES_MAX = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What each server is asked, and what a healthy one answers."""

    url_scheme: str
    host: str
    """Empty: the server's own address."""
    path: str
    timeout_s: float
    codes: tuple[str, ...]
    body: str = ""


async def probe_backend(backend: Backend, probe: Probe) -> Sequence[ServerHealth]:
    """Ask every server of a pool once, by the settings that `backend` has of it.

    Certificates are not verified: a lab's simplification.
    """
    turn = asyncio.Semaphore(AT_ONCE_MAX)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    timeout = aiohttp.ClientTimeout(total=probe.timeout_s)
    connector = aiohttp.TCPConnector(ssl=context, force_close=True)
    port = backend.probe_port or backend.port
    async with (
        aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
        asyncio.TaskGroup() as group,
    ):

        async def take_turn(server: Server) -> ServerHealth:
            async with turn:
                return await _ask(session, server, port, probe)

        asking = [group.create_task(take_turn(server)) for server in backend.servers]
    return tuple(each.result() for each in asking)


async def _ask(
    session: aiohttp.ClientSession, server: Server, port: int, probe: Probe
) -> ServerHealth:
    if not server.real:
        return ServerHealth(server.address, "Unhealthy", "The server cannot be reached.")
    url = f"{probe.url_scheme}://{server.real}:{port}{probe.path}"
    try:
        headers = {"host": probe.host or server.address}
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            body = (await answer.content.read(_BODY_BYTES_MAX)).decode(errors="replace")
            return _judge(server, answer.status, body, probe)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        log = f"Cannot connect to backend server: {str(error) or type(error).__name__}."
        return ServerHealth(server.address, "Unhealthy", log)


def _judge(server: Server, status: int, body: str, probe: Probe) -> ServerHealth:
    if not any(covers_status(code, status) for code in probe.codes):
        log = (
            f"Received invalid status code: {status} in the backend server's HTTP response. As per "
            f"the health probe configuration, {', '.join(probe.codes)} is the acceptable status "
            "code."
        )
        return ServerHealth(server.address, "Unhealthy", log)
    if probe.body not in body:
        return ServerHealth(
            server.address, "Unhealthy", "Body of the response did not match the probe setting."
        )
    return ServerHealth(server.address, "Healthy", f"Success. Received {status} status code")


def read_probe(wanted: Mapping[str, Any], host: str, codes: Sequence[str]) -> Probe:
    """Return what the body of a request asks for; `host` and `codes` hold where it says nothing."""
    match = wanted.get("match") or {}
    return Probe(
        url_scheme=str(wanted.get("protocol") or "Http").lower(),
        host=str(wanted.get("host") or host),
        path=str(wanted.get("path") or "/"),
        timeout_s=float(wanted.get("timeout") or 30),
        codes=tuple(str(code) for code in match.get("statusCodes") or codes),
        body=str(match.get("body") or ""),
    )
