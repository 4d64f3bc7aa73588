"""Answers: objects in the version and form asked for, statuses, and their headers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.http.formats import JSON, encode
from bascule.lab.kubeapi.kinds import Kind
from bascule.lab.kubeapi.objects import conversion, tables
from bascule.lab.kubeapi.objects.statuses import StatusError

Object = dict[str, Any]

WARNINGS_MAX: Final = 20


def in_version(kind: Kind, obj: Object, version: str) -> Object:
    """Return an object as stored in the version of its kind that was asked for."""
    api_version = kind.api_version(version)
    if obj["apiVersion"] == api_version:
        return obj
    if kind.is_custom:
        return {**obj, "apiVersion": api_version}
    return conversion.convert(obj, api_version)


def shaped(call: Call, obj: Object) -> Object:
    """Return one stored object as the call wants it: whole, as a table, or metadata only."""
    if call.wanted.shape == "metadata":
        return tables.to_partial_metadata(obj)
    converted = in_version(call.kind, obj, call.version.name)
    if call.wanted.shape == "table":
        version = obj["metadata"].get("resourceVersion", "")
        return table_of(call, [converted], {"resourceVersion": version})
    return converted


def shaped_list(call: Call, items: Sequence[Object], metadata: Mapping[str, Any]) -> Object:
    """Return stored objects as the list that the call wants."""
    if call.wanted.shape == "metadata":
        return tables.to_partial_metadata_list(items, metadata)
    name = call.version.name
    converted = [in_version(call.kind, obj, name) for obj in items]
    if call.wanted.shape == "table":
        return table_of(call, converted, metadata)
    if not call.kind.is_custom:
        converted = [_without_type(obj) for obj in converted]
    return {
        "kind": f"{call.kind.kind}List",
        "apiVersion": call.kind.api_version(name),
        "metadata": dict(metadata),
        "items": converted,
    }


def table_of(call: Call, objects: Sequence[Object], metadata: Mapping[str, Any]) -> Object:
    """Return the table of objects in the version asked for."""
    return tables.build_table(
        objects,
        resource=call.kind.resource,
        now=call.store.clock.now(),
        printer_columns=call.api.custom.printer_columns(call.kind, call.version.name),
        include_object=call.query.get("includeObject", "Metadata"),
        metadata=metadata,
    )


def answer(
    body: Any, *, code: int = 200, warnings: Iterable[str] = (), content_type: str = JSON
) -> web.Response:
    """Return a JSON answer with its Warning headers."""
    response = web.Response(body=encode(body), status=code)
    response.headers["Content-Type"] = content_type
    add_warnings(response, warnings)
    return response


def add_warnings(response: web.StreamResponse, warnings: Iterable[str]) -> None:
    """Add a `Warning: 299` header for each distinct text."""
    for text in tuple(dict.fromkeys(warnings))[:WARNINGS_MAX]:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        response.headers.add("Warning", f'299 - "{quoted}"')


def refusal(error: StatusError, *, warnings: Iterable[str] = ()) -> web.Response:
    """Return the answer that carries a Status."""
    response = answer(error.to_status(), code=error.code, warnings=warnings)
    retry_after_s = (error.details or {}).get("retryAfterSeconds")
    if retry_after_s:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


def success(kind: Kind, name: str, uid: str) -> Object:
    """Return the Status that answers a completed deletion."""
    details = {"name": name, "group": kind.group, "kind": kind.plural, "uid": uid}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }


def _without_type(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in {"apiVersion", "kind"}}
