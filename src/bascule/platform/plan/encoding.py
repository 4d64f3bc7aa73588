"""Resources as JSON, so that what was approved is what is made, by whoever goes on with it."""

from collections.abc import Mapping
from typing import cast

from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId
from bascule.errors import JournalError
from bascule.journal.record import Json
from bascule.platform.desired.model import Kind, Later, Resource

_LATER = "$later"
"""The key under which a value stands that Azure tells later."""


def render_resource(resource: Resource) -> dict[str, Json]:
    """Return a resource as JSON from which `parse_resource` makes the same one."""
    return {
        "kind": resource.kind.value,
        "id": str(resource.id),
        "document": _render(resource.document),
        "kept": _render(resource.kept),
        "needs": [str(need) for need in resource.needs],
        "parent": None if resource.parent is None else str(resource.parent),
        "title": resource.title,
        "reason": resource.reason,
    }


def parse_resource(data: Json) -> Resource:
    """Return the resource that `render_resource` wrote. Raises JournalError for anything else."""
    fields = data if isinstance(data, dict) else {}
    try:
        kind = Kind(str(fields.get("kind")))
    except ValueError as error:
        raise JournalError(f"{fields.get('kind')!r} is no kind of resource") from error
    needs, parent = fields.get("needs"), fields.get("parent")
    return Resource(
        kind=kind,
        id=ResourceId(_text(fields, "id")),
        document=cast("Document", _parse(fields.get("document"))),
        kept=cast("Document", _parse(fields.get("kept"))),
        needs=tuple(ResourceId(str(need)) for need in (needs if isinstance(needs, list) else ())),
        parent=None if parent is None else ResourceId(str(parent)),
        title=_text(fields, "title"),
        reason=_text(fields, "reason"),
    )


def parse_resources(platform: Mapping[str, Json]) -> tuple[Resource, ...]:
    """Return what an act is to make. Raises JournalError for what is no such list."""
    found = platform.get("resources")
    if not isinstance(found, list) or not found:
        raise JournalError("an act of a platform names nothing to make")
    return tuple(parse_resource(each) for each in found)


def find_cluster(platform: Mapping[str, Json]) -> ResourceId:
    """Return the cluster that an act is about. Raises JournalError where none is named."""
    named = platform.get("cluster")
    if not isinstance(named, str):
        raise JournalError("an act of a platform names no cluster")
    return ResourceId(named)


def _render(value: object) -> Json:
    match value:
        case Later():
            path: list[Json] = list(value.path)
            return {_LATER: {"of": str(value.of), "path": path, "what": value.what}}
        case Mapping():
            return {str(key): _render(each) for key, each in value.items()}
        case list() | tuple():
            return [_render(each) for each in value]
        case _:
            return cast("Json", value)


def _parse(data: Json) -> object:
    if isinstance(data, list):
        return [_parse(each) for each in data]
    if not isinstance(data, dict):
        return data
    later = data.get(_LATER)
    if not isinstance(later, dict):
        return {key: _parse(each) for key, each in data.items()}
    path = later.get("path")
    return Later(
        of=ResourceId(_text(later, "of")),
        path=tuple(str(part) for part in (path if isinstance(path, list) else ())),
        what=_text(later, "what"),
    )


def _text(fields: Mapping[str, Json], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise JournalError(f"{name} is not text in a resource")
    return value
