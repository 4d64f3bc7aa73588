"""Server-side apply: who owns which field, who may change it, and what goes when it is dropped.

Follows k8s.io/apimachinery/pkg/util/managedfields and structured-merge-diff.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from typing_extensions import override

from bascule.lab.kubeapi.objects import typed
from bascule.lab.kubeapi.objects.field_paths import (
    EMPTY,
    Path,
    PathSet,
    from_fields,
    render_path,
    to_fields,
    with_named_parents,
)
from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.objects.merge_patch import is_same
from bascule.lab.kubeapi.objects.schema import Schema
from bascule.lab.kubeapi.objects.statuses import Cause, StatusError, bad_request

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
BEFORE_FIRST_APPLY: Final = "before-first-apply"
_KUBECTL: Final = "kubectl"
_APPLY: Final = "Apply"
_UPDATE: Final = "Update"
_NEVER_OWNED: Final[frozenset[Path]] = frozenset(
    {
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "clusterName",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes, and when (RFC 3339, whole seconds).

    `has_status` tells that status is a subresource of this kind: then writers of the object do not
    own it, and writers of the status own nothing of the spec.
    """

    manager: str
    api_version: str
    time: str
    subresource: str = ""
    has_status: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Id:
    """What tells the entries of managedFields apart; appliers are one over all versions."""

    manager: str
    operation: str
    api_version: str
    subresource: str

    @override
    def __str__(self) -> str:
        text = f'"{self.manager}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return f"{text} using {self.api_version}" if self.operation == _UPDATE else text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    fields: PathSet
    api_version: str
    time: str


_Managers = dict[_Id, _Entry]


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
    another manager owns with another value, unless `force`; 400 for an intent with managedFields;
    500 (as the real server) for an intent that does not fit the schema.
    """
    if (intent.get("metadata") or {}).get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    _check_intent(intent, schema)
    current, managers = _split(live or {})
    if live is not None and not managers:
        earlier = replace(writer, manager=BEFORE_FIRST_APPLY, subresource="")
        managers = _track({}, current, {}, schema=schema, writer=earlier)
    found = _find_conflicts(current, intent, managers, schema=schema, writer=writer)
    if writer.manager == _KUBECTL and found:
        allowed = _fields_of_last_applied(current, schema)
        found = [(name, path) for name, path in found if path not in allowed]
    if found and not force:
        raise _conflict(found)
    applied = _apply(current, intent, managers, schema=schema, writer=writer)
    return _renew_last_applied(applied, intent) if writer.manager == _KUBECTL else applied


def track_update(
    old: dict[str, Any] | None,
    new: dict[str, Any],
    *,
    schema: Schema | None,
    writer: Writer,
) -> dict[str, Any]:
    """Return `new` with managedFields as after a create, update or patch by `writer`.

    Fields that changed belong to an Update entry of the writer and to nobody else any more. A `new`
    whose managedFields are one empty entry (`[{}]`) has none from then on, until the next apply;
    other managedFields in it replace those of `old`, but not through a subresource.
    """
    before, managers = _split(old or {})
    written = (new.get("metadata") or {}).get("managedFields")
    after, given = _split(new)
    if written == [{}]:
        return after
    if given and not writer.subresource:
        managers = given
    if old is not None and not managers:
        return after
    return _join(after, _track(before, after, managers, schema=schema, writer=writer))


def _track(
    before: dict[str, Any],
    after: dict[str, Any],
    managers: _Managers,
    *,
    schema: Schema | None,
    writer: Writer,
) -> _Managers:
    found = typed.compare(before, after, schema)
    ignored = _ignored(writer)
    changed = _without(found.added | found.modified, ignored)
    removed = _without(found.removed, ignored)
    mine = _Id(
        manager=writer.manager,
        operation=_UPDATE,
        api_version=writer.api_version,
        subresource=writer.subresource,
    )
    kept = {
        name: replace(entry, fields=entry.fields - changed - removed)
        for name, entry in managers.items()
    }
    if changed:
        earlier = kept[mine].fields if mine in kept else EMPTY
        kept[mine] = _Entry(
            fields=earlier | changed, api_version=writer.api_version, time=writer.time
        )
    return {name: entry for name, entry in kept.items() if entry.fields}


def _find_conflicts(
    live: dict[str, Any],
    intent: dict[str, Any],
    managers: _Managers,
    *,
    schema: Schema | None,
    writer: Writer,
) -> list[tuple[_Id, Path]]:
    merged = _merge(live, intent, managers, schema=schema, writer=writer)
    found = typed.compare(live, merged, schema)
    mine = _applier(writer)
    return [
        (name, path)
        for name, entry in sorted(managers.items(), key=lambda item: str(item[0]))
        if name != mine
        for path in sorted(entry.fields & (found.added | found.modified))
    ]


def _apply(
    live: dict[str, Any],
    intent: dict[str, Any],
    managers: _Managers,
    *,
    schema: Schema | None,
    writer: Writer,
) -> dict[str, Any]:
    merged = _merge(live, intent, managers, schema=schema, writer=writer)
    found = typed.compare(live, merged, schema)
    mine = _applier(writer)
    last = managers.get(mine)
    lost = found.added | found.modified | found.removed
    owners = {name: replace(entry, fields=entry.fields - lost) for name, entry in managers.items()}
    is_unchanged = is_same(_prune(live), _prune(merged))
    owners[mine] = _Entry(
        fields=_wanted(intent, schema, writer),
        api_version=writer.api_version,
        time=last.time if last and is_unchanged else writer.time,
    )
    return _join(copy_json(merged), {n: e for n, e in owners.items() if e.fields})


def _merge(
    live: dict[str, Any],
    intent: dict[str, Any],
    managers: _Managers,
    *,
    schema: Schema | None,
    writer: Writer,
) -> dict[str, Any]:
    """Return `live` with `intent` over it, less what the writer owned and nobody owns now."""
    mine = _applier(writer)
    last = managers[mine].fields if mine in managers else EMPTY
    others = [entry.fields for name, entry in managers.items() if name != mine]
    owned = with_named_parents(_wanted(intent, schema, writer).union(*others))
    dropped = with_named_parents(last) - owned - _NEVER_OWNED
    merged: dict[str, Any] = typed.remove(typed.merge(live, intent, schema), dropped, schema)
    return merged


def _applier(writer: Writer) -> _Id:
    return _Id(
        manager=writer.manager, operation=_APPLY, api_version="", subresource=writer.subresource
    )


def _wanted(intent: dict[str, Any], schema: Schema | None, writer: Writer) -> PathSet:
    return _without(set(typed.list_fields(intent, schema)), _ignored(writer))


def _conflict(pairs: Sequence[tuple[_Id, Path]]) -> StatusError:
    causes = [
        Cause(
            reason="FieldManagerConflict",
            message=f"conflict with {name}",
            field=render_path(path),
        )
        for name, path in pairs
    ]
    return StatusError(
        _conflict_message(pairs),
        code=409,
        reason="Conflict",
        details={"causes": [cause.to_json() for cause in causes]},
    )


def _conflict_message(pairs: Sequence[tuple[_Id, Path]]) -> str:
    if len(pairs) == 1:
        name, path = pairs[0]
        return f"Apply failed with 1 conflict: conflict with {name}: {render_path(path)}"
    lines: list[str] = []
    for owner in dict.fromkeys(name for name, _ in pairs):
        lines.append(f"conflicts with {owner}:")
        lines += [f"- {render_path(path)}" for name, path in pairs if name == owner]
    return f"Apply failed with {len(pairs)} conflicts: " + "\n".join(lines)


def _check_intent(intent: dict[str, Any], schema: Schema | None) -> None:
    try:
        typed.check_typed(intent, schema)
    except typed.TypedError as error:
        metadata = intent.get("metadata") or {}
        group, _, version = str(intent.get("apiVersion", "")).rpartition("/")
        place = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
        kind = f"{group}/{version}, Kind={intent.get('kind', '')}"
        raise StatusError(
            f"failed to create typed patch object ({place}; {kind}): {error}",
            code=500,
            reason="InternalError",
        ) from error


def _ignored(writer: Writer) -> str:
    if writer.subresource == "status":
        return "f:spec"
    return "f:status" if writer.has_status and not writer.subresource else ""


def _without(paths: set[Path], ignored: str) -> PathSet:
    return frozenset(path for path in paths - _NEVER_OWNED if path and path[0] != ignored)


def _renew_last_applied(live: dict[str, Any], intent: dict[str, Any]) -> dict[str, Any]:
    """Keep the annotation of `kubectl apply` in step, where there is one."""
    metadata = live.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if LAST_APPLIED not in annotations:
        return live
    written = copy_json(intent)
    own = (written.get("metadata") or {}).get("annotations")
    if own:
        own.pop(LAST_APPLIED, None)
    text = msgspec.json.encode(written).decode() + "\n"
    return {**live, "metadata": {**metadata, "annotations": {**annotations, LAST_APPLIED: text}}}


def _fields_of_last_applied(live: dict[str, Any], schema: Schema | None) -> set[Path]:
    text = ((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED, "")
    try:
        applied = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return set()
    if not isinstance(applied, dict):
        return set()
    found = typed.compare(applied, live, schema)
    different = found.added | found.modified | found.removed
    return set(typed.list_fields(applied, schema)) - different


def _prune(obj: Any) -> Any:
    if isinstance(obj, dict):
        return {name: _prune(inner) for name, inner in obj.items() if inner is not None}
    return [_prune(item) for item in obj] if isinstance(obj, list) else obj


def _split(obj: dict[str, Any]) -> tuple[dict[str, Any], _Managers]:
    """Return the object without managedFields, and what they say."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj, {}
    rest = {name: value for name, value in metadata.items() if name != "managedFields"}
    managers: _Managers = {}
    for raw in metadata["managedFields"] or ():
        operation = raw.get("operation")
        if operation not in {_APPLY, _UPDATE} or not isinstance(raw.get("fieldsV1"), dict):
            continue
        api_version = raw.get("apiVersion", "")
        name = _Id(
            manager=raw.get("manager", ""),
            operation=operation,
            api_version="" if operation == _APPLY else api_version,
            subresource=raw.get("subresource", ""),
        )
        managers[name] = _Entry(
            fields=from_fields(raw["fieldsV1"]), api_version=api_version, time=raw.get("time", "")
        )
    return {**obj, "metadata": rest}, managers


def _join(obj: dict[str, Any], managers: _Managers) -> dict[str, Any]:
    """Return the object with its managedFields in the order of the real server."""
    ordered = sorted(
        managers.items(),
        key=lambda item: (
            item[0].operation,
            item[1].time,
            item[0].manager,
            item[1].api_version,
            item[0].subresource,
        ),
    )
    written = [_write(name, entry) for name, entry in ordered]
    metadata = {**(obj.get("metadata") or {}), "managedFields": written}
    if not written:
        del metadata["managedFields"]
    return {**obj, "metadata": metadata}


def _write(name: _Id, entry: _Entry) -> dict[str, Any]:
    written: dict[str, Any] = {
        "manager": name.manager,
        "operation": name.operation,
        "apiVersion": entry.api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": to_fields(entry.fields),
    }
    if entry.time:
        written["time"] = entry.time
    if name.subresource:
        written["subresource"] = name.subresource
    return written
