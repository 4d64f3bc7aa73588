"""Azure as documents by id, and lists by path: what the inventory asks, which can only read."""

from collections.abc import Mapping, Sequence
from typing import Any

from bascule.azure.document import Document
from bascule.errors import ForbiddenError


class Documents:
    """Knows documents and lists; what is forbidden raises, a list that is not known is empty."""

    def __init__(
        self,
        *documents: dict[str, Any],
        lists: Mapping[str, Sequence[dict[str, Any]]] | None = None,
        forbidden: tuple[str, ...] = (),
    ) -> None:
        self._known = {each["id"].lower(): each for each in documents}
        self._lists = {path.lower(): tuple(found) for path, found in (lists or {}).items()}
        self._forbidden = {each.lower() for each in forbidden}
        self.asked: list[str] = []
        self.queries: dict[str, Mapping[str, str]] = {}

    async def get(self, resource: str, /) -> Document | None:
        self._ask(resource)
        return self._known.get(resource.lower())

    async def list(
        self, path: str, query: Mapping[str, str] | None = None, /
    ) -> tuple[Document, ...]:
        self._ask(path)
        self.queries[path] = query or {}
        return self._lists.get(path.lower(), ())

    def _ask(self, place: str) -> None:
        self.asked.append(place)
        if place.lower() in self._forbidden:
            raise ForbiddenError("AuthorizationFailed")
