"""Turns the credentials of a connection into request headers, renewing what expires."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from bascule.clock import Clock
from bascule.errors import BasculeError, ForbiddenError, SpecError
from bascule.kube.connection import (
    ClientCertificate,
    Connection,
    ExecPlugin,
    NoCredentials,
    StaticToken,
    TokenFile,
    TokenSource,
)
from bascule.redact import redact

EXPIRY_SKEW = timedelta(seconds=30)
PLUGIN_TIMEOUT_S = 60.0
STDERR_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who to be in the next request."""

    token: str | None = field(default=None, repr=False)
    certificate: ClientCertificate | None = None
    expires: datetime | None = None

    def is_fresh(self, now: datetime) -> bool:
        """Whether it holds for a while yet: it is renewed a little before its end."""
        return self.expires is None or now < self.expires - EXPIRY_SKEW


class _ExecStatus(msgspec.Struct):
    token: str = ""
    clientCertificateData: str = ""  # noqa: N815 - the API's own name
    clientKeyData: str = ""  # noqa: N815 - the API's own name
    expirationTimestamp: datetime | None = None  # noqa: N815 - the API's own name


class _ExecCredential(msgspec.Struct):
    apiVersion: str = ""  # noqa: N815 - the API's own name
    kind: str = ""
    status: _ExecStatus | None = None


def parse_exec_credential(plugin: ExecPlugin, output: bytes) -> Login:
    """Return the login that a plugin printed; raises SpecError when it printed something else."""
    try:
        credential = msgspec.json.decode(output, type=_ExecCredential)
    except msgspec.MsgspecError as error:
        raise SpecError(f"{plugin.command} printed no ExecCredential: {error}") from error
    if credential.apiVersion != plugin.api_version:
        raise SpecError(
            f"{plugin.command} answered in {credential.apiVersion or 'no version'}, "
            f"not in {plugin.api_version}",
            remedy="set apiVersion of the exec user in the kubeconfig to what the plugin speaks",
        )
    status = credential.status
    if status is None or not (status.token or status.clientCertificateData):
        raise SpecError(f"{plugin.command} gave neither a token nor a certificate")
    certificate = None
    if status.clientCertificateData:
        certificate = ClientCertificate(
            chain_pem=status.clientCertificateData.encode(), key_pem=status.clientKeyData.encode()
        )
    return Login(
        token=status.token or None, certificate=certificate, expires=status.expirationTimestamp
    )


def build_exec_info(plugin: ExecPlugin) -> str:
    """Return KUBERNETES_EXEC_INFO: what the plugin is told of the cluster and of the terminal."""
    spec: dict[str, object] = {"interactive": False}
    if plugin.cluster_info is not None:
        spec["cluster"] = dict(plugin.cluster_info)
    return json.dumps({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec})


class CredentialSource:
    """The login of one connection: one plugin run at a time, its answer kept until it expires."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kept: Login | None = None

    @property
    def is_renewable(self) -> bool:
        """Whether asking again after a 401 can bring another login."""
        return isinstance(self._connection.credentials, TokenFile | ExecPlugin | TokenSource)

    async def fetch_login(self, *, refused: Login | None = None) -> Login:
        """Return a login that is not `refused`; raises SpecError or ForbiddenError without one."""
        match self._connection.credentials:
            case NoCredentials():
                return Login()
            case StaticToken(token):
                return Login(token=token)
            case TokenFile(path):
                return Login(token=_load_token(path))
            case ExecPlugin() | TokenSource() as source:
                return await self._fetch_from(source, refused)

    async def _fetch_from(self, source: ExecPlugin | TokenSource, refused: Login | None) -> Login:
        async with self._lock:
            kept = self._kept
            if kept is None or kept is refused or not kept.is_fresh(self._clock.now()):
                self._kept = kept = await _fetch_login(source)
            return kept


async def _fetch_login(source: ExecPlugin | TokenSource) -> Login:
    if isinstance(source, ExecPlugin):
        return parse_exec_credential(source, await _fetch_output(source))
    token, expires = await source.fetch()
    return Login(token=token, expires=expires)


def _load_token(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ForbiddenError(
            f"cannot read the token file {path}: {error.strerror}",
            remedy="check tokenFile in the kubeconfig and who may read it",
        ) from error
    if not token:
        raise ForbiddenError(f"the token file {path} is empty")
    return token


async def _fetch_output(plugin: ExecPlugin) -> bytes:
    environ: Mapping[str, str] = {**plugin.environ, "KUBERNETES_EXEC_INFO": build_exec_info(plugin)}
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.args,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environ,
        )
    except OSError as error:
        raise SpecError(
            f"cannot run {plugin.command}: {error.strerror}",
            remedy=plugin.install_hint or "install the plugin that the kubeconfig's user names",
        ) from error
    try:
        async with asyncio.timeout(PLUGIN_TIMEOUT_S):
            output, complaint = await process.communicate()
    except TimeoutError as error:
        raise _plugin_failed(plugin, f"said nothing for {PLUGIN_TIMEOUT_S:g} s", b"") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise _plugin_failed(plugin, f"ended with exit code {process.returncode}", complaint)
    return output


def _plugin_failed(plugin: ExecPlugin, what: str, complaint: bytes) -> BasculeError:
    said = redact(complaint[-STDERR_MAX:].decode(errors="replace").strip())
    return ForbiddenError(
        f"the login plugin {plugin.command} {what}" + (f": {said}" if said else ""),
        remedy="run the command by hand and mend what it says",
    )
