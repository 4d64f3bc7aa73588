"""An application gateway's document, read with Azure's defaults where it says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


class UnservableError(Exception):
    """The document cannot be served; the code and message are of Azure's kind."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One child of a gateway, such as a listener or a pool."""

    name: str
    properties: Mapping[str, Any]

    def text(self, key: str, default: str = "") -> str:
        """Return a text; the default if there is none or it is empty."""
        return str(self.properties.get(key) or default)

    def number(self, key: str, default: int = 0) -> int:
        """Return a number; the default if there is none or it is 0, which Azure allows nowhere."""
        return int(self.properties.get(key) or default)

    def flag(self, key: str) -> bool:
        """Say whether something is switched on."""
        return bool(self.properties.get(key))

    def enabled(self, key: str) -> bool:
        """Say whether a word, in any case, is `Enabled`."""
        return self.text(key).lower() == "enabled"

    def items(self, key: str) -> tuple[Any, ...]:
        """Return a list; empty if there is none."""
        return tuple(self.properties.get(key) or ())

    def part(self, key: str) -> Mapping[str, Any]:
        """Return an object; empty if there is none."""
        return self.properties.get(key) or {}

    @property
    def is_https(self) -> bool:
        """Whether its protocol, written in any case, is HTTPS."""
        return self.text("protocol").lower() == "https"


def child_of(item: Mapping[str, Any]) -> Child:
    """Return an entry of one of the gateway's lists as a child."""
    return Child(name=str(item.get("name", "")), properties=item.get("properties") or {})


class Gateway:
    """Finds the children of a gateway: in the order of the document, and by reference."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.properties: Mapping[str, Any] = document.get("properties") or {}

    def children(self, collection: str) -> tuple[Child, ...]:
        """Return all children of a kind, such as `httpListeners`."""
        return tuple(child_of(item) for item in self.properties.get(collection) or ())

    def find(self, collection: str, reference: Mapping[str, Any] | None) -> Child | None:
        """Return what `{"id": ...}` refers to, None without a reference.

        Raises UnservableError for a reference to something that the document does not have.
        """
        if not reference:
            return None
        child = self.named(collection, str(reference["id"]).rpartition("/")[2])
        if child is not None:
            return child
        raise UnservableError(
            "InvalidResourceReference",
            f"Resource {reference['id']} referenced by the application gateway was not found.",
        )

    def named(self, collection: str, name: str) -> Child | None:
        """Return the child of a kind that has this name, in any case; None if none has."""
        for child in self.children(collection):
            if child.name.lower() == name.lower():
                return child
        return None

    def need(self, collection: str, child: Child, key: str) -> Child:
        """Return what a child has to refer to. Raises UnservableError if it does not."""
        found = self.find(collection, child.properties.get(key))
        if found is None:
            raise UnservableError(
                "ApplicationGatewayInvalidConfiguration", f"{child.name} has no {key}."
            )
        return found
