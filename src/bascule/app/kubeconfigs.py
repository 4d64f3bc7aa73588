"""Writes the kubeconfig of a cluster in Azure, as its users get it; never an administrator's."""

import base64
import binascii
from pathlib import Path

import msgspec
import yaml

from bascule.azure.document import Document, list_at, text_at
from bascule.azure.opening import Azure
from bascule.azure.resource_id import ResourceId
from bascule.errors import ApiError
from bascule.private_file import write_private

ACTION = "listClusterUserCredential"


async def write_kubeconfig(azure: Azure, cluster: ResourceId, file: Path, context: str) -> None:
    """Write a kubeconfig with one context of that name (0600), whole or not at all.

    Raises ApiError when Azure gives none, ForbiddenError when the caller may not have it.
    """
    accepted = await azure.client.post(cluster, ACTION, query={"format": "exec"})
    text = rename_context(_decode(accepted.document or {}, cluster), context)
    _write(file, text)


def remove_kubeconfig(file: Path) -> None:
    """Remove the kubeconfig of a cluster that is no more."""
    file.unlink(missing_ok=True)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(file, text.encode())


def rename_context(text: str, name: str) -> str:
    """Return a kubeconfig in which the current context, and all that it names, is called `name`.

    Raises ApiError for a text that is no kubeconfig.
    """
    try:
        root = msgspec.convert(yaml.safe_load(text), _Kubeconfig)
        context = _named(root.contexts, root.current, "context")
        cluster = _named(root.clusters, context["cluster"], "cluster")
        user = _named(root.users, context["user"], "user")
    except (yaml.YAMLError, msgspec.ValidationError, KeyError, StopIteration) as error:
        raise ApiError(f"what Azure gave is no kubeconfig: {type(error).__name__}") from error
    renamed = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {**context, "cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
    }
    return yaml.safe_dump(renamed, sort_keys=False)


class _Kubeconfig(msgspec.Struct):
    contexts: list[dict[str, object]]
    clusters: list[dict[str, object]]
    users: list[dict[str, object]]
    current: str = msgspec.field(name="current-context")


def _named(items: list[dict[str, object]], name: object, part: str) -> dict[str, object]:
    found = next(item for item in items if item["name"] == name)[part]
    if not isinstance(found, dict):
        raise KeyError(part)
    return found


def _decode(answer: Document, cluster: ResourceId) -> str:
    found = list_at(answer, "kubeconfigs")
    try:
        return base64.b64decode(text_at(found[0], "value"), validate=True).decode()
    except (IndexError, binascii.Error, UnicodeDecodeError) as error:
        raise ApiError(
            f"Azure gives no kubeconfig of {cluster.name}",
            remedy="look at it with `az aks get-credentials`",
        ) from error
