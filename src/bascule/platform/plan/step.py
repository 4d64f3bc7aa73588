"""What to do about one resource, given what Azure says of it now: leave, wait, make, change."""

from dataclasses import dataclass

from bascule.azure.document import Document, object_at, text_at
from bascule.platform.desired.ids import find_owner
from bascule.platform.desired.model import Kind, Resource, find_later, resolve
from bascule.platform.plan.diff import FieldChange, find_changes, overlay

_ENDED = frozenset({"", "Succeeded", "Failed", "Canceled"})
_BROKEN = frozenset({"Failed", "Canceled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """It is as wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """It does not exist."""

    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """It differs; `document` is what it should be, all of it."""

    document: Document
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitChange:
    """Something is being done to it: look again when that has ended."""

    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """It is not as wanted and cannot, or must not, become so."""

    reason: str
    remedy: str
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """It cannot be made before something is known that Azure tells later."""

    waits_for: tuple[str, ...]


Decision = Leave | Make | Change | AwaitChange | Refuse | NotYet


def decide(
    resource: Resource, found: Document | None, known: dict[str, Document], *, owner: str
) -> Decision:
    """Return what to do about `resource`, of which `found` is what Azure has, for `owner`.

    `known` are the documents of other resources, by the key of their ids.
    """
    if found is None:
        document = resolve(resource.document, known)
        if document is None:
            waits = (later for later in find_later(resource.document))
            return NotYet(waits_for=tuple(dict.fromkeys(each.what for each in waits)))
        return Make(document=document)
    state = text_at(found, "properties", "provisioningState")
    if is_busy(found):
        return AwaitChange(state=state)
    kept = resolve(resource.kept, known)
    if kept is None:
        return Leave()
    changes = find_changes(resource.kind, kept, found)
    if state in _BROKEN:
        said = FieldChange(field="provisioningState", before=state, after="Succeeded")
        changes = (*changes, said)
    if not changes:
        return Leave()
    return _refuse(resource, found, changes, owner) or Change(
        document=overlay(found, kept), changes=changes
    )


def _refuse(
    resource: Resource, found: Document, changes: tuple[FieldChange, ...], owner: str
) -> Refuse | None:
    other = find_owner(object_at(found, "tags"))
    if other not in {"", owner}:
        return Refuse(
            reason=f"it belongs to the platform {other}, by its tag",
            remedy="change it there, or write here what it is",
            changes=changes,
        )
    fixed = next((change for change in changes if change.refusal), None)
    if fixed is not None:
        return Refuse(
            reason=f"{fixed.field} is {fixed.before!r}, not {fixed.after!r}: {fixed.refusal}",
            remedy="write in the file what it is, or remove it by hand and let it be made again",
            changes=changes,
        )
    if resource.kind is Kind.CLUSTER and is_stopped(found):
        return Refuse(
            reason="it is stopped, and Azure changes no cluster that is",
            remedy=f"start it: az aks start -n {resource.id.name} -g {resource.id.group}",
            changes=changes,
        )
    return None


def is_busy(document: Document) -> bool:
    """Whether something is being done to a resource, as it says itself."""
    return text_at(document, "properties", "provisioningState") not in _ENDED


def is_stopped(cluster: Document) -> bool:
    """Whether a cluster is stopped."""
    return text_at(cluster, "properties", "powerState", "code") == "Stopped"


def find_etag(document: Document) -> str:
    """Return the etag under which a resource was read; AKS has it elsewhere for pools."""
    return (
        text_at(document, "etag")
        or text_at(document, "eTag")
        or text_at(document, "properties", "eTag")
    )
