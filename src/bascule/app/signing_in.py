"""Signs in to clusters that use Entra with the credential of Azure's verbs, without kubelogin."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace

from bascule.kube.connection import Connection, ExecPlugin, TokenSource


def without_kubelogin(
    connection: Connection, environ: Mapping[str, str] = os.environ
) -> Connection:
    """Return the connection, its login plugin replaced where that could not sign in by itself.

    A kubeconfig fresh from Azure asks kubelogin to show a person a code; a runtime has no person.
    Where kubelogin is told how to sign in alone, and is installed, it stays. A cluster that is not
    there yet is looked at when it is.
    """
    find = connection.find
    if find is not None:
        return replace(
            connection,
            find=lambda: None if (found := find()) is None else without_kubelogin(found, environ),
        )
    plugin = connection.credentials
    if not isinstance(plugin, ExecPlugin):
        return connection
    from bascule.azure.kube_tokens import read_kubelogin, tokens_on_demand

    kubelogin = read_kubelogin(plugin.command, plugin.args)
    if kubelogin is None:
        return connection
    is_installed = shutil.which(plugin.command, path=environ.get("PATH")) is not None
    if is_installed and not kubelogin.is_for_people:
        return connection
    return replace(connection, credentials=TokenSource(tokens_on_demand(kubelogin, environ)))
