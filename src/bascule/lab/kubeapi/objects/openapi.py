"""The OpenAPI v3 documents that kubectl explain, apply and dry-run read, per group and version."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bascule.lab.kubeapi.objects.schema import Catalog

_DEFINITION_PREFIX: Final = "#/$defs/"
_COMPONENT_PREFIX: Final = "#/components/schemas/"
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1"
_INT_OR_STRING: Final = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_GVK_KEY: Final = "x-kubernetes-group-version-kind"
_SUB_SCHEMAS: Final = ("items", "additionalProperties", "not")
_SUB_SCHEMA_LISTS: Final = ("allOf", "anyOf", "oneOf")
_CUSTOM_PATCHES: Final = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
)
# kubectl apply sends a strategic merge patch to whatever lists it here.
_PATCHES: Final = (*_CUSTOM_PATCHES, "application/strategic-merge-patch+json")
_JSON: Final = "application/json"
_WRITE_PARAMETERS: Final = ("pretty", "dryRun", "fieldManager", "fieldValidation")
_LIST_PARAMETERS: Final = (
    "pretty",
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
)
_BOOLEANS: Final = frozenset({"allowWatchBookmarks", "sendInitialEvents", "watch", "force"})
_INTEGERS: Final = frozenset({"limit", "timeoutSeconds"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedKind:
    """One kind as a document describes it; `schema` is the openAPIV3Schema of a custom one."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    schema: Mapping[str, Any] | None = None

    @property
    def root(self) -> str:
        """Return `/apis/apps/v1`, or `/api/v1` for the core group."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


def build_index(documents: Mapping[str, str]) -> dict[str, Any]:
    """Return the index at `/openapi/v3`: `documents` gives a hash for each path `apis/apps/v1`."""
    paths = {
        path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
        for path, digest in sorted(documents.items())
    }
    return {"paths": paths}


def build_document(kinds: Sequence[ServedKind], catalog: Catalog) -> dict[str, Any]:
    """Return the OpenAPI v3 document of one group and version, whose kinds are given.

    Schemas that the kinds refer to are part of it, so that it stands alone.
    """
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    wanted = {f"{_META}.DeleteOptions", f"{_META}.Status", f"{_META}.ObjectMeta"}
    wanted |= {f"{_META}.ListMeta", f"{_META}.Patch"}
    for kind in kinds:
        if kind.schema is not None:
            schemas |= _custom_schemas(kind)
        paths |= _paths(kind, _component_of(kind, catalog))
    groups = {(kind.group, kind.version) for kind in kinds}
    wanted |= {
        name
        for gvk in catalog.kinds
        if (gvk.group, gvk.version) in groups and (name := catalog.name_of(gvk)) is not None
    }
    for name in _reachable(wanted, catalog):
        schemas[name] = _convert_definition(name, catalog.definitions.raw[name])
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": f"v{catalog.version}.0"},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _component_of(kind: ServedKind, catalog: Catalog) -> str:
    for gvk in catalog.kinds if kind.schema is None else ():
        if (gvk.group, gvk.version, gvk.kind) == (kind.group, kind.version, kind.kind):
            return catalog.name_of(gvk) or ""
    return _custom_name(kind)


def _custom_name(kind: ServedKind) -> str:
    reversed_group = ".".join(reversed(kind.group.split(".")))
    return f"{reversed_group}.{kind.version}.{kind.kind}"


def _reachable(names: set[str], catalog: Catalog) -> set[str]:
    raw = catalog.definitions.raw
    found: set[str] = set()
    waiting = [name for name in names if name in raw]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(raw[name]))
    return found


def _references(schema: Mapping[str, Any]) -> Iterator[str]:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield reference.removeprefix(_DEFINITION_PREFIX)
    for child in _children(schema):
        yield from _references(child)


def _children(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from schema.get("properties", {}).values()
    for key in _SUB_SCHEMAS:
        if isinstance(schema.get(key), dict):
            yield schema[key]
    for key in _SUB_SCHEMA_LISTS:
        yield from schema.get(key, ())


def _convert_definition(name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    if name == _INT_OR_STRING:
        description = {"description": raw["description"]} if "description" in raw else {}
        return {**description, "format": "int-or-string", "oneOf": _either("integer", "string")}
    if name == _QUANTITY:
        description = {"description": raw["description"]} if "description" in raw else {}
        return {**description, "oneOf": _either("string", "number")}
    converted = _convert(raw)
    for key in ("apiVersion", "kind"):
        field = converted.get("properties", {}).get(key)
        if field is not None and _GVK_KEY in raw:
            field.pop("enum", None)
    return converted


def _either(*types: str) -> list[dict[str, str]]:
    return [{"type": name} for name in types]


def _convert(raw: Mapping[str, Any]) -> dict[str, Any]:
    converted = {
        key: value
        for key, value in raw.items()
        if key not in {"properties", "$ref", *_SUB_SCHEMAS, *_SUB_SCHEMA_LISTS}
    }
    kind = raw.get("type")
    if isinstance(kind, list):
        names = [name for name in kind if name != "null"]
        converted["type"] = names[0]
    if isinstance(raw.get("properties"), dict):
        converted["properties"] = {k: _convert(v) for k, v in raw["properties"].items()}
    for key in _SUB_SCHEMAS:
        value = raw.get(key)
        if value is not None:
            converted[key] = _convert(value) if isinstance(value, dict) else value
    for key in _SUB_SCHEMA_LISTS:
        if key in raw:
            converted[key] = [_convert(value) for value in raw[key]]
    reference = raw.get("$ref")
    if isinstance(reference, str):
        target = {"$ref": _COMPONENT_PREFIX + reference.removeprefix(_DEFINITION_PREFIX)}
        return {**converted, "allOf": [target]} if converted else target
    return converted


def _custom_schemas(kind: ServedKind) -> dict[str, Any]:
    name = _custom_name(kind)
    body = _convert(kind.schema or {})
    properties = {
        **body.get("properties", {}),
        "apiVersion": {"type": "string", "description": "The version of the API of this object."},
        "kind": {"type": "string", "description": "The kind of this object."},
        "metadata": _reference(f"{_META}.ObjectMeta"),
    }
    gvk = {"group": kind.group, "version": kind.version}
    listed = {
        "type": "object",
        "required": ["items"],
        "description": f"{kind.kind}List is a list of {kind.kind}",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": _reference(f"{_META}.ListMeta"),
            "items": {"type": "array", "items": _reference(name)},
        },
        _GVK_KEY: [{**gvk, "kind": f"{kind.kind}List"}],
    }
    single = {
        **body,
        "type": "object",
        "properties": properties,
        _GVK_KEY: [{**gvk, "kind": kind.kind}],
    }
    return {name: single, f"{name}List": listed}


def _reference(name: str) -> dict[str, Any]:
    return {"allOf": [{"$ref": _COMPONENT_PREFIX + name}]}


def _paths(kind: ServedKind, component: str) -> dict[str, Any]:
    place = "/namespaces/{namespace}" if kind.namespaced else ""
    collection = f"{kind.root}{place}/{kind.plural}"
    in_namespace = [_path_parameter("namespace")] if kind.namespaced else []
    patches = _PATCHES if kind.schema is None else _CUSTOM_PATCHES
    paths = {
        collection: {
            "get": _operation(kind, "list", f"{component}List", _LIST_PARAMETERS),
            "post": _operation(kind, "post", component, _WRITE_PARAMETERS, bodies=(_JSON,)),
            "parameters": in_namespace,
        },
        f"{collection}/{{name}}": {
            "get": _operation(kind, "get", component, ("pretty",)),
            "put": _operation(kind, "put", component, _WRITE_PARAMETERS, bodies=(_JSON,)),
            "patch": _operation(
                kind, "patch", component, (*_WRITE_PARAMETERS, "force"), bodies=patches
            ),
            "delete": _operation(kind, "delete", f"{_META}.Status", ("pretty", "dryRun")),
            "parameters": [_path_parameter("name"), *in_namespace],
        },
    }
    if kind.namespaced:
        everywhere = _operation(kind, "list", f"{component}List", _LIST_PARAMETERS)
        paths[f"{kind.root}/{kind.plural}"] = {"get": everywhere}
    return paths


def _operation(
    kind: ServedKind,
    action: str,
    component: str,
    parameters: Sequence[str],
    *,
    bodies: Sequence[str] = (),
) -> dict[str, Any]:
    answer = {"schema": {"$ref": _COMPONENT_PREFIX + component}}
    operation: dict[str, Any] = {
        "tags": [f"{kind.group or 'core'}_{kind.version}"],
        "operationId": f"{action}{kind.group}{kind.version}{kind.kind}",
        "parameters": [_query_parameter(name) for name in parameters],
        "responses": {"200": {"description": "OK", "content": {_JSON: answer}}},
        "x-kubernetes-action": action,
        _GVK_KEY: {"group": kind.group, "version": kind.version, "kind": kind.kind},
    }
    if bodies:
        wanted = f"{_META}.Patch" if action == "patch" else component
        content = {"schema": {"$ref": _COMPONENT_PREFIX + wanted}}
        operation["requestBody"] = {"content": dict.fromkeys(bodies, content), "required": True}
    return operation


def _query_parameter(name: str) -> dict[str, Any]:
    kind = "boolean" if name in _BOOLEANS else "integer" if name in _INTEGERS else "string"
    return {"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": True}}


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "uniqueItems": True},
    }
