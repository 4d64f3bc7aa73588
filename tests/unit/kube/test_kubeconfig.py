"""Kubeconfigs as users have them, good and bad."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from bascule.errors import SpecError
from bascule.kube.connection import (
    ClientCertificate,
    Connection,
    ExecPlugin,
    Impersonation,
    NoCredentials,
    StaticToken,
    TokenFile,
)
from bascule.kube.kubeconfig import load_kubeconfig

EXEC_V1 = "client.authentication.k8s.io/v1"


def kubeconfig(
    *,
    cluster: dict[str, Any] | None = None,
    user: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab-blue",
        "contexts": [
            {"name": "lab-blue", "context": {"cluster": "blue", "user": "me"} | (context or {})}
        ],
        "clusters": [
            {"name": "blue", "cluster": {"server": "https://127.0.0.1:6443/"} | (cluster or {})}
        ],
        "users": [{"name": "me", "user": user or {}}],
    }


def load(
    folder: Path,
    content: dict[str, Any] | str,
    *,
    context: str | None = None,
    environ: dict[str, str] | None = None,
) -> Connection:
    path = folder / "config"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return load_kubeconfig(path, context, environ=environ or {})


def refused(folder: Path, content: dict[str, Any] | str, **more: Any) -> SpecError:
    with pytest.raises(SpecError) as caught:
        load(folder, content, **more)
    assert caught.value.file == str(folder / "config")
    return caught.value


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_the_current_context_names_server_and_user(tmp_path: Path) -> None:
    found = load(tmp_path, kubeconfig(user={"token": "t"}, context={"namespace": "shop"}))

    assert found.name == "lab-blue"
    assert found.server == "https://127.0.0.1:6443"
    assert found.credentials == StaticToken("t")
    assert found.namespace == "shop"
    assert found.is_verified
    assert found.ca_pem is None


def test_a_context_may_be_named(tmp_path: Path) -> None:
    content = kubeconfig()
    content["contexts"].append({"name": "other", "context": {"cluster": "blue"}})

    found = load(tmp_path, content, context="other")

    assert found.name == "other"
    assert found.credentials == NoCredentials()
    assert found.namespace == "default"


def test_certificates_come_inline(tmp_path: Path) -> None:
    user = {"client-certificate-data": encoded("cert"), "client-key-data": encoded("key")}

    found = load(
        tmp_path, kubeconfig(cluster={"certificate-authority-data": encoded("ca")}, user=user)
    )

    assert found.ca_pem == b"ca"
    assert found.certificate == ClientCertificate(chain_pem=b"cert", key_pem=b"key")


def test_certificate_files_lie_beside_the_kubeconfig(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text(name)
    user = {"client-certificate": "cert.pem", "client-key": str(tmp_path / "key.pem")}

    found = load(tmp_path, kubeconfig(cluster={"certificate-authority": "ca.pem"}, user=user))

    assert found.ca_pem == b"ca.pem"
    assert found.certificate == ClientCertificate(chain_pem=b"cert.pem", key_pem=b"key.pem")


def test_inline_data_wins_over_a_file(tmp_path: Path) -> None:
    cluster = {"certificate-authority": "absent", "certificate-authority-data": encoded("ca")}

    assert load(tmp_path, kubeconfig(cluster=cluster)).ca_pem == b"ca"


def test_a_token_file_wins_over_a_token(tmp_path: Path) -> None:
    found = load(tmp_path, kubeconfig(user={"token": "t", "tokenFile": "token"}))

    assert found.credentials == TokenFile(tmp_path / "token")


def test_secrets_do_not_show_in_a_connection(tmp_path: Path) -> None:
    user = {
        "token": "very-secret",
        "client-certificate-data": encoded("c"),
        "client-key-data": encoded("very-secret"),
    }

    assert "very-secret" not in repr(load(tmp_path, kubeconfig(user=user)))


def test_an_exec_plugin_is_read_whole(tmp_path: Path) -> None:
    plugin = {
        "apiVersion": EXEC_V1,
        "command": "./kubelogin",
        "args": ["get-token"],
        "env": [{"name": "AAD", "value": "x"}],
        "installHint": "install it",
        "interactiveMode": "Never",
        "provideClusterInfo": True,
    }
    (tmp_path / "ca.pem").write_text("ca")
    cluster = {
        "certificate-authority": "ca.pem",
        "extensions": [
            {"name": "other", "extension": 1},
            {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}},
        ],
    }

    found = load(
        tmp_path, kubeconfig(cluster=cluster, user={"exec": plugin}), environ={"HOME": "/h"}
    )

    assert found.credentials == ExecPlugin(
        command=str(tmp_path / "kubelogin"),
        args=("get-token",),
        environ={"HOME": "/h", "AAD": "x"},
        api_version=EXEC_V1,
        install_hint="install it",
        cluster_info={
            "server": "https://127.0.0.1:6443/",
            "certificate-authority-data": encoded("ca"),
            "config": {"audience": "a"},
        },
    )


def test_a_bare_command_is_found_on_the_path_and_sees_no_cluster(tmp_path: Path) -> None:
    plugin = {"apiVersion": f"{EXEC_V1}beta1", "command": "kubelogin"}

    found = load(tmp_path, kubeconfig(user={"exec": plugin})).credentials

    assert isinstance(found, ExecPlugin)
    assert found.command == "kubelogin"
    assert found.cluster_info is None


def test_acting_as_somebody_else(tmp_path: Path) -> None:
    user = {"as": "ann", "as-uid": "7", "as-groups": ["dev", "ops"]}

    found = load(tmp_path, kubeconfig(user=user)).impersonation

    assert found == Impersonation(user="ann", uid="7", groups=("dev", "ops"))


def test_verification_is_off_only_where_it_says_so(tmp_path: Path) -> None:
    found = load(tmp_path, kubeconfig(cluster={"insecure-skip-tls-verify": True}))

    assert not found.is_verified


def test_the_proxy_of_the_kubeconfig_wins(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        kubeconfig(cluster={"server": "https://api", "proxy-url": "http://p:1"}),
        environ={"HTTPS_PROXY": "http://q:2"},
    )

    assert found.proxy_url == "http://p:1"


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({"HTTPS_PROXY": "http://q:2"}, "http://q:2"),
        ({"https_proxy": "http://q:2"}, "http://q:2"),
        ({"HTTPS_PROXY": "http://q:2", "NO_PROXY": "example.com"}, None),
        ({}, None),
    ],
)
def test_the_proxy_of_the_environment(
    tmp_path: Path, environ: dict[str, str], proxy: str | None
) -> None:
    content = kubeconfig(cluster={"server": "https://api.example.com:6443"})

    assert load(tmp_path, content, environ=environ).proxy_url == proxy


def test_broken_yaml_is_named_with_line_and_column(tmp_path: Path) -> None:
    error = refused(tmp_path, "clusters:\n  - name: x\n   bad: [\n")

    assert (error.line, error.column) == (3, 4)
    assert error.remedy


def test_a_character_that_yaml_forbids_is_refused(tmp_path: Path) -> None:
    assert "not valid YAML" in str(refused(tmp_path, "a: \x01"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="No such file") as caught:
        load_kubeconfig(tmp_path / "absent", environ={})

    assert caught.value.remedy


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SpecError, match="UTF-8"):
        load_kubeconfig(tmp_path / "config", environ={})


@pytest.mark.parametrize(
    ("content", "field", "said"),
    [
        ("[]", "", "expected a mapping, found a list"),
        ("text", "", "expected a mapping, found text"),
        ("", "current-context", "no context is named"),
        ("current-context: 7", "current-context", "expected text, found a number"),
        ("current-context: x", "contexts", "no entry named 'x'"),
        ("current-context: x\ncontexts: {}", "contexts", "expected a list, found a mapping"),
        ("current-context: x\ncontexts: [1]", "contexts[0]", "expected a mapping, found a number"),
        (
            "current-context: x\ncontexts: [{name: x, context: {}}]",
            "contexts[x].context.cluster",
            "is missing",
        ),
    ],
)
def test_a_wrong_file_names_the_field(tmp_path: Path, content: str, field: str, said: str) -> None:
    error = refused(tmp_path, content)

    assert error.field == field
    assert said in error.message


def test_an_unknown_context_lists_those_there_are(tmp_path: Path) -> None:
    error = refused(tmp_path, kubeconfig(), context="lab-red")

    assert error.remedy == "it has: lab-blue"


@pytest.mark.parametrize(
    ("cluster", "key", "said"),
    [
        ({"server": "127.0.0.1:6443"}, "server", "is not an address"),
        ({"server": ""}, "server", "is missing"),
        ({"insecure-skip-tls-verify": "yes"}, "insecure-skip-tls-verify", "true or false"),
        (
            {"insecure-skip-tls-verify": True, "certificate-authority-data": "Y2E="},
            "insecure-skip-tls-verify",
            "beside a certificate authority",
        ),
        ({"certificate-authority-data": "%%%"}, "certificate-authority-data", "base64"),
        ({"certificate-authority": "absent.pem"}, "certificate-authority", "cannot read"),
        ({"proxy-url": "socks5://p:1"}, "proxy-url", "socks5 proxy is not supported"),
    ],
)
def test_a_wrong_cluster_names_the_field(
    tmp_path: Path, cluster: dict[str, Any], key: str, said: str
) -> None:
    error = refused(tmp_path, kubeconfig(cluster=cluster))

    assert error.field == f"clusters[blue].cluster.{key}"
    assert said in error.message


@pytest.mark.parametrize(
    ("user", "key", "said"),
    [
        ({"client-key-data": "a2V5"}, "client-certificate", "missing beside its other half"),
        ({"client-certificate-data": "Yw=="}, "client-key", "missing beside its other half"),
        ({"auth-provider": {"name": "azure"}}, "auth-provider", "was removed"),
        ({"username": "admin", "password": "x"}, "username", "was removed"),
        ({"token": 5}, "token", "expected text"),
        ({"token": None, "tokenFile": []}, "tokenFile", "found a list"),
        ({"as": "ann", "as-groups": [1]}, "as-groups", "a list of texts"),
        ({"as": "ann", "as-groups": "dev"}, "as-groups", "a list of texts"),
        ({"as": "ann", "as-user-extra": {}}, "as-user-extra", "not supported"),
        ({"as": True}, "as", "found true or false"),
        ({"as": {}}, "as", "found a mapping"),
        ({"exec": {"command": "x"}}, "exec.apiVersion", "is missing"),
        ({"exec": {"apiVersion": "v1alpha1", "command": "x"}}, "exec.apiVersion", "not supported"),
        ({"exec": {"apiVersion": EXEC_V1}}, "exec.command", "is missing"),
        (
            {"exec": {"apiVersion": EXEC_V1, "command": "x", "interactiveMode": "Always"}},
            "exec.interactiveMode",
            "needs a terminal",
        ),
        (
            {"exec": {"apiVersion": EXEC_V1, "command": "x", "env": [{"value": "v"}]}},
            "exec.env[0].name",
            "is missing",
        ),
        ({"token": "2026-01-01T00:00:00Z", "tokenFile": 1.5}, "tokenFile", "found a number"),
    ],
)
def test_a_wrong_user_names_the_field(
    tmp_path: Path, user: dict[str, Any], key: str, said: str
) -> None:
    error = refused(tmp_path, kubeconfig(user=user))

    assert error.field == f"users[me].user.{key}"
    assert said in error.message


def test_a_value_of_an_odd_type_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path, "current-context: 2026-01-01")

    assert "found date" in error.message


def test_a_null_section_counts_as_empty(tmp_path: Path) -> None:
    content = kubeconfig()
    content["users"][0]["user"] = None

    assert load(tmp_path, content).credentials == NoCredentials()
