"""Asks the lab's Azure as anybody would: signed in, over HTTPS, waiting for what takes long.

A client of a few lines on purpose: the lab shares no code with the product that it judges.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from bascule.errors import ApiError, TransportError
from bascule.lab.supervisor.azure import AzureAccess, load_access
from bascule.lab.supervisor.description import LabDirectory

NETWORK_VERSION = "2024-05-01"
CLUSTERS_VERSION = "2025-05-01"
RESOURCES_VERSION = "2021-04-01"
REQUEST_TIMEOUT_S = 30.0
OPERATION_LIMIT_S = 60.0
POLL_S = 0.1
_RUNNING = frozenset({"InProgress", "Running", "Updating", "Creating", "Deleting"})

Document = dict[str, Any]


class ArmClient:
    """The few requests that the demonstration makes; `subscription` begins every path."""

    def __init__(self, session: aiohttp.ClientSession, subscription: str) -> None:
        self._session = session
        self.subscription = subscription

    async def get(self, path: str, version: str) -> Document | None:
        """Return a document, None if there is none. Raises ApiError, TransportError."""
        status, _, body = await self._ask("GET", path, version, accepted=(404,))
        return None if status == 404 else body

    async def put(self, path: str, version: str, body: Document, *, etag: str = "") -> None:
        """Put a document and return when the operation is over.

        Raises ApiError, also for an operation that failed, and TransportError.
        """
        _, headers, _ = await self._ask("PUT", path, version, body=body, etag=etag)
        url = headers.get("Azure-AsyncOperation", "")
        if url:
            await self._wait(url)

    async def post(self, path: str, version: str) -> Document:
        """Ask for an action and return its result. Raises ApiError, TransportError."""
        status, headers, body = await self._ask("POST", path, version)
        try:
            async with asyncio.timeout(OPERATION_LIMIT_S):
                while status == 202:
                    await asyncio.sleep(POLL_S)
                    status, _, body = await self._ask("GET", headers["Location"])
        except TimeoutError as error:
            raise TransportError(f"POST {path}: no answer after {OPERATION_LIMIT_S:g} s") from error
        return body

    async def _wait(self, url: str) -> None:
        try:
            async with asyncio.timeout(OPERATION_LIMIT_S):
                while True:
                    _, _, body = await self._ask("GET", url)
                    if body.get("status") not in _RUNNING:
                        break
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise TransportError(f"{url}: not over after {OPERATION_LIMIT_S:g} s") from error
        if body["status"] != "Succeeded":
            told = body.get("error") or {}
            raise ApiError(
                f"the operation {body['status']}: {told.get('message', '')}",
                status=200,
                reason=str(told.get("code", "")),
            )

    async def _ask(
        self,
        method: str,
        path: str,
        version: str = "",
        *,
        body: Document | None = None,
        etag: str = "",
        accepted: tuple[int, ...] = (),
    ) -> tuple[int, Mapping[str, str], Document]:
        params = {"api-version": version} if version else None
        headers = {"If-Match": etag} if etag else None
        try:
            async with self._session.request(
                method, path, params=params, json=body, headers=headers
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TransportError(
                f"{method} {path}: {str(error) or type(error).__name__}"
            ) from error
        answer: Document = (msgspec.json.decode(content) if content else None) or {}
        if response.status >= 400 and response.status not in accepted:
            told = answer.get("error") or answer
            raise ApiError(
                f"{method} {path}: {told.get('message', response.reason)}",
                status=response.status,
                reason=str(told.get("code", "")),
            )
        return response.status, response.headers, answer


@asynccontextmanager
async def open_arm(lab: LabDirectory) -> AsyncIterator[ArmClient]:
    """Yield somebody who is signed in to a lab's Azure. Raises UsageError, ApiError."""
    access = load_access(lab)
    context = ssl.create_default_context(cafile=str(lab.authority))
    async with aiohttp.ClientSession(
        access.url,
        connector=aiohttp.TCPConnector(ssl=context),
        timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
    ) as session:
        token = await _sign_in(session, access)
        session.headers["Authorization"] = f"Bearer {token}"
        yield ArmClient(session, f"/subscriptions/{access.subscription_id}")


async def _sign_in(session: aiohttp.ClientSession, access: AzureAccess) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": access.client_id,
        "client_secret": access.client_secret,
        "scope": f"{access.url}/.default",
    }
    try:
        async with session.post(f"/{access.tenant_id}/oauth2/v2.0/token", data=form) as response:
            answer = msgspec.json.decode(await response.read())
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransportError("the lab's Azure does not answer") from error
    if response.status != 200:
        raise ApiError("the lab's Azure does not let us in", status=response.status)
    return str(answer["access_token"])
