"""The kubeconfigs that AKS gives out, made of the lab cluster's own. Pure."""

import base64
from typing import Any, Final

import yaml

from bascule.lab.arm.resources import Document

SERVER_ID: Final = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The application that stands for AKS API servers, in every cloud."""
CLIENT_ID: Final = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"


def build_credentials(
    document: Document, kubeconfig: str, *, is_admin: bool, tenant_id: str
) -> dict[str, Any]:
    """Return the answer of listClusterUserCredential and listClusterAdminCredential.

    `kubeconfig` is that of the cluster's own administrator, empty if no cluster runs.
    """
    name = "clusterAdmin" if is_admin else "clusterUser"
    content = _render(document, kubeconfig, is_admin=is_admin, tenant_id=tenant_id)
    text = yaml.safe_dump(content, sort_keys=False)
    return {"kubeconfigs": [{"name": name, "value": base64.b64encode(text.encode()).decode()}]}


def _render(
    document: Document, kubeconfig: str, *, is_admin: bool, tenant_id: str
) -> dict[str, Any]:
    source = yaml.safe_load(kubeconfig) if kubeconfig else _placeholder(document)
    cluster = source["clusters"][0]["cluster"]
    group, name = document["id"].split("/")[4], document["name"]
    role = "clusterAdmin" if is_admin else "clusterUser"
    context = f"{name}-admin" if is_admin else name
    user = f"{role}_{group}_{name}"
    credential = source["users"][0]["user"]
    if document["properties"].get("aadProfile") and not is_admin:
        credential = {"exec": _login(tenant_id)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "contexts": [{"name": context, "context": {"cluster": name, "user": user}}],
        "current-context": context,
        "preferences": {},
        "users": [{"name": user, "user": credential}],
    }


def _placeholder(document: Document) -> dict[str, Any]:
    server = f"https://{document['properties']['fqdn']}:443"
    return {"clusters": [{"cluster": {"server": server}}], "users": [{"user": {}}]}


def _login(tenant_id: str) -> dict[str, Any]:
    return {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "kubelogin",
        "args": [
            "get-token",
            "--environment",
            "AzurePublicCloud",
            "--server-id",
            SERVER_ID,
            "--client-id",
            CLIENT_ID,
            "--tenant-id",
            tenant_id,
            "--login",
            "devicecode",
        ],
        "env": None,
        "installHint": "kubelogin is needed to sign in to this cluster.",
        "provideClusterInfo": False,
    }
