"""What the OpenAPI definitions of one Kubernetes version say about a kind, read lazily and once.

Built-in kinds come from the package `kubernetes_validate` (1.25 to 1.37); custom ones from the
`openAPIV3Schema` of their CustomResourceDefinition. A `Schema` is one node of that tree and knows
the list types, map keys and patch strategies that patching and applying need.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from bascule.errors import SpecError

_FOLDER: Final = re.compile(r"v(\d+\.\d+)\.\d+-local")
_REF_PREFIX: Final = "#/$defs/"
_OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
# The definitions leave the defaults out; these keys of list maps have one.
_KEY_DEFAULTS: Final[Mapping[str, Any]] = {"protocol": "TCP"}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Gvk:
    """Group, version and kind of an object; the core group is the empty string."""

    group: str
    version: str
    kind: str

    @classmethod
    def parse(cls, api_version: str, kind: str) -> "Gvk":
        """Return the GVK of an object's `apiVersion` and `kind`."""
        group, _, version = api_version.rpartition("/")
        return cls(group=group, version=version, kind=kind)

    @property
    def api_version(self) -> str:
        """Return `apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


class Schema:
    """One node: what may stand at this place of an object. Children are made when asked for."""

    __slots__ = ("_children", "_definitions", "_types", "name", "raw", "target")

    def __init__(self, raw: Mapping[str, Any], definitions: "Definitions") -> None:
        self._definitions = definitions
        self._children: dict[str, Schema | None] = {}
        self.raw = raw
        reference = raw.get("$ref")
        self._types: frozenset[str] | None = None
        self.name = reference.removeprefix(_REF_PREFIX) if isinstance(reference, str) else ""
        self.target: Mapping[str, Any] = definitions.raw[self.name] if self.name else raw

    def get(self, key: str) -> Any:
        """Return a keyword of this place, or of the definition that it refers to."""
        value = self.raw.get(key)
        return self.target.get(key) if value is None else value

    @property
    def types(self) -> frozenset[str]:
        """Return the JSON types allowed, without `null`; empty where anything is allowed."""
        if self._types is None:
            self._types = self._find_types()
        return self._types

    def _find_types(self) -> frozenset[str]:
        if self.is_int_or_string or self.is_quantity:
            return frozenset(
                {"string", "integer", "number"} if self.is_quantity else {"string", "integer"}
            )
        value = self.target.get("type")
        names = value if isinstance(value, list) else [value] if value else []
        return frozenset(name for name in names if name != "null")

    @property
    def is_int_or_string(self) -> bool:
        """Tell whether this is an integer or a string."""
        return self.name.endswith(".intstr.IntOrString") or bool(
            self.get("x-kubernetes-int-or-string")
        )

    @property
    def is_quantity(self) -> bool:
        """Tell whether this is a resource quantity such as `500m`."""
        return self.name.endswith(".resource.Quantity")

    @property
    def preserves_unknown(self) -> bool:
        """Tell whether fields that the schema does not name are kept here."""
        if self.get("x-kubernetes-preserve-unknown-fields"):
            return True
        if self._definitions.is_pruning and not self.name:
            return False
        return "properties" not in self.target and "additionalProperties" not in self.target

    def field(self, key: str) -> "Schema | None":
        """Return the schema of this key of an object, or None when it is not known."""
        if key not in self._children:
            self._children[key] = self._find_field(key)
        return self._children[key]

    def _find_field(self, key: str) -> "Schema | None":
        raw = self.target.get("properties", {}).get(key)
        if raw is None:
            raw = self.target.get("additionalProperties")
        if raw is True:
            raw = {}
        return self._definitions.node(raw) if isinstance(raw, dict) else None

    @property
    def properties(self) -> Mapping[str, Any]:
        """Return the raw schemas of the named fields."""
        found: Mapping[str, Any] = self.target.get("properties", {})
        return found

    @property
    def is_map(self) -> bool:
        """Tell whether this is a map with free keys rather than an object with named fields."""
        return "additionalProperties" in self.target and "properties" not in self.target

    @property
    def items(self) -> "Schema | None":
        """Return the schema of the items of a list."""
        if "[]" not in self._children:
            raw = self.target.get("items")
            self._children["[]"] = self._definitions.node(raw) if isinstance(raw, dict) else None
        return self._children["[]"]

    def options(self, key: str) -> tuple["Schema", ...]:
        """Return the schemas under `allOf`, `anyOf`, `oneOf` or `not`."""
        raw = self.target.get(key) or ()
        listed = [raw] if isinstance(raw, dict) else raw
        return tuple(self._definitions.node(option) for option in listed)

    @property
    def required(self) -> tuple[str, ...]:
        """Return the names of the fields that must be there."""
        return tuple(self.target.get("required", ()))

    @property
    def list_type(self) -> str:
        """Return `map`, `set` or `atomic` (also for lists that say nothing).

        Older releases say it of many lists by their patch strategy alone.
        """
        said = self.get("x-kubernetes-list-type")
        if not said and "merge" in self.patch_strategies:
            return "map" if self.merge_key else "set"
        return str(said or "atomic")

    @property
    def map_keys(self) -> tuple[str, ...]:
        """Return the fields that tell the items of a list map apart."""
        keys = self.get("x-kubernetes-list-map-keys")
        if not keys and self.list_type == "map" and self.merge_key:
            return (self.merge_key,)
        return tuple(keys or ())

    def key_default(self, key: str) -> Any:
        """Return the value of a map key that an item leaves out, or None."""
        child = self.items.field(key) if self.items else None
        default = child.get("default") if child else None
        return _KEY_DEFAULTS.get(key) if default is None else default

    @property
    def is_atomic_map(self) -> bool:
        """Tell whether the object here has one owner as a whole."""
        return bool(self.get("x-kubernetes-map-type") == "atomic")

    @property
    def merge_key(self) -> str | None:
        """Return the field by which a strategic merge patch matches the items of a list."""
        key = self.get("x-kubernetes-patch-merge-key")
        return str(key) if key else None

    @property
    def patch_strategies(self) -> frozenset[str]:
        """Return the strategies of a strategic merge patch: merge, replace, retainKeys."""
        return frozenset(str(self.get("x-kubernetes-patch-strategy") or "").split(",")) - {""}


class Definitions:
    """Named schemas that refer to each other, and the nodes made of them so far."""

    def __init__(self, raw: Mapping[str, Mapping[str, Any]], *, is_pruning: bool = False) -> None:
        self.raw = raw
        self.is_pruning = is_pruning
        self._node_by_reference: dict[str, Schema] = {}

    def node(self, raw: Mapping[str, Any]) -> Schema:
        """Return the node of a schema; one that is only a reference is shared."""
        reference = raw.get("$ref")
        if not isinstance(reference, str) or any(key.startswith("x-") for key in raw):
            return Schema(raw, self)
        if reference not in self._node_by_reference:
            self._node_by_reference[reference] = Schema({"$ref": reference}, self)
        return self._node_by_reference[reference]


class Catalog:
    """All built-in kinds of one Kubernetes version."""

    def __init__(self, version: str, raw: Mapping[str, Mapping[str, Any]]) -> None:
        self.version = version
        self.definitions = Definitions(raw)
        self._name_by_gvk = dict(sorted(_index_kinds(raw).items()))

    @property
    def kinds(self) -> tuple[Gvk, ...]:
        """Return every GVK, sorted; kinds that are part of every group are left out."""
        return tuple(self._name_by_gvk)

    def name_of(self, gvk: Gvk) -> str | None:
        """Return the name of the definition of a kind."""
        return self._name_by_gvk.get(gvk)

    def schema_of(self, gvk: Gvk) -> Schema | None:
        """Return the schema of a kind, or None when this version has no such kind."""
        name = self._name_by_gvk.get(gvk)
        return None if name is None else self.definitions.node({"$ref": _REF_PREFIX + name})


def parse_custom_schema(open_api_schema: Mapping[str, Any], catalog: Catalog) -> Schema:
    """Return the schema of a custom kind from the `openAPIV3Schema` of one of its versions."""
    properties = {
        **open_api_schema.get("properties", {}),
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"$ref": _REF_PREFIX + _OBJECT_META},
    }
    definitions = Definitions(catalog.definitions.raw, is_pruning=True)
    return definitions.node({**open_api_schema, "properties": properties})


@lru_cache(maxsize=16)
def load_catalog(version: str) -> Catalog:
    """Return the catalog of a version such as `1.33`; about 20 ms the first time, then none.

    Raises SpecError for a version that is not known.
    """
    folder = _folders().get(version)
    if folder is None:
        known = ", ".join(_folders())
        raise SpecError(
            f"Kubernetes {version} is not known to the lab.", remedy=f"Use one of {known}."
        )
    path = files("kubernetes_validate") / "kubernetes-json-schema" / folder / "_definitions.json"
    return Catalog(version, msgspec.json.decode(path.read_bytes())["$defs"])


@lru_cache(maxsize=1)
def _folders() -> dict[str, str]:
    root = files("kubernetes_validate") / "kubernetes-json-schema"
    found = {
        match[1]: entry.name for entry in root.iterdir() if (match := _FOLDER.fullmatch(entry.name))
    }
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".")]))


def _index_kinds(raw: Mapping[str, Mapping[str, Any]]) -> dict[Gvk, str]:
    index: dict[Gvk, str] = {}
    for name, definition in raw.items():
        kinds = definition.get("x-kubernetes-group-version-kind", ())
        if len(kinds) == 1:
            index[Gvk(**kinds[0])] = name
    return index
