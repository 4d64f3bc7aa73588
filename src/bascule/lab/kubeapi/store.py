"""The objects of one cluster, with the rules that hold for every writer of them.

Everything is synchronous and belongs to one event loop, so a call is a transaction. Objects that
come out are shared: they must not be changed; `copy_json` gives a copy that may be. Objects that go
in belong to the store. Resources are named as kubectl does: `pods`, `deployments.apps`.
"""

import random
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bascule.clock import Clock
from bascule.lab.kubeapi import lifecycle, refusals
from bascule.lab.kubeapi.changes import Change, Feed, Subscription
from bascule.lab.kubeapi.kinds import NEWEST_MINOR, Kind, kinds_of_release
from bascule.lab.kubeapi.lifecycle import DeleteOptions
from bascule.lab.kubeapi.object_tables import ObjectKey, ObjectTables
from bascule.lab.kubeapi.objects.merge_patch import apply_merge_patch, is_same
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.store_log import Entry, StoreLog

Object = dict[str, Any]
Admission = Callable[[str, Object, Object | None], Object]
"""Called with the resource, the new object and the old one (None for a create); returns the object
to store, or raises StatusError."""

GENERATED_SUFFIX_LENGTH: Final = 5
_SUFFIX_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_KEPT_METADATA: Final = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Objects in the order of their keys, and the resource version of the whole list."""

    items: list[Object]
    resource_version: int


class Store:
    """All objects of one cluster at one Kubernetes release (1.`minor`)."""

    def __init__(
        self,
        *,
        clock: Clock,
        rng: random.Random,
        minor: int = NEWEST_MINOR,
        log: StoreLog | None = None,
    ) -> None:
        self.clock = clock
        self.minor = minor
        self.feed = Feed()
        self._rng = rng
        self._log = log
        self._version = 0
        self._kinds = {kind.resource: kind for kind in kinds_of_release(minor)}
        self._tables = ObjectTables()
        self._admissions: dict[str, list[Admission]] = {}
        self._replay()

    # Reading

    @property
    def resource_version(self) -> int:
        """Return the version of the last change."""
        return self._version

    def kind(self, resource: str) -> Kind:
        """Return the kind behind a group resource, built in or registered; 404 for unknown ones."""
        found = self._kinds.get(resource)
        if found is None:
            raise refusals.unknown_path()
        return found

    def kinds(self) -> tuple[Kind, ...]:
        """Return every kind that this cluster serves now."""
        return tuple(self._kinds.values())

    def find(self, resource: str, name: str, namespace: str = "") -> Object | None:
        """Return the object, or None."""
        return self._tables.find(resource, name, namespace)

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        """Return the object; NotFoundError if there is none."""
        found = self.find(resource, name, namespace)
        if found is None:
            raise refusals.not_found(self.kind(resource), name)
        return found

    def list(
        self,
        resource: str,
        namespace: str = "",
        *,
        select: Callable[[Object], bool] | None = None,
    ) -> Listing:
        """Return the objects for which `select` holds, of one namespace or (when empty) of all."""
        items = self._tables.sorted_objects(resource, namespace)
        if select is not None:
            items = [obj for obj in items if select(obj)]
        return Listing(items=items, resource_version=self._version)

    def dependents(self, owner_uid: str) -> tuple[ObjectKey, ...]:
        """Return the keys of the objects with an ownerReference to this UID, sorted."""
        return self._tables.dependents(owner_uid)

    def owned_by(self, owner_uid: str, resource: str) -> tuple[Object, ...]:
        """Return the objects of one resource with an ownerReference to this UID."""
        keys = (key for key in self.dependents(owner_uid) if key.resource == resource)
        return tuple(self.get(key.resource, key.name, key.namespace) for key in keys)

    def in_namespace(self, namespace: str) -> tuple[ObjectKey, ...]:
        """Return the keys of everything that lives in a namespace."""
        return self._tables.in_namespace(namespace)

    def subscribe(self, resources: Iterable[str], *, since: int | None = None) -> Subscription:
        """Return the changes of these resources from now on, or after the version `since`.

        Raises ExpiredError (410) when the window does not reach back to `since`, and a 504 when
        `since` lies in the future.
        """
        if since is not None and since > self._version:
            raise refusals.too_large(since, self._version)
        return self.feed.subscribe(resources, since)

    # Writing

    def create(self, resource: str, obj: Object, *, dry_run: bool = False) -> Object:
        """Store a new object and return it as stored.

        Raises AlreadyExistsError, and NotFoundError or ForbiddenError for a namespace that is not
        there or is going away.
        """
        kind = self.kind(resource)
        new = self._identified(kind, obj)
        metadata = new["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        if kind.namespaced:
            self.check_namespace(kind, name, namespace)
        if self.find(resource, name, namespace) is not None:
            raise refusals.already_exists(kind, name)
        lifecycle.prepare_create(kind, new)
        new = self._admitted(resource, new, None)
        return new if dry_run else self._put(kind, new, None)

    def update(self, resource: str, obj: Object, *, dry_run: bool = False) -> Object:
        """Replace an object but for its status and system metadata, and return it as stored.

        With a resourceVersion in `obj`, ConflictError unless it is the current one. An update that
        changes nothing keeps the version. An object under deletion whose last finalizer goes is
        removed.
        """
        kind, current = self._current(resource, obj)
        new = self._carried_over(kind, obj, current)
        if kind.has_status and not lifecycle.is_status_writable(kind):
            _keep(new, current, "status")
        if kind.has_generation and lifecycle.is_spec_changed(kind, current, new):
            new["metadata"]["generation"] = current["metadata"].get("generation", 0) + 1
        new = self._admitted(resource, new, current)
        return self._settle(kind, new, current, dry_run=dry_run)

    def update_status(self, resource: str, obj: Object, *, dry_run: bool = False) -> Object:
        """Replace the status alone; a resourceVersion in `obj` must be the current one."""
        kind, current = self._current(resource, obj)
        new = {**current, "metadata": dict(current["metadata"])}
        managed = obj.get("metadata", {}).get("managedFields")
        if managed is not None:
            new["metadata"]["managedFields"] = managed
        _keep(new, obj, "status")
        return self._settle(kind, new, current, dry_run=dry_run)

    def patch(
        self,
        resource: str,
        name: str,
        namespace: str,
        change: Mapping[str, Any],
    ) -> Object:
        """Apply a JSON merge patch to an object (not its status), and return it as stored."""
        current = self.get(resource, name, namespace)
        return self.update(resource, apply_merge_patch(current, dict(change)))

    def patch_status(
        self, resource: str, name: str, namespace: str, status: Mapping[str, Any]
    ) -> Object:
        """Merge a patch into the status of an object, and return it as stored."""
        current = self.get(resource, name, namespace)
        return self.update_status(resource, apply_merge_patch(current, {"status": dict(status)}))

    def delete(
        self,
        resource: str,
        name: str,
        namespace: str = "",
        options: DeleteOptions = lifecycle.DEFAULT_DELETE,
    ) -> Object:
        """Delete an object, or begin to: the returned state carries a deletionTimestamp if so.

        Finalizers, a grace period (pods) and a namespace's content keep it until they are through.
        """
        kind = self.kind(resource)
        current = self.get(resource, name, namespace)
        lifecycle.check_preconditions(kind, current, options)
        new = lifecycle.mark_deleted(kind, current, options, self.clock.now())
        if options.dry_run:
            return current
        if lifecycle.is_gone(kind, new):
            was_marked = "deletionTimestamp" in current["metadata"]
            return self._remove(kind, new if was_marked else current)
        return current if is_same(new, current) else self._put(kind, new, current)

    def add_admission(self, resource: str, admission: Admission) -> None:
        """Let a function see and change every object of a resource before it is stored."""
        self._admissions.setdefault(resource, []).append(admission)

    def register(self, kind: Kind) -> None:
        """Serve one more kind, or another form of one (a CustomResourceDefinition)."""
        self._kinds[kind.resource] = kind

    def unregister(self, resource: str) -> None:
        """Serve a kind no longer."""
        self._kinds.pop(resource, None)

    def move_to(self, minor: int) -> None:
        """Serve what another release serves; custom kinds and all objects stay."""
        custom = [kind for kind in self._kinds.values() if kind.is_custom]
        self.minor = minor
        self._kinds = {kind.resource: kind for kind in (*kinds_of_release(minor), *custom)}

    def close(self) -> None:
        """Close the files."""
        if self._log is not None:
            self._log.close()

    # Inside

    def _identified(self, kind: Kind, obj: Object) -> Object:
        given = obj.get("metadata") or {}
        if given.get("resourceVersion"):
            raise StatusError(
                "resourceVersion should not be set on objects to be created",
                code=500,
                reason="InternalError",
            )
        metadata = {key: value for key, value in given.items() if key not in _KEPT_METADATA}
        metadata.pop("resourceVersion", None)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = self.generate_name(metadata["generateName"])
        if not kind.namespaced:
            metadata.pop("namespace", None)
        metadata["uid"] = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        metadata["creationTimestamp"] = timestamp(self.clock.now())
        if kind.has_generation:
            metadata["generation"] = 1
        head = {"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": metadata}
        return {**head, **{key: obj[key] for key in obj if key not in head}}

    def generate_name(self, prefix: str) -> str:
        """Return `prefix` with a random suffix, at most 63 characters in all."""
        suffix = "".join(self._rng.choices(_SUFFIX_ALPHABET, k=GENERATED_SUFFIX_LENGTH))
        return f"{prefix[: 63 - GENERATED_SUFFIX_LENGTH]}{suffix}"

    def check_namespace(self, kind: Kind, name: str, namespace: str) -> None:
        """Raise NotFoundError or ForbiddenError if nothing can be created in a namespace."""
        space = self.find("namespaces", namespace)
        if space is None:
            raise refusals.not_found(self.kind("namespaces"), namespace)
        if "deletionTimestamp" in space["metadata"]:
            raise refusals.namespace_terminating(kind, name, namespace)

    def _current(self, resource: str, obj: Object) -> tuple[Kind, Object]:
        kind = self.kind(resource)
        given = obj["metadata"]
        current = self.get(resource, given["name"], given.get("namespace", ""))
        version = given.get("resourceVersion")
        if version and version != current["metadata"]["resourceVersion"]:
            raise refusals.modified(kind, given["name"])
        uid = given.get("uid")
        if uid and uid != current["metadata"]["uid"]:
            raise refusals.conflict(
                kind,
                given["name"],
                f"Precondition failed: UID in precondition: {uid}, UID in object meta: "
                f"{current['metadata']['uid']}",
            )
        return kind, current

    def _carried_over(self, kind: Kind, obj: Object, current: Object) -> Object:
        metadata = dict(obj["metadata"])
        for key in _KEPT_METADATA:
            _keep(metadata, current["metadata"], key)
        metadata["resourceVersion"] = current["metadata"]["resourceVersion"]
        head = {"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": metadata}
        return {**head, **{key: obj[key] for key in obj if key not in head}}

    def _admitted(self, resource: str, new: Object, current: Object | None) -> Object:
        for admission in self._admissions.get(resource, ()):
            new = admission(resource, new, current)
        return new

    def _settle(self, kind: Kind, new: Object, current: Object, *, dry_run: bool) -> Object:
        if dry_run or is_same(new, current):
            return new if dry_run else current
        if lifecycle.is_gone(kind, new):
            return self._remove(kind, new)
        return self._put(kind, new, current)

    def _put(self, kind: Kind, new: Object, previous: Object | None) -> Object:
        metadata = new["metadata"]
        self._version += 1
        metadata["resourceVersion"] = str(self._version)
        change = Change(
            type="MODIFIED" if previous else "ADDED",
            resource=kind.storage_resource,
            namespace=metadata.get("namespace", ""),
            name=metadata["name"],
            resource_version=self._version,
            object=new,
            previous=previous,
        )
        self._commit(change)
        return new

    def _remove(self, kind: Kind, last: Object) -> Object:
        metadata = last["metadata"]
        key = ObjectKey(
            resource=kind.storage_resource,
            namespace=metadata.get("namespace", ""),
            name=metadata["name"],
        )
        self._version += 1
        gone = {**last, "metadata": {**metadata, "resourceVersion": str(self._version)}}
        change = Change(
            type="DELETED",
            resource=key.resource,
            namespace=key.namespace,
            name=key.name,
            resource_version=self._version,
            object=gone,
            previous=self.get(key.resource, key.name, key.namespace),
        )
        self._commit(change)
        return gone

    def _commit(self, change: Change) -> None:
        if self._log is not None:
            self._log.append(_entry(change))
        self._tables.apply(change)
        self.feed.publish(change)
        if self._log is not None and self._log.is_due_for_folding:
            self._log.fold(self._entries())

    def _entries(self) -> Iterator[Entry]:
        for key, obj in self._tables.items():
            yield Entry(
                version=int(obj["metadata"]["resourceVersion"]),
                resource=key.resource,
                namespace=key.namespace,
                name=key.name,
                object=obj,
            )
        yield Entry(version=self._version, resource="", namespace="", name="")

    def _replay(self) -> None:
        if self._log is None:
            return
        for entry in self._log.replay():
            self._version = max(self._version, entry.version)
            if entry.resource:
                self._tables.apply(_change(entry))
        self.feed.begin_at(self._version)
        self._log.open()


def timestamp(moment: datetime, *, plus_s: float = 0) -> str:
    """Return a moment in whole seconds, as Kubernetes writes it: `2026-01-31T12:00:00Z`."""
    return (moment + timedelta(seconds=plus_s)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _keep(target: Object, source: Object, key: str) -> None:
    if key in source:
        target[key] = source[key]
    else:
        target.pop(key, None)


def _entry(change: Change) -> Entry:
    return Entry(
        version=change.resource_version,
        resource=change.resource,
        namespace=change.namespace,
        name=change.name,
        object=None if change.type == "DELETED" else change.object,
    )


def _change(entry: Entry) -> Change:
    return Change(
        type="DELETED" if entry.object is None else "ADDED",
        resource=entry.resource,
        namespace=entry.namespace,
        name=entry.name,
        resource_version=entry.version,
        object=entry.object or {},
        previous=None,
    )
