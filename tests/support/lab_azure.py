"""A whole Azure of the lab in one process, on a clock that moves when told to; nothing listens."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bascule.lab.arm.admin import SECRET_HEADER
from bascule.lab.arm.assembly import Ground, LabAzure
from bascule.lab.arm.entra.sign_in import IssuerKeys, no_keys
from bascule.lab.arm.front import RawRequest
from bascule.lab.arm.requests import ArmReply
from bascule.lab.supervisor.description import AzureDescription
from tests.support.virtual_clock import VirtualClock

URL = "https://localhost:8443"
VERSION = "2024-11-01"


@cache
def signing_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(kw_only=True)
class AzureUser:
    """Somebody who asks the lab's Azure; at first nobody, then whoever signed in."""

    azure: LabAzure
    clock: VirtualClock
    token: str = ""

    @property
    def subscription(self) -> str:
        return f"/subscriptions/{self.azure.identity.subscription_id}"

    async def sign_in(self, app_id: str = "", secret: str = "", *, audience: str = URL) -> None:
        """Sign in as a service principal, the lab's first one if none is named."""
        identity = self.azure.identity
        form = {
            "grant_type": "client_credentials",
            "client_id": app_id or identity.first_app_id,
            "client_secret": secret or identity.first_secret,
            "scope": f"{audience}/.default",
        }
        reply = await self.send("POST", f"/{identity.tenant_id}/oauth2/v2.0/token", form=form)
        assert reply.status == 200, reply.body
        self.token = reply.body["access_token"]

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ArmReply:
        """Ask ARM with a token and an api-version."""
        given = {"api-version": VERSION, **(query or {})}
        return await self.send(method, path, body, query=given, headers=headers)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> ArmReply:
        """Send a request, with the token that there is."""
        own = {"authorization": f"Bearer {self.token}"} if self.token else {}
        content = json.dumps(body).encode() if body is not None else b""
        raw = RawRequest(
            method=method,
            path=path,
            query=query or {},
            headers={**own, **(headers or {})},
            body=urlencode(form).encode() if form is not None else content,
        )
        return await self.azure.front.answer(raw)

    async def manage(self, method: str, page: str, body: Any = None) -> ArmReply:
        """Ask a page of the lab itself."""
        headers = {SECRET_HEADER: self.azure.identity.admin_secret}
        return await self.send(method, f"/lab/{page}", body, headers=headers)

    async def make_group(self, name: str = "shop", location: str = "eastus") -> str:
        """Make a resource group and return its id."""
        path = f"{self.subscription}/resourceGroups/{name}"
        reply = await self.ask("PUT", path, {"location": location})
        assert reply.status in {200, 201}, reply.body
        return path


def make_azure(
    clock: VirtualClock,
    description: AzureDescription | None = None,
    *,
    state: Path | None = None,
    issuer_keys: IssuerKeys = no_keys,
    directory: Path | None = None,
) -> LabAzure:
    """Return a lab's Azure; without a directory gateways and clusters are documents only."""
    secrets = count(1)
    ground = Ground(
        clock=clock,
        url=URL,
        signing_key=signing_key(),
        make_secret=lambda: f"secret-{next(secrets)}",
        issuer_keys=issuer_keys,
        entropy=b"a test",
        state=state,
        directory=directory,
    )
    return LabAzure(description or AzureDescription(seed=7), ground)


@asynccontextmanager
async def running_azure(
    description: AzureDescription | None = None,
    *,
    state: Path | None = None,
    issuer_keys: IssuerKeys = no_keys,
    clock: VirtualClock | None = None,
    directory: Path | None = None,
) -> AsyncIterator[AzureUser]:
    """Yield the lab's first principal, signed in to an Azure that runs."""
    clock = clock or VirtualClock()
    azure = make_azure(
        clock, description, state=state, issuer_keys=issuer_keys, directory=directory
    )
    async with azure.running():
        user = AzureUser(azure=azure, clock=clock)
        await user.sign_in()
        yield user


def make_certificate(user: AzureUser, key: ec.EllipticCurvePrivateKey) -> str:
    """Return a certificate (PEM) with which an application may sign in."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "deployer")])
    now = user.clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
