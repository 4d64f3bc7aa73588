"""From permissions, locks and policies as ARM shows them to what checks look at. Pure."""

from collections.abc import Iterable

from bascule.azure.document import Document, text_at, texts_at
from bascule.checks.azure.facts import Lock, Permission, Policy

_LOCKS = "/providers/microsoft.authorization/locks/"


def read_permissions(documents: Iterable[Document]) -> tuple[Permission, ...]:
    """Return what the caller may do at a scope."""
    return tuple(
        Permission(actions=texts_at(each, "actions"), not_actions=texts_at(each, "notActions"))
        for each in documents
    )


def read_locks(documents: Iterable[Document]) -> tuple[Lock, ...]:
    """Return locks with the scopes that they are on."""
    return tuple(
        Lock(
            name=text_at(each, "name"),
            level=text_at(each, "properties", "level"),
            scope=_scope(text_at(each, "id")),
        )
        for each in documents
    )


def read_policies(documents: Iterable[Document]) -> tuple[Policy, ...]:
    """Return the assignments that are enforced."""
    return tuple(
        Policy(
            name=text_at(each, "properties", "displayName") or text_at(each, "name"),
            effect=text_at(each, "properties", "parameters", "effect", "value"),
        )
        for each in documents
        if text_at(each, "properties", "enforcementMode").lower() != "donotenforce"
    )


def _scope(lock_id: str) -> str:
    at = lock_id.lower().find(_LOCKS)
    return lock_id[:at] if at >= 0 else lock_id
