"""Who the client is, over real TLS: certificates, tokens that expire, login plugins."""

import json
import ssl
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from bascule.app.clock import SystemClock
from bascule.errors import BasculeError, ForbiddenError, SpecError, TransportError
from bascule.kube.client import KubeClient
from bascule.kube.connection import (
    ClientCertificate,
    Connection,
    Credentials,
    ExecPlugin,
    TokenFile,
)
from bascule.kube.resources import SERVICES
from bascule.kube.session import ClientLimits
from tests.support.pki import Authority, Pair
from tests.support.raw_objects import raw_service
from tests.support.scripted_api import ScriptedApi, refuse

V1 = "client.authentication.k8s.io/v1"
PLUGIN = """#!{python} -S
import json, os, pathlib, sys
runs = pathlib.Path(sys.argv[1])
count = int(runs.read_text() or "0") + 1 if runs.exists() else 1
runs.write_text(str(count))
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
status = json.loads(sys.argv[2].replace("COUNT", str(count)))
print(json.dumps({{"apiVersion": info["apiVersion"], "kind": "ExecCredential", "status": status}}))
"""


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@asynccontextmanager
async def tls_api(authority: Authority, leaf: Pair, folder: Path) -> AsyncIterator[ScriptedApi]:
    """Serve with `leaf`, and ask clients for a certificate of `authority`."""
    chain, key = folder / "server.pem", folder / "server.key"
    chain.write_bytes(leaf.chain_pem)
    key.write_bytes(leaf.key_pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.pem.decode())
    context.load_cert_chain(chain, key)
    context.verify_mode = ssl.CERT_OPTIONAL
    async with ScriptedApi(tls=context) as api:
        yield api


def connection(api: ScriptedApi, authority: Authority | None, **more: Any) -> Connection:
    ca_pem = authority.pem if authority else None
    return Connection(name="test", server=api.url, ca_pem=ca_pem, **more)


async def create(to: Connection) -> None:
    async with KubeClient(to, clock=SystemClock()) as client:
        await client.create(SERVICES, raw_service())


async def test_a_client_certificate_is_presented(authority: Authority, tmp_path: Path) -> None:
    pair = authority.issue(common_name="ann")
    certificate = ClientCertificate(chain_pem=pair.chain_pem, key_pem=pair.key_pem)

    async with tls_api(authority, authority.issue("127.0.0.1"), tmp_path) as api:
        await create(connection(api, authority, certificate=certificate))

        assert api.seen[-1].subject == "ann"


@pytest.mark.parametrize(
    ("names", "valid_days", "said"),
    [
        (("127.0.0.1",), -1, "expired"),
        (("api.example.com",), 30, "mismatch"),
    ],
    ids=["expired", "another-name"],
)
async def test_a_wrong_server_certificate_is_never_accepted(
    authority: Authority, tmp_path: Path, *, names: tuple[str, ...], valid_days: int, said: str
) -> None:
    leaf = authority.issue(*names, valid_days=valid_days)

    async with tls_api(authority, leaf, tmp_path) as api:
        with pytest.raises(TransportError, match=said) as caught:
            await create(connection(api, authority))

        assert api.seen == []
        assert caught.value.remedy


async def test_another_authority_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    async with tls_api(authority, authority.issue("127.0.0.1"), tmp_path) as api:
        with pytest.raises(TransportError, match="not trusted"):
            await create(connection(api, Authority("another")))


async def test_the_server_may_go_by_another_name(authority: Authority, tmp_path: Path) -> None:
    async with tls_api(authority, authority.issue("api.example.com"), tmp_path) as api:
        await create(connection(api, authority, tls_server_name="api.example.com"))

        assert len(api.seen) == 1


async def test_skipping_verification_works_and_is_said(
    authority: Authority, tmp_path: Path
) -> None:
    async with tls_api(authority, authority.issue("elsewhere"), tmp_path) as api:
        with structlog.testing.capture_logs() as logs:
            await create(connection(api, None, is_verified=False))

        assert len(api.seen) == 1
        assert "not to verify" in logs[0]["event"]


async def test_plain_http_at_a_tls_address_is_explained(authority: Authority) -> None:
    async with ScriptedApi() as api:
        to = replace(connection(api, authority), server=api.url.replace("http:", "https:"))

        with pytest.raises(TransportError, match="TLS failed"):
            await create(to)


async def test_a_renewed_token_file_answers_a_401(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first-token")

    async with ScriptedApi() as api:
        api.script(refuse(401, "Unauthorized"))
        await create(connection(api, None, credentials=TokenFile(path)))

        assert [seen.headers["Authorization"] for seen in api.seen] == ["Bearer first-token"] * 2


async def test_a_401_is_answered_once_only(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first-token")

    async with ScriptedApi() as api:
        api.script(*[refuse(401, "Unauthorized")] * 3)
        with pytest.raises(ForbiddenError):
            await create(connection(api, None, credentials=TokenFile(path)))

        assert len(api.seen) == 2


async def test_a_static_token_is_not_tried_twice() -> None:
    async with ScriptedApi() as api:
        api.script(refuse(401, "Unauthorized"))
        with pytest.raises(ForbiddenError) as caught:
            await create(connection(api, None))

        assert len(api.seen) == 1
        assert caught.value.remedy


def plugin(folder: Path, status: object, *, api_version: str = V1) -> ExecPlugin:
    """Return a plugin that prints `status`, with COUNT as the number of its runs."""
    script = folder / "login"
    script.write_text(PLUGIN.format(python=sys.executable))
    script.chmod(stat.S_IRWXU)
    return ExecPlugin(
        command=str(script),
        args=(str(folder / "runs"), json.dumps(status)),
        environ={"PATH": "/usr/bin:/bin"},
        api_version=api_version,
        install_hint="get it from the shop",
        cluster_info=None,
    )


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
async def test_a_plugin_gives_the_token_and_is_run_once(tmp_path: Path, version: str) -> None:
    credentials = plugin(
        tmp_path,
        {"token": "token-COUNT", "expirationTimestamp": "2999-01-01T00:00:00Z"},
        api_version=f"client.authentication.k8s.io/{version}",
    )

    async with ScriptedApi() as api:
        to = connection(api, None, credentials=credentials)
        async with KubeClient(to, clock=SystemClock()) as client:
            await client.create(SERVICES, raw_service())
            await client.create(SERVICES, raw_service())

        assert [seen.headers["Authorization"] for seen in api.seen] == ["Bearer token-1"] * 2


async def test_a_token_near_its_end_is_renewed_before_it_fails(tmp_path: Path) -> None:
    credentials = plugin(
        tmp_path, {"token": "token-COUNT", "expirationTimestamp": "2001-01-01T00:00:00Z"}
    )

    async with ScriptedApi() as api:
        to = connection(api, None, credentials=credentials)
        async with KubeClient(to, clock=SystemClock()) as client:
            await client.create(SERVICES, raw_service())
            await client.create(SERVICES, raw_service())

        tokens = [seen.headers["Authorization"] for seen in api.seen]
        assert tokens == ["Bearer token-1", "Bearer token-2"]


async def test_a_refused_token_is_renewed_at_once(tmp_path: Path) -> None:
    credentials = plugin(tmp_path, {"token": "token-COUNT"})

    async with ScriptedApi() as api:
        api.script(refuse(401, "Unauthorized"))
        await create(connection(api, None, credentials=credentials))

        tokens = [seen.headers["Authorization"] for seen in api.seen]
        assert tokens == ["Bearer token-1", "Bearer token-2"]


async def test_a_plugin_may_give_a_certificate(authority: Authority, tmp_path: Path) -> None:
    pair = authority.issue(common_name="ann")
    status = {
        "clientCertificateData": pair.chain_pem.decode(),
        "clientKeyData": pair.key_pem.decode(),
    }
    credentials = plugin(tmp_path, status)

    async with tls_api(authority, authority.issue("127.0.0.1"), tmp_path) as api:
        await create(connection(api, authority, credentials=credentials))

        assert api.seen[-1].subject == "ann"


async def test_only_so_many_certificates_are_kept(authority: Authority, tmp_path: Path) -> None:
    async with tls_api(authority, authority.issue("127.0.0.1"), tmp_path) as api:
        to = connection(api, authority, credentials=renewing_plugin(authority, tmp_path))
        limits = ClientLimits(certificates_max=1)
        async with KubeClient(to, clock=SystemClock(), limits=limits) as client:
            await client.create(SERVICES, raw_service())
            await client.create(SERVICES, raw_service())

        assert [seen.subject for seen in api.seen] == ["ann-1", "ann-2"]


def renewing_plugin(authority: Authority, folder: Path) -> ExecPlugin:
    """Return a plugin that brings another certificate, already old, at each run."""
    for number in (1, 2):
        pair = authority.issue(common_name=f"ann-{number}")
        status = {
            "clientCertificateData": pair.chain_pem.decode(),
            "clientKeyData": pair.key_pem.decode(),
            "expirationTimestamp": "2001-01-01T00:00:00Z",
        }
        credential = {"apiVersion": V1, "kind": "ExecCredential", "status": status}
        (folder / f"login-{number}.json").write_text(json.dumps(credential))
    script = f"cd {folder} && cat login-1.json && {{ mv login-2.json login-1.json || true; }}"
    return shell(script)


def shell(script: str) -> ExecPlugin:
    return ExecPlugin(
        command="/bin/sh",
        args=("-c", script),
        environ={"PATH": "/usr/bin:/bin"},
        api_version=V1,
        install_hint="",
        cluster_info=None,
    )


@pytest.mark.parametrize(
    ("credentials", "branch", "said"),
    [
        (shell("echo run az login >&2; exit 3"), ForbiddenError, "exit code 3: run az login"),
        (shell("echo nonsense"), SpecError, "printed no ExecCredential"),
        (replace(shell(""), command="/nowhere/login"), SpecError, "cannot run /nowhere/login"),
    ],
    ids=["fails", "talks", "absent"],
)
async def test_a_plugin_that_does_not_work_is_explained(
    credentials: Credentials, branch: type[BasculeError], said: str
) -> None:
    async with ScriptedApi() as api:
        with pytest.raises(branch, match=said) as caught:
            await create(connection(api, None, credentials=credentials))

        assert api.seen == []
        assert caught.value.remedy or branch is SpecError
