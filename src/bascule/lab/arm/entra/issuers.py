"""The keys of token issuers that federated credentials name.

Azure serves those of its clusters at an address of its own; the lab reads them where the cluster
keeps them. Other issuers are asked over HTTPS.
"""

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bascule.lab.arm.entra import jwt
from bascule.lab.arm.entra.sign_in import IssuerKeys
from bascule.lab.arm.resources import Document, ResourceStore

TIMEOUT_S: Final = 5.0
_CLUSTERS: Final = "Microsoft.ContainerService/managedClusters"
_RECORDS: Final = "Lab/clusters"


class ClusterIssuers:
    """Knows the clusters of the lab, and asks `otherwise` for the rest."""

    def __init__(self, resources: ResourceStore, clusters: Path, otherwise: IssuerKeys) -> None:
        self._resources = resources
        self._clusters = clusters
        self._otherwise = otherwise

    async def keys(self, issuer: str) -> Sequence[Mapping[str, Any]]:
        """Return the keys of an issuer, none if it does not tell them."""
        for cluster in self._resources.of_type(_CLUSTERS):
            profile = cluster["properties"].get("oidcIssuerProfile") or {}
            if profile.get("issuerURL") == issuer:
                return self._keys_of(cluster)
        return await self._otherwise(issuer)

    def _keys_of(self, cluster: Document) -> Sequence[Mapping[str, Any]]:
        for record in self._resources.of_type(_RECORDS):
            path = self._clusters / str(record["key"]) / "pki/sa.key"
            if record["cluster"].lower() != cluster["id"].lower() or not path.exists():
                continue
            key = serialization.load_pem_private_key(path.read_bytes(), None)
            if isinstance(key, ec.EllipticCurvePrivateKey):
                found: Sequence[Mapping[str, Any]] = jwt.Signer(key).key_set()["keys"]
                return found
        return ()


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
