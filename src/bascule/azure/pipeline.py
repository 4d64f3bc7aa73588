"""Sends one request to ARM through azure-core's pipeline; imported only when there is one to send.

The pipeline signs (and answers challenges of Continuous Access Evaluation); what to do about a
refusal is decided elsewhere.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from bascule.azure.credentials import Credential
from bascule.azure.silence import no_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Pipeline:
    """One pool of connections, and who to be on them. An async context manager."""

    def __init__(
        self,
        credential: Credential,
        scope: str,
        *,
        context: ssl.SSLContext,
        connect_s: float,
    ) -> None:
        self._signer = _Signer(credential)
        self._scope = scope
        self._context = context
        self._connect_s = connect_s
        self._http: aiohttp.ClientSession | None = None
        self._pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._context),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=True,
            middlewares=(_send_once,),
        )
        transport = AioHttpTransport(
            session=self._http,
            session_owner=False,
            connection_timeout=self._connect_s,
        )
        policy = AsyncARMChallengeAuthenticationPolicy(self._signer, self._scope, enable_cae=True)
        self._pipeline = AsyncPipeline(transport, [policy])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._http is not None:
            await self._http.close()
        self._http = self._pipeline = None

    def refuse_token(self) -> None:
        """Ask for another token in the next request: ARM turned the last one down."""
        self._signer.is_refused = True

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        silence_s: float,
        request: str,
    ) -> Answer:
        """Send once; raises NoAnswerError, which says whether the request may have arrived.

        `request` says in messages what was asked of whom.
        """
        if self._pipeline is None:
            raise RuntimeError("requests are sent only while the client is entered")
        message = HttpRequest(method, url, headers={**headers}, content=body)
        try:
            run = await self._pipeline.run(message, read_timeout=silence_s)
        except AzureError as error:
            raise no_answer(error, request) from error
        answer = run.http_response
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(status=answer.status_code, headers=named, body=answer.content)


class _Signer:
    """A credential as azure-core wants it."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self.is_refused = False

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,  # noqa: ARG002 - azure-core passes it; one tenant is ours
        enable_cae: bool = False,  # noqa: ARG002 - always asked for by the credential
        **_more: object,
    ) -> AccessToken:
        is_refused, self.is_refused = self.is_refused, False
        token = await self._credential.get_token(
            scopes[0], claims=claims or "", is_refused=is_refused
        )
        return AccessToken(token.value, int(token.expires.timestamp()))

    async def close(self) -> None:
        """Do nothing: who opened the credential closes it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        return None


class _AnswerLostError(aiohttp.ClientError):
    """The connection broke after the request had been sent, at least in part."""


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT or DELETE again by itself when its connection breaks."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _AnswerLostError(str(error)) from error
