"""Resources as an approved plan keeps them: what is made later is what was read and agreed on."""

from collections.abc import Mapping, Sequence

from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId
from bascule.errors import JournalError
from bascule.journal.record import Json
from bascule.platform.desired.model import Kind, Later, Resource, find_later
from bascule.platform.plan.model import to_json
from bascule.upgrade.encoding import read_object, read_text

_LATER = "$later"
"""The key of a value that Azure chooses when it makes another resource."""


def render_resource(resource: Resource) -> dict[str, Json]:
    """Return a resource as JSON; `parse_resource` reads it."""
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
    fields = read_object(data, "resource")
    try:
        kind = Kind(read_text(fields, "kind"))
    except ValueError as error:
        raise JournalError(f"no platform makes a {fields.get('kind')!r}") from error
    needs, parent = fields.get("needs"), fields.get("parent")
    return Resource(
        kind=kind,
        id=ResourceId(read_text(fields, "id")),
        document=_document(fields.get("document")),
        kept=_document(fields.get("kept")),
        needs=tuple(ResourceId(str(need)) for need in needs) if isinstance(needs, list) else (),
        parent=ResourceId(parent) if isinstance(parent, str) else None,
        title=read_text(fields, "title", default=""),
        reason=read_text(fields, "reason", default=""),
    )


def choose_part(resources: Sequence[Resource], cluster: ResourceId) -> tuple[Resource, ...]:
    """Return the cluster, and what exists only for it: its pools, its rights, what trusts it."""
    return tuple(each for each in resources if _belongs(each, cluster))


def _belongs(resource: Resource, cluster: ResourceId) -> bool:
    """Say so of what is below it, and of what is made from what it is; not of what waits for it."""
    is_below = f"{resource.id.key}/".startswith(f"{cluster.key}/")
    return is_below or any(later.of == cluster for later in find_later(resource.document))


def _render(value: object) -> Json:
    match value:
        case Later():
            return {_LATER: {"of": str(value.of), "path": [*value.path], "what": value.what}}
        case Mapping():
            return {str(key): _render(each) for key, each in value.items()}
        case list() | tuple():
            return [_render(each) for each in value]
        case _:
            return to_json(value)


def _parse(value: Json) -> object:
    match value:
        case {"$later": dict(later)}:
            path = later.get("path")
            return Later(
                of=ResourceId(str(later.get("of"))),
                path=tuple(str(part) for part in path) if isinstance(path, list) else (),
                what=str(later.get("what")),
            )
        case dict():
            return {key: _parse(each) for key, each in value.items()}
        case list():
            return [_parse(each) for each in value]
        case _:
            return value


def _document(value: Json) -> Document:
    return {key: _parse(each) for key, each in read_object(value, "document").items()}
