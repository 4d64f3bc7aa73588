"""The OpenAPI v3 pages: an index with a hash per group and version, and the documents."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi import refusals
from bascule.lab.kubeapi.custom_kinds import DEFINITIONS, CustomKinds
from bascule.lab.kubeapi.http.answers import answer
from bascule.lab.kubeapi.http.discovery import group_order, group_versions
from bascule.lab.kubeapi.http.formats import JSON, encode
from bascule.lab.kubeapi.kinds import Kind
from bascule.lab.kubeapi.objects import openapi
from bascule.lab.kubeapi.objects.openapi import ServedKind
from bascule.lab.kubeapi.objects.schema import Catalog
from bascule.lab.kubeapi.store import Store

_CACHE_FOREVER: Final = "public, immutable, max-age=31536000"


class OpenApiPages:
    """Builds each document once, and again when a custom kind in it changes."""

    def __init__(self, store: Store, catalog: Catalog, custom: CustomKinds) -> None:
        self._store = store
        self._catalog = catalog
        self._custom = custom
        self._documents: dict[str, tuple[Any, bytes]] = {}

    def use(self, catalog: Catalog) -> None:
        """Show another release's documents from now on."""
        self._catalog = catalog
        self._documents.clear()

    def page(self, request: web.BaseRequest) -> web.Response:
        """Answer `/openapi/v3` and what lies below it."""
        path = request.path.removeprefix("/openapi/v3").strip("/")
        paths = self._paths()
        if not path:
            digests = {found: _digest(self._document(found, *paths[found])) for found in paths}
            return answer(openapi.build_index(digests))
        if path not in paths:
            raise refusals.unknown_path()
        body = self._document(path, *paths[path])
        digest = _digest(body)
        response = web.Response(body=body)
        response.headers["Content-Type"] = JSON
        response.headers["ETag"] = f'"{digest}"'
        if request.query.get("hash") == digest:
            response.headers["Cache-Control"] = _CACHE_FOREVER
        return response

    def _paths(self) -> dict[str, tuple[str, str]]:
        kinds = self._store.kinds()
        return {
            (f"apis/{group}/{version}" if group else f"api/{version}"): (group, version)
            for group in group_order(kinds)
            for version in group_versions(kinds, group)
        }

    def _document(self, path: str, group: str, version: str) -> bytes:
        kinds = [
            kind
            for kind in self._store.kinds()
            if kind.group == group and kind.served_version(version)
        ]
        state = self._state(kinds)
        known = self._documents.get(path)
        if known is None or known[0] != state:
            served = [self._served(kind, version) for kind in kinds]
            body = encode(openapi.build_document(served, self._catalog))
            known = self._documents[path] = (state, body)
        return known[1]

    def _served(self, kind: Kind, version: str) -> ServedKind:
        return ServedKind(
            group=kind.group,
            version=version,
            kind=kind.kind,
            plural=kind.plural,
            namespaced=kind.namespaced,
            schema=self._custom.raw_schema(kind, version) if kind.is_custom else None,
        )

    def _state(self, kinds: Sequence[Kind]) -> tuple[tuple[str, str], ...]:
        """Return what a document depends on: its kinds, and the versions of their definitions."""
        return tuple(
            (kind.resource, self._definition_version(kind) if kind.is_custom else "")
            for kind in kinds
        )

    def _definition_version(self, kind: Kind) -> str:
        definition = self._store.find(DEFINITIONS, kind.resource)
        return str(definition["metadata"]["resourceVersion"]) if definition else ""


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest().upper()[:64]
