"""Server-side apply: who owns which field, who may change it, and what goes when it is dropped."""

import copy
from dataclasses import dataclass
from typing import Any

from bascule.lab.kubeapi.objects.merge_patch import apply_merge_patch
from bascule.lab.kubeapi.objects.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes: the name and operation of a managedFields entry, and when (RFC 3339, seconds)."""

    manager: str
    api_version: str
    time: str
    subresource: str = ""


def apply_configuration(
    live: dict[str, Any] | None,
    intent: dict[str, Any],
    *,
    schema: Schema | None,
    writer: Writer,
    force: bool = False,
) -> dict[str, Any]:
    """Return the object after `writer` applied `intent`; `live` is None for a new one.

    The result carries the new managedFields. Raises a StatusError: 409 with a cause per field that
    another manager owns with another value, unless `force`; 400 for an intent with managedFields.
    """
    _ = (schema, writer, force)
    merged: dict[str, Any] = apply_merge_patch(live or {}, intent)
    return merged


def track_update(
    old: dict[str, Any] | None,
    new: dict[str, Any],
    *,
    schema: Schema | None,
    writer: Writer,
) -> dict[str, Any]:
    """Return `new` with managedFields as after a create, update or patch by `writer`.

    Fields that changed belong to an Update entry of the writer and to nobody else any more. A `new`
    whose managedFields are an empty list starts afresh, as the API says.
    """
    _ = (old, schema, writer)
    return copy.deepcopy(new)
