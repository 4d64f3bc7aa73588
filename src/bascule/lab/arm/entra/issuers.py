"""The keys of token issuers that federated credentials name, fetched as Entra fetches them."""

import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp

TIMEOUT_S: Final = 5.0


class HttpIssuers:
    """Asks an issuer's OpenID metadata for its keys; trusts the lab's own authority."""

    def __init__(self, authority_pem: bytes) -> None:
        self._context = ssl.create_default_context(cadata=authority_pem.decode())

    async def keys(self, issuer: str) -> Sequence[Mapping[str, Any]]:
        """Return the keys of an issuer, none if it does not tell them."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                metadata = await self._get(
                    session, f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                )
                found = await self._get(session, str(metadata.get("jwks_uri", "")))
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return ()
        keys: Sequence[Mapping[str, Any]] = found.get("keys", ())
        return keys

    async def _get(self, session: aiohttp.ClientSession, url: str) -> Mapping[str, Any]:
        async with session.get(url, ssl=self._context) as response:
            response.raise_for_status()
            content: Mapping[str, Any] = await response.json(content_type=None)
            return content
