"""Reads a kubeconfig into a `Connection`.

Fields: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.
"""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bascule.errors import SpecError
from bascule.kube.connection import (
    ClientCertificate,
    Connection,
    Credentials,
    ExecPlugin,
    Impersonation,
    NoCredentials,
    StaticToken,
    TokenFile,
)
from bascule.kube.kubeconfig_fields import Section, parse_yaml
from bascule.kube.no_proxy import is_direct

EXEC_GROUP = "client.authentication.k8s.io"
EXEC_API_VERSIONS = (f"{EXEC_GROUP}/v1", f"{EXEC_GROUP}/v1beta1")
_EXEC_CLUSTER_EXTENSION = f"{EXEC_GROUP}/exec"


def load_kubeconfig(
    path: Path, context: str | None = None, *, environ: Mapping[str, str] = os.environ
) -> Connection:
    """Return the connection of `context` (None: the current one) of the kubeconfig at `path`.

    `environ` gives HTTPS_PROXY and NO_PROXY where the kubeconfig names no proxy, and is what an
    exec plugin sees. Raises SpecError with file, field and remedy.
    """
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(
            f"cannot be read: {error.strerror}",
            file=str(path),
            remedy="name an existing kubeconfig; `kubectl config view --minify` shows yours",
        ) from error
    except UnicodeDecodeError as error:
        raise SpecError("is not UTF-8 text", file=str(path)) from error
    return parse_kubeconfig(text, file=str(path.expanduser()), context=context, environ=environ)


def await_kubeconfig(path: Path, context: str | None = None) -> Connection:
    """Return the connection of a kubeconfig that may not be there yet.

    Until it is, nothing is known but a name: `context`, or the file's own without its ending.
    Raises SpecError, as what finds it later does, for a file that is there and wrong.
    """

    def find() -> Connection | None:
        return load_kubeconfig(path, context) if path.expanduser().exists() else None

    return find() or Connection(name=context or path.stem, server="", find=find)


def parse_kubeconfig(
    text: str, *, file: str, context: str | None, environ: Mapping[str, str]
) -> Connection:
    """Return the connection in `text`; reads the files that it names, relative to `file`."""
    root = Section.of(parse_yaml(text, file), file=file)
    name = context or root.text("current-context")
    if not name:
        raise root.error("current-context", "no context is named", remedy="name one")
    chosen = root.named("contexts", name, "context")
    cluster = root.named("clusters", _required(chosen, "cluster"), "cluster")
    user_name = chosen.text("user")
    user = root.named("users", user_name, "user") if user_name else Section.of(None, file=file)
    server = _server(cluster)
    certificate = _certificate(user)
    ca_pem = cluster.content("certificate-authority")
    return Connection(
        name=name,
        server=server,
        ca_pem=ca_pem,
        is_verified=_is_verified(cluster, has_ca=ca_pem is not None),
        tls_server_name=cluster.text("tls-server-name") or None,
        proxy_url=_proxy_url(cluster, server, environ),
        credentials=_credentials(user, cluster, environ),
        certificate=certificate,
        impersonation=_impersonation(user),
        namespace=chosen.text("namespace") or "default",
    )


def _required(section: Section, key: str) -> str:
    value = section.text(key)
    if not value:
        raise section.error(key, "is missing")
    return value


def _server(cluster: Section) -> str:
    server = _required(cluster, "server").rstrip("/")
    parts = urlsplit(server)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise cluster.error(
            "server", f"{server!r} is not an address", remedy="write https://HOST:PORT"
        )
    return server


def _is_verified(cluster: Section, *, has_ca: bool) -> bool:
    if not cluster.flag("insecure-skip-tls-verify"):
        return True
    if has_ca:
        raise cluster.error(
            "insecure-skip-tls-verify",
            "is set beside a certificate authority",
            remedy="remove one of the two; keep the certificate authority if it is right",
        )
    return False


def _proxy_url(cluster: Section, server: str, environ: Mapping[str, str]) -> str | None:
    url = cluster.text("proxy-url") or _proxy_of_environment(server, environ)
    if url and urlsplit(url).scheme not in {"http", "https"}:
        raise cluster.error(
            "proxy-url",
            f"a {urlsplit(url).scheme or 'nameless'} proxy is not supported",
            remedy="name an http:// or https:// proxy, here or in HTTPS_PROXY",
        )
    return url or None


def _proxy_of_environment(server: str, environ: Mapping[str, str]) -> str:
    parts = urlsplit(server)
    if is_direct(parts.hostname or "", environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return ""
    key = f"{parts.scheme}_proxy"
    return environ.get(key) or environ.get(key.upper()) or ""


def _certificate(user: Section) -> ClientCertificate | None:
    chain, key = user.content("client-certificate"), user.content("client-key")
    if chain is None and key is None:
        return None
    if chain is None or key is None:
        missing = "client-certificate" if chain is None else "client-key"
        raise user.error(missing, "is missing beside its other half")
    return ClientCertificate(chain_pem=chain, key_pem=key)


def _credentials(user: Section, cluster: Section, environ: Mapping[str, str]) -> Credentials:
    """Return the one way to get a token; a file wins over a token, as in client-go."""
    for key in ("auth-provider", "username"):
        if key in user.values:
            raise user.error(
                key,
                "this way to log in was removed from Kubernetes",
                remedy="use a token, a client certificate or an exec plugin (kubelogin for Azure)",
            )
    if "exec" in user.values:
        return _exec_plugin(user.section("exec"), cluster, environ)
    if file := user.text("tokenFile"):
        return TokenFile(user.beside(file))
    if token := user.text("token"):
        return StaticToken(token)
    return NoCredentials()


def _exec_plugin(plugin: Section, cluster: Section, environ: Mapping[str, str]) -> ExecPlugin:
    api_version = _required(plugin, "apiVersion")
    if api_version not in EXEC_API_VERSIONS:
        raise plugin.error(
            "apiVersion",
            f"{api_version!r} is not supported",
            remedy=f"use {EXEC_API_VERSIONS[0]} (for Azure: kubelogin convert-kubeconfig)",
        )
    if plugin.text("interactiveMode") == "Always":
        raise plugin.error(
            "interactiveMode",
            "the plugin needs a terminal, and there is none",
            remedy="use a login that asks nothing, such as workload identity",
        )
    command = _required(plugin, "command")
    added = {_required(entry, "name"): entry.text("value") for entry in plugin.entries("env")}
    return ExecPlugin(
        command=str(plugin.beside(command)) if "/" in command else command,
        args=plugin.texts("args"),
        environ={**environ, **added},
        api_version=api_version,
        install_hint=plugin.text("installHint"),
        cluster_info=_cluster_info(cluster) if plugin.flag("provideClusterInfo") else None,
    )


def _cluster_info(cluster: Section) -> Mapping[str, object]:
    """Return the cluster as `ExecCredential.spec.cluster` shows it to the plugin."""
    keys = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url")
    info: dict[str, object] = {key: cluster.values[key] for key in keys if key in cluster.values}
    if (ca_pem := cluster.content("certificate-authority")) is not None:
        info["certificate-authority-data"] = base64.b64encode(ca_pem).decode()
    for extension in cluster.entries("extensions"):
        if extension.text("name") == _EXEC_CLUSTER_EXTENSION:
            info["config"] = extension.values.get("extension")
    return info


def _impersonation(user: Section) -> Impersonation | None:
    name = user.text("as")
    if "as-user-extra" in user.values:
        raise user.error("as-user-extra", "is not supported", remedy="use `as` and `as-groups`")
    if not name:
        return None
    return Impersonation(user=name, uid=user.text("as-uid"), groups=user.texts("as-groups"))
