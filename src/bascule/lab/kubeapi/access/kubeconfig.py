"""Kubeconfig files for the clusters of a lab (0600)."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bascule.lab.kubeapi.access.certificates import write_private


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One context: where a cluster is, whom to trust, and as whom to come."""

    context: str
    server: str
    authority_pem: bytes
    certificate_pem: bytes = b""
    key_pem: bytes = b""
    token: str = ""
    namespace: str = ""


def build_kubeconfig(accesses: Sequence[Access]) -> dict[str, Any]:
    """Return a kubeconfig with one context for each access; the first is the current one."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "current-context": accesses[0].context if accesses else "",
        "clusters": [
            {
                "name": access.context,
                "cluster": {
                    "server": access.server,
                    "certificate-authority-data": _base64(access.authority_pem),
                },
            }
            for access in accesses
        ],
        "users": [{"name": f"{access.context}-user", "user": _user(access)} for access in accesses],
        "contexts": [
            {
                "name": access.context,
                "context": {
                    "cluster": access.context,
                    "user": f"{access.context}-user",
                    **({"namespace": access.namespace} if access.namespace else {}),
                },
            }
            for access in accesses
        ],
    }


def write_kubeconfig(path: Path, accesses: Sequence[Access]) -> None:
    """Write the kubeconfig of these accesses to `path` (0600), replacing it in one step."""
    text = yaml.safe_dump(build_kubeconfig(accesses), sort_keys=False)
    write_private(path, text.encode())


def _user(access: Access) -> dict[str, str]:
    if access.token:
        return {"token": access.token}
    return {
        "client-certificate-data": _base64(access.certificate_pem),
        "client-key-data": _base64(access.key_pem),
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
