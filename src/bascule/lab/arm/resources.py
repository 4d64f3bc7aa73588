"""All resources of the lab's Azure, by id: whole documents, changed only through this store."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]
"""A resource as ARM shows it: id, name, type, location, tags, properties, ..."""


class ResourceStore:
    """Keeps documents by id, without case; what is handed out is a copy.

    `on_change` is called with the id after each change, for whoever keeps the lab on disk.
    """

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self.on_change: Callable[[str], None] = lambda _resource_id: None

    def find(self, resource_id: str) -> Document | None:
        """Return a resource, or None."""
        found = self._documents.get(_key(resource_id))
        return copy.deepcopy(found) if found is not None else None

    def put(self, document: Document) -> None:
        """Keep a document by its `id`."""
        self._documents[_key(document["id"])] = copy.deepcopy(document)
        self.on_change(document["id"])

    def remove(self, resource_id: str) -> None:
        """Forget a resource and all below it."""
        key = _key(resource_id)
        gone = [each for each in self._documents if each == key or each.startswith(key + "/")]
        for each in gone:
            del self._documents[each]
        if gone:
            self.on_change(resource_id)

    def below(self, scope: str) -> Iterator[Document]:
        """Yield what lies below a scope, by id, the scope itself not included."""
        prefix = _key(scope) + "/"
        for key in sorted(self._documents):
            if key.startswith(prefix):
                yield copy.deepcopy(self._documents[key])

    def of_type(self, kind: str, scope: str = "") -> Iterator[Document]:
        """Yield the resources of a type below a scope; the type is compared without case."""
        prefix, wanted = _key(scope) + "/", kind.lower()
        matching = [
            key
            for key, document in self._documents.items()
            if key.startswith(prefix) and str(document.get("type", "")).lower() == wanted
        ]
        for key in sorted(matching):
            yield copy.deepcopy(self._documents[key])


def _key(resource_id: str) -> str:
    return resource_id.rstrip("/").lower()
