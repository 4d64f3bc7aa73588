"""Clusters whose kubeconfig asks for kubelogin are signed in to without it."""

from dataclasses import replace

from bascule.app.entra import sign_in_by_entra
from bascule.kube.connection import Connection, ExecPlugin, StaticToken, TokenSource

PLUGIN = ExecPlugin(
    command="kubelogin",
    args=("get-token", "--login", "devicecode"),
    environ={},
    api_version="client.authentication.k8s.io/v1beta1",
    install_hint="",
    cluster_info=None,
)
UNATTENDED = replace(PLUGIN, args=("get-token", "--login", "azurecli"))


def connection(credentials: ExecPlugin | StaticToken) -> Connection:
    return Connection(name="green", server="https://green", credentials=credentials)


def signed(given: Connection, *, is_installed: bool = True) -> Connection:
    return sign_in_by_entra(
        given, {}, find_program=lambda name: f"/usr/bin/{name}" if is_installed else None
    )


def test_a_login_that_asks_a_person_is_replaced() -> None:
    found = signed(connection(PLUGIN))

    assert isinstance(found.credentials, TokenSource)
    assert (found.name, found.server) == ("green", "https://green")


def test_a_login_without_people_is_left_to_kubelogin_where_it_is_installed() -> None:
    given = connection(UNATTENDED)

    assert signed(given) is given
    assert isinstance(signed(given, is_installed=False).credentials, TokenSource)


def test_other_logins_stay() -> None:
    other = connection(replace(PLUGIN, command="aws"))
    token = connection(StaticToken("t"))

    assert signed(other, is_installed=False) is other
    assert signed(token) is token


def test_a_cluster_that_is_not_there_yet_is_signed_in_to_once_it_is_found() -> None:
    there: list[Connection] = []
    awaited = Connection(name="green", server="", find=lambda: there[0] if there else None)

    found = signed(awaited)

    assert found.find is not None
    assert found.find() is None
    there.append(connection(PLUGIN))
    later = found.find()
    assert later is not None
    assert isinstance(later.credentials, TokenSource)
