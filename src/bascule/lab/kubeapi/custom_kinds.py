"""Custom kinds: a CustomResourceDefinition in the store is served as long as it is there."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.kinds import CRUD, Kind, ServedVersion
from bascule.lab.kubeapi.lifecycle import AT_ONCE
from bascule.lab.kubeapi.objects import schema
from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.objects.schema import Catalog, Schema
from bascule.lab.kubeapi.objects.statuses import Cause, Subject, invalid
from bascule.lab.kubeapi.store import Object, Store, timestamp

DEFINITIONS: Final = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP_FINALIZER: Final = "customresourcecleanup.apiextensions.k8s.io"


class CustomKinds:
    """Keeps the store's kinds in step with its definitions, and knows their schemas."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._schemas: dict[tuple[str, str], Schema | None] = {}
        store.add_admission(DEFINITIONS, self._complete)
        store.feed.listen(DEFINITIONS, self._follow)
        for definition in store.list(DEFINITIONS).items:
            kind = kind_of(definition)
            store.register(kind)
            store.feed.listen(kind.resource, self._finish)

    def use(self, catalog: Catalog) -> None:
        """Read schemas by another release's catalog from now on."""
        self._catalog = catalog
        self._schemas.clear()

    def schema(self, kind: Kind, version: str) -> Schema | None:
        """Return the schema of one version of a custom kind, or None if it has none."""
        key = (kind.resource, version)
        if key not in self._schemas:
            raw = (self._version(kind, version).get("schema") or {}).get("openAPIV3Schema")
            self._schemas[key] = schema.parse_custom_schema(raw, self._catalog) if raw else None
        return self._schemas[key]

    def printer_columns(self, kind: Kind, version: str) -> Sequence[Mapping[str, Any]] | None:
        """Return the additionalPrinterColumns of a version; None for a built-in kind."""
        if not kind.is_custom:
            return None
        columns = self._version(kind, version).get("additionalPrinterColumns")
        return columns or [_AGE_COLUMN]

    def raw_schema(self, kind: Kind, version: str) -> Mapping[str, Any] | None:
        """Return the openAPIV3Schema as it was written."""
        found = (self._version(kind, version).get("schema") or {}).get("openAPIV3Schema")
        return found if isinstance(found, dict) else None

    def scale_paths(self, kind: Kind, version: str) -> Mapping[str, str] | None:
        """Return the JSON paths of the scale subresource, or None if there is none."""
        found = (self._version(kind, version).get("subresources") or {}).get("scale")
        return found if isinstance(found, dict) else None

    def _version(self, kind: Kind, version: str) -> Mapping[str, Any]:
        definition = self._store.find(DEFINITIONS, kind.resource)
        versions = definition["spec"]["versions"] if definition else ()
        return next((item for item in versions if item["name"] == version), {})

    def _complete(self, _: str, new: Object, old: Object | None) -> Object:
        """Accept the names and establish the definition, as the real server's controllers do."""
        if "deletionTimestamp" in new["metadata"]:
            return new
        completed: Object = copy_json(new)
        names = completed["spec"]["names"]
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", f"{names['kind']}List")
        completed["spec"].setdefault("conversion", {"strategy": "None"})
        before = (old or {}).get("status") or {}
        stored = before.get("storedVersions") or []
        storage = _storage_version(completed)
        if old is None:
            completed["metadata"]["finalizers"] = [CLEANUP_FINALIZER]
        completed["status"] = {
            "acceptedNames": names,
            "conditions": before.get("conditions") or self._conditions(),
            "storedVersions": stored if storage in stored else [*stored, storage],
        }
        return completed

    def _conditions(self) -> list[dict[str, str]]:
        now = timestamp(self._store.clock.now())
        return [
            {
                "lastTransitionTime": now,
                "message": message,
                "reason": reason,
                "status": "True",
                "type": kind,
            }
            for kind, reason, message in (
                ("NamesAccepted", "NoConflicts", "no conflicts found"),
                ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            )
        ]

    def _follow(self, change: Change) -> None:
        self._schemas.clear()
        if change.type == "DELETED":
            self._store.unregister(change.name)
            return
        kind = kind_of(change.object)
        self._store.register(kind)
        if change.type == "ADDED":
            self._store.feed.listen(kind.resource, self._finish)
        if "deletionTimestamp" in change.object["metadata"]:
            self._empty(kind.resource)

    def _empty(self, resource: str) -> None:
        """Delete the objects of a definition that is going away."""
        for obj in self._store.list(resource).items:
            metadata = obj["metadata"]
            namespace = metadata.get("namespace", "")
            self._store.delete(resource, metadata["name"], namespace, AT_ONCE)
        self._release(resource)

    def _finish(self, change: Change) -> None:
        if change.type == "DELETED":
            self._release(change.resource)

    def _release(self, resource: str) -> None:
        """Let a definition go once its last object is gone."""
        definition = self._store.find(DEFINITIONS, resource)
        if definition is None or "deletionTimestamp" not in definition["metadata"]:
            return
        if self._store.list(resource).items:
            return
        finalizers = definition["metadata"].get("finalizers") or []
        kept = [name for name in finalizers if name != CLEANUP_FINALIZER]
        self._store.patch(DEFINITIONS, resource, "", {"metadata": {"finalizers": kept}})


_AGE_COLUMN: Final = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def _storage_version(definition: Object) -> str:
    """Return the version that is stored; a StatusError 422 unless there is exactly one."""
    found = [item["name"] for item in definition["spec"]["versions"] if item.get("storage")]
    if len(found) == 1:
        return str(found[0])
    cause = Cause(
        reason="FieldValueInvalid",
        message="must have exactly one version marked as storage version",
        field="spec.versions",
    )
    subject = Subject(
        group="apiextensions.k8s.io",
        kind="CustomResourceDefinition",
        name=definition["metadata"]["name"],
    )
    raise invalid(subject, (cause,))


def kind_of(definition: Object) -> Kind:
    """Return the kind that a CustomResourceDefinition defines; the stored version comes first."""
    spec = definition["spec"]
    names = spec["names"]
    served = [item for item in spec["versions"] if item.get("served") or item.get("storage")]
    stored = next(item for item in served if item.get("storage"))
    subresources = stored.get("subresources") or {}
    return Kind(
        group=spec["group"],
        plural=names["plural"],
        kind=names["kind"],
        namespaced=spec["scope"] == "Namespaced",
        singular=names.get("singular", names["kind"].lower()),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=tuple(name for name in ("status", "scale") if name in subresources),
        verbs=CRUD,
        versions=tuple(
            ServedVersion(
                name=item["name"],
                deprecated_in=0 if item.get("deprecated") else None,
                is_served=bool(item.get("served")),
            )
            for item in sorted(served, key=lambda item: not item.get("storage"))
        ),
        has_generation=True,
        is_custom=True,
    )
