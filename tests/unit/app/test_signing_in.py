from pathlib import Path

from bascule.app.signing_in import without_kubelogin
from bascule.kube.connection import Connection, ExecPlugin, StaticToken, TokenSource


def plugin(*args: str, command: str = "kubelogin") -> ExecPlugin:
    return ExecPlugin(
        command=command,
        args=("get-token", "--server-id", "6dae42f8", *args),
        environ={},
        api_version="client.authentication.k8s.io/v1beta1",
        install_hint="",
        cluster_info=None,
    )


def connect(credentials: ExecPlugin | StaticToken) -> Connection:
    return Connection(name="old", server="https://old", credentials=credentials)


def install(folder: Path) -> dict[str, str]:
    """Put a kubelogin there that can be run; return an environment in which it is found."""
    program = folder / "kubelogin"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    return {"PATH": str(folder)}


def test_a_login_that_waits_for_a_person_is_replaced(tmp_path: Path) -> None:
    fresh = connect(plugin("--login", "devicecode"))

    found = without_kubelogin(fresh, install(tmp_path))

    assert isinstance(found.credentials, TokenSource)
    assert (found.name, found.server) == ("old", "https://old")


def test_a_login_that_can_sign_in_alone_stays_where_it_is_installed(tmp_path: Path) -> None:
    alone = connect(plugin("--login", "spn"))

    assert without_kubelogin(alone, install(tmp_path)) == alone
    assert isinstance(without_kubelogin(alone, {"PATH": ""}).credentials, TokenSource)


def test_every_other_login_stays() -> None:
    for other in (connect(StaticToken("t")), connect(plugin(command="aws"))):
        assert without_kubelogin(other, {"PATH": ""}) is other


def test_a_cluster_that_is_not_there_yet_is_looked_at_when_it_is() -> None:
    there: list[Connection] = []
    awaited = Connection(name="new", server="", find=lambda: there[0] if there else None)

    found = without_kubelogin(awaited, {"PATH": ""})

    assert found.is_awaited
    there.append(connect(plugin("--login", "devicecode")))
    assert found.find is not None
    come = found.find()
    assert come is not None
    assert isinstance(come.credentials, TokenSource)
