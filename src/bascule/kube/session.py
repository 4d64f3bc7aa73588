"""Sends one request to one API server: TLS, login, proxy, throttling and errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
import structlog

from bascule.clock import Clock
from bascule.errors import InvariantError, ThrottledError
from bascule.kube.api_warnings import ApiWarning, parse_warnings
from bascule.kube.connection import ClientCertificate, Connection
from bascule.kube.credentials import CredentialSource, Login
from bascule.kube.errors import (
    NotThereYetError,
    build_api_error,
    parse_status,
    transport_errors,
)
from bascule.kube.repeating import send_once
from bascule.kube.sockets import open_socket
from bascule.kube.tls import build_ssl_context

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.kube")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """How long and how much one client waits for and takes."""

    connect_s: float = 5.0
    answer_s: float = 30.0
    """The longest silence of the server within an answer."""
    page_items_max: int = 500
    pages_max: int = 10_000
    line_bytes_max: int = 64 * 2**20
    throttled_tries_max: int = 5
    throttled_wait_max_s: float = 10.0
    error_bytes_max: int = 2**20
    certificates_max: int = 8
    """Pools of connections kept, one for each client certificate that a plugin brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `silence_s` overrides the limit on the server's silence."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    silence_s: float | None = None
    is_patient: bool = True
    """Whether a 429 is waited out here rather than raised."""


def log_warning(warning: ApiWarning) -> None:
    """Log what an API server warns of."""
    _LOG.warning("api warning", request=warning.request, text=warning.text)


class Session:
    """Connections to one API server. An async context manager; any number live side by side."""

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Clock,
        limits: ClientLimits,
        on_warning: Callable[[ApiWarning], None],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._limits = limits
        self._on_warning = on_warning
        self._credentials = CredentialSource(connection, clock)
        self._pools: dict[ClientCertificate | None, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        if not self._connection.is_verified:
            _LOG.warning(
                "the kubeconfig says not to verify the server's certificate",
                context=self._connection.name,
                server=self._connection.server,
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for http in self._pools.values():
            await http.close()
        self._pools.clear()

    async def open(self, call: Call) -> aiohttp.ClientResponse:
        """Return the answer with its body unread; the caller closes it (`async with`).

        A cluster that was not there yet is looked for first.
        A 401 is answered once with new credentials, a 429 is waited out within the limits.
        Raises ApiError for an answer that is no, TransportError for no answer.
        """
        self._settle()
        request = f"{call.method} {self._connection.server}{call.path}"
        login = await self._credentials.fetch_login()
        is_renewed = not self._credentials.is_renewable
        for attempt in range(self._limits.throttled_tries_max + 1):
            response = await self._send(call, request, login)
            if response.status == 401 and not is_renewed:
                response.close()
                is_renewed = True
                login = await self._credentials.fetch_login(refused=login)
                response = await self._send(call, request, login)
            self._report_warnings(call, response)
            if response.status < 300:
                return response
            is_last = attempt == self._limits.throttled_tries_max or not call.is_patient
            await self._refused(request, response, is_last=is_last)
        raise InvariantError("a request was neither answered nor refused")

    def _settle(self) -> None:
        """Look for a cluster that was not there yet. Raises NotThereYetError while it is not."""
        if self._connection.find is None:
            return
        found = self._connection.find()
        if found is None:
            raise NotThereYetError(f"{self._connection.name} is not there yet")
        self._connection = found
        self._credentials = CredentialSource(found, self._clock)

    async def _send(self, call: Call, request: str, login: Login) -> aiohttp.ClientResponse:
        http = await self._http(login.certificate or self._connection.certificate)
        timeout = aiohttp.ClientTimeout(
            total=None,
            connect=self._limits.connect_s,
            sock_connect=self._limits.connect_s,
            sock_read=call.silence_s or self._limits.answer_s,
        )
        with transport_errors(request):
            return await http.request(
                call.method,
                self._connection.server + call.path,
                params=call.params,
                data=call.body,
                headers=self._headers(call, login),
                proxy=self._connection.proxy_url,
                server_hostname=self._connection.tls_server_name,
                allow_redirects=False,
                timeout=timeout,
            )

    async def _http(self, certificate: ClientCertificate | None) -> aiohttp.ClientSession:
        """Return the pool of connections for `certificate`; the oldest one makes room."""
        http = self._pools.get(certificate)
        if http is None:
            context = build_ssl_context(self._connection, certificate)
            http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, limit=0, socket_factory=open_socket),
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(send_once,),
                read_bufsize=2**20,
            )
            self._pools[certificate] = http
            if len(self._pools) > self._limits.certificates_max:
                await self._pools.pop(next(iter(self._pools))).close()
        return http

    def _headers(self, call: Call, login: Login) -> list[tuple[str, str]]:
        headers = [("User-Agent", "bascule"), ("Accept", "application/json")]
        if call.body is not None:
            headers.append(("Content-Type", call.content_type))
        if login.token:
            headers.append(("Authorization", f"Bearer {login.token}"))
        if who := self._connection.impersonation:
            headers.append(("Impersonate-User", who.user))
            headers += [("Impersonate-Group", group) for group in who.groups]
            if who.uid:
                headers.append(("Impersonate-Uid", who.uid))
        return headers

    def _report_warnings(self, call: Call, response: aiohttp.ClientResponse) -> None:
        for text in parse_warnings(response.headers.getall("Warning", [])):
            self._on_warning(ApiWarning(request=f"{call.method} {call.path}", text=text))

    async def _refused(
        self, request: str, response: aiohttp.ClientResponse, *, is_last: bool
    ) -> None:
        """Raise for the answer, or return after the wait that a 429 asks for."""
        async with response:
            with transport_errors(request):
                body = await response.content.read(self._limits.error_bytes_max)
            error = build_api_error(
                response.status, parse_status(body), request=request, headers=response.headers
            )
        if is_last or not isinstance(error, ThrottledError):
            raise error
        wait_s = min(error.retry_after_s or 1.0, self._limits.throttled_wait_max_s)
        await self._clock.sleep_until(self._clock.monotonic_s() + wait_s)
