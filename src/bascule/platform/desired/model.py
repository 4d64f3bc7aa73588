"""A resource that should exist: its id, what it is made with, what is kept as the spec says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId


class Kind(StrEnum):
    """The kinds of resources that a platform is made of; in words as plans print them."""

    GROUP = "resource group"
    NETWORK = "network"
    SUBNET = "subnet"
    PUBLIC_IP = "public IP"
    IDENTITY = "identity"
    GATEWAY = "gateway"
    CLUSTER = "cluster"
    POOL = "node pool"
    WINDOW = "maintenance window"
    CREDENTIAL = "federated credential"
    ASSIGNMENT = "role assignment"


GRANTED = frozenset({Kind.ASSIGNMENT, Kind.CREDENTIAL})
"""What somebody may do by: kinds that Azure keeps under names of the maker's choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A value of a document that Azure chooses when it makes another resource."""

    of: ResourceId
    path: tuple[str, ...]
    what: str
    """How a plan calls it: `the principal of cluster new`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource. `document` and `kept` may hold values of `Later`."""

    kind: Kind
    id: ResourceId
    document: Document
    """What it is made with."""
    kept: Document = field(default_factory=dict)
    """Which of its fields are compared, and set right, once it exists; all others are left alone.
    A None says that the field must be absent."""
    needs: tuple[ResourceId, ...] = ()
    """What has to exist before."""
    parent: ResourceId | None = None
    """What it is made together with, if that is made too."""
    title: str = ""
    """Its name for people, if not the last of its id."""
    reason: str = ""

    @property
    def name(self) -> str:
        """How people call it: `cluster old`."""
        return f"{self.kind} {self.title or self.id.name}"


def resolve(document: Document, known: Mapping[str, Document]) -> Document | None:
    """Return the document with all that is known now, or None while something is not.

    `known` has the documents of resources by the key of their ids.
    """
    try:
        return cast("Document", _filled(document, known))
    except LookupError:
        return None


def drop_absent(document: Document) -> dict[str, object]:
    """Return a document without the fields that are None, at any depth."""
    return {
        key: drop_absent(cast("Document", value)) if isinstance(value, Mapping) else value
        for key, value in document.items()
        if value is not None
    }


def find_later(value: object) -> tuple[Later, ...]:
    """Return what a document waits for, each once, in its order."""
    match value:
        case Later():
            return (value,)
        case Mapping():
            inner: Sequence[object] = list(value.values())
        case list() | tuple():
            inner = value
        case _:
            return ()
    return tuple(dict.fromkeys(later for each in inner for later in find_later(each)))


def _filled(value: object, known: Mapping[str, Document]) -> object:
    match value:
        case Later():
            return _look_up(known[value.of.key], value.path)
        case Mapping():
            return {key: _filled(each, known) for key, each in value.items()}
        case list() | tuple():
            return [_filled(each, known) for each in value]
        case _:
            return value


def _look_up(document: object, path: Sequence[str]) -> object:
    """Keys that are ids come back from Azure in other cases than they were written in."""
    for part in path:
        fields = document if isinstance(document, Mapping) else {}
        matching = (key for key in fields if str(key).lower() == part.lower())
        document = fields[next(matching, part)]
    if document is None or document == "":
        raise KeyError(path)
    return document
