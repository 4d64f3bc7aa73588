"""Signs in to clusters of AKS that use Entra: by the credential for Azure, without kubelogin."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace

from bascule.kube.connection import Connection, ExecPlugin, TokenSource


def sign_in_by_entra(
    connection: Connection,
    environ: Mapping[str, str],
    *,
    find_program: Callable[[str], str | None] = shutil.which,
) -> Connection:
    """Return the connection with tokens of our own where kubelogin could not give any.

    It cannot where it is not installed, or where the kubeconfig has it ask a person.
    """
    find = connection.find
    if find is not None:
        return replace(connection, find=lambda: _once_found(find(), environ, find_program))
    plugin = connection.credentials
    if not isinstance(plugin, ExecPlugin):
        return connection
    from bascule.azure.kube_tokens import read_kubelogin, tokens_on_demand

    kubelogin = read_kubelogin(plugin.command, plugin.args)
    if kubelogin is None:
        return connection
    if find_program(plugin.command) is not None and not kubelogin.is_for_people:
        return connection
    return replace(connection, credentials=TokenSource(tokens_on_demand(kubelogin, environ)))


def _once_found(
    found: Connection | None,
    environ: Mapping[str, str],
    find_program: Callable[[str], str | None],
) -> Connection | None:
    return None if found is None else sign_in_by_entra(found, environ, find_program=find_program)
