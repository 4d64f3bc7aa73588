"""Says in words for people what differs between two documents of a gateway."""

from dataclasses import dataclass
from enum import StrEnum

from bascule.azure.document import Document
from bascule.gateway.ownership import Owns


class ChangeKind(StrEnum):
    """What became of a child."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildChange:
    """One child that differs, or with an empty collection a property of the gateway itself."""

    collection: str
    name: str
    kind: ChangeKind
    is_ours: bool
    lines: tuple[str, ...]
    """Such as `~ requestRoutingRules/bsc-r-a: urlPathMap bsc-m-a-blue -> bsc-m-a-green`."""


def diff_documents(before: Document, after: Document, owns: Owns) -> tuple[ChildChange, ...]:
    """Return what differs, in the order of collections and names."""
    raise NotImplementedError(before, after, owns)
