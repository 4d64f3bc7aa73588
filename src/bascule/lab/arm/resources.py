"""All resources of the lab's Azure, by id: whole documents, changed only through this store."""

from collections.abc import Callable, Iterable, Iterator
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
        return copied(found) if found is not None else None

    def put(self, document: Document) -> None:
        """Keep a document by its `id`."""
        self._documents[_key(document["id"])] = copied(document)
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
        return self.select(lambda _document: True, scope)

    def of_type(self, kind: str, scope: str = "") -> Iterator[Document]:
        """Yield the resources of a type below a scope; the type is compared without case."""
        wanted = kind.lower()
        return self.select(lambda each: str(each.get("type", "")).lower() == wanted, scope)

    def select(self, fits: Callable[[Document], bool], scope: str = "") -> Iterator[Document]:
        """Yield those below a scope that fit, by id; `fits` must leave them as they are."""
        prefix = _key(scope) + "/"
        fitting = [
            key
            for key, document in self._documents.items()
            if key.startswith(prefix) and fits(document)
        ]
        for key in sorted(fitting):
            yield copied(self._documents[key])

    def load(self, documents: Iterable[Document]) -> None:
        """Hold these and nothing else; tells nobody."""
        self._documents = {_key(each["id"]): copied(each) for each in documents}

    def save(self) -> list[Document]:
        """Return all documents themselves, to be written and not to be changed."""
        return list(self._documents.values())


def copied(value: Any) -> Any:
    """Return a copy of a JSON value through and through, faster than `copy.deepcopy` makes one."""
    if isinstance(value, dict):
        return {name: copied(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [copied(each) for each in value]
    return value


def _key(resource_id: str) -> str:
    return resource_id.rstrip("/").lower()
