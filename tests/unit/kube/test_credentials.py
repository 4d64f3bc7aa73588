"""Logins: which there are, how long they hold, and what plugins say."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bascule.errors import ForbiddenError, SpecError
from bascule.kube.connection import (
    ClientCertificate,
    Connection,
    Credentials,
    ExecPlugin,
    NoCredentials,
    StaticToken,
    TokenFile,
    TokenSource,
)
from bascule.kube.credentials import (
    EXPIRY_SKEW,
    CredentialSource,
    Login,
    build_exec_info,
    parse_exec_credential,
)
from tests.support.virtual_clock import VirtualClock

V1 = "client.authentication.k8s.io/v1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def plugin(**more: Any) -> ExecPlugin:
    fields: dict[str, Any] = {
        "command": "kubelogin",
        "args": (),
        "environ": {},
        "api_version": V1,
        "install_hint": "",
        "cluster_info": None,
    }
    return ExecPlugin(**(fields | more))


def printed(status: dict[str, Any] | None, *, api_version: str = V1) -> bytes:
    return json.dumps(
        {"apiVersion": api_version, "kind": "ExecCredential", "status": status}
    ).encode()


def source(credentials: Credentials) -> CredentialSource:
    return CredentialSource(
        Connection(name="c", server="https://api", credentials=credentials), VirtualClock()
    )


def test_a_token_with_its_end_is_read() -> None:
    output = printed({"token": "t", "expirationTimestamp": "2026-01-01T01:00:00Z"})

    login = parse_exec_credential(plugin(), output)

    assert login == Login(token="t", expires=datetime(2026, 1, 1, 1, tzinfo=UTC))


def test_a_certificate_is_read() -> None:
    output = printed({"clientCertificateData": "cert", "clientKeyData": "key"})

    login = parse_exec_credential(plugin(), output)

    assert login.certificate == ClientCertificate(chain_pem=b"cert", key_pem=b"key")
    assert login.token is None


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (b"Please log in at https://...", "printed no ExecCredential"),
        (printed({"token": "t"}, api_version=f"{V1}beta1"), "answered in"),
        (b"{}", "answered in no version"),
        (printed(None), "neither a token nor a certificate"),
        (printed({}), "neither a token nor a certificate"),
        (printed({"token": "t", "expirationTimestamp": "soon"}), "printed no ExecCredential"),
    ],
)
def test_another_answer_is_refused(output: bytes, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        parse_exec_credential(plugin(), output)


@pytest.mark.parametrize(
    ("expires", "is_fresh"),
    [
        (None, True),
        (NOW + EXPIRY_SKEW + timedelta(seconds=1), True),
        (NOW + EXPIRY_SKEW, False),
        (NOW - timedelta(seconds=1), False),
    ],
)
def test_a_login_is_renewed_a_little_before_its_end(
    expires: datetime | None, *, is_fresh: bool
) -> None:
    assert Login(token="t", expires=expires).is_fresh(NOW) is is_fresh


def test_a_plugin_is_told_that_nobody_is_there_to_ask() -> None:
    told = json.loads(build_exec_info(plugin()))

    assert told == {"apiVersion": V1, "kind": "ExecCredential", "spec": {"interactive": False}}


def test_a_plugin_is_told_of_the_cluster_where_it_asked() -> None:
    told = json.loads(build_exec_info(plugin(cluster_info={"server": "https://api"})))

    assert told["spec"]["cluster"] == {"server": "https://api"}


async def test_no_credentials_make_an_empty_login() -> None:
    assert await source(NoCredentials()).fetch_login() == Login()


async def test_a_static_token_is_the_login() -> None:
    assert await source(StaticToken("t")).fetch_login() == Login(token="t")


async def test_a_token_file_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "token"
    logins = source(TokenFile(path))
    tokens = []
    for text in ("one\n", "two"):
        path.write_text(text)
        tokens.append((await logins.fetch_login()).token)

    assert tokens == ["one", "two"]


@pytest.mark.parametrize("content", [None, " \n"])
async def test_a_token_file_without_a_token_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ForbiddenError, match="token file"):
        await source(TokenFile(path)).fetch_login()


@pytest.mark.parametrize(
    ("credentials", "is_renewable"),
    [
        (NoCredentials(), False),
        (StaticToken("t"), False),
        (TokenFile(Path("t")), True),
        (plugin(), True),
    ],
)
def test_only_what_can_change_is_asked_again(
    credentials: Credentials, *, is_renewable: bool
) -> None:
    assert source(credentials).is_renewable is is_renewable


async def test_a_token_of_a_source_is_kept_until_it_ends_or_is_refused() -> None:
    fetched: list[str] = []

    async def fetch() -> tuple[str, datetime]:
        fetched.append(f"token-{len(fetched) + 1}")
        return fetched[-1], NOW + timedelta(hours=1)

    login = source(TokenSource(fetch))
    assert login.is_renewable

    first = await login.fetch_login()
    again = await login.fetch_login()
    other = await login.fetch_login(refused=first)

    assert [first.token, again.token, other.token] == ["token-1", "token-1", "token-2"]
    assert "token-1" not in repr(first)
