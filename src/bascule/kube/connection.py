"""How to reach one API server and who to be there: what a kubeconfig context comes down to."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NoCredentials:
    """The client certificate, if any, is all there is."""


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A bearer token written in the kubeconfig."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A bearer token in a file that somebody renews; it is read anew for each request."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecPlugin:
    """A command that prints an ExecCredential (client.authentication.k8s.io v1 or v1beta1).

    `environ` is the whole environment of the command. `cluster_info` is the cluster as the plugin
    is to see it, or None when the kubeconfig does not ask to provide it.
    """

    command: str
    args: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    api_version: str
    install_hint: str
    cluster_info: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class TokenSource:
    """A function that fetches a bearer token and says when it ends."""

    fetch: Callable[[], Awaitable[tuple[str, datetime]]] = field(repr=False)


Credentials = NoCredentials | StaticToken | TokenFile | ExecPlugin | TokenSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """A client certificate chain and its key, PEM."""

    chain_pem: bytes = field(repr=False)
    key_pem: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Impersonation:
    """Whom to act as (`as`, `as-uid` and `as-groups` of a kubeconfig user)."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One API server. `server` is its URL without a trailing slash.

    `ca_pem` None means the system's trust store. `is_verified` False only where the kubeconfig says
    insecure-skip-tls-verify. `proxy_url` None means a direct connection.
    """

    name: str
    server: str
    ca_pem: bytes | None = field(default=None, repr=False)
    is_verified: bool = True
    tls_server_name: str | None = None
    proxy_url: str | None = field(default=None, repr=False)
    credentials: Credentials = field(default_factory=NoCredentials)
    certificate: ClientCertificate | None = None
    impersonation: Impersonation | None = None
    namespace: str = "default"
    find: Callable[[], "Connection | None"] | None = field(default=None, repr=False, compare=False)
    """Finds the connection to a cluster that is not there yet; `server` is empty until then."""

    @property
    def is_awaited(self) -> bool:
        """Whether it leads to a cluster that is still not there."""
        return self.find is not None and self.find() is None
