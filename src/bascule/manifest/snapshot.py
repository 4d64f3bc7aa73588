"""All objects of one cluster at one moment, immutable to its readers and cheap to change.

Objects lie in one mapping per kind and namespace, and a changed snapshot shares every mapping that
did not change: so a change costs one small copy, and a diff skips what is shared.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from bascule.manifest.objects import (
    EndpointSlice,
    Ingress,
    IngressClass,
    Kind,
    ManifestObject,
    ObjectRef,
    Pod,
    RewriteRules,
    Service,
    TlsSecret,
)

ByName: TypeAlias = Mapping[str, ManifestObject]
ByNamespace: TypeAlias = Mapping[str, ByName]

_NONE: ByName = MappingProxyType({})
_EMPTY: ByNamespace = MappingProxyType({})


def _no_objects() -> Mapping[Kind, ByNamespace]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSnapshot:
    """Objects by kind, namespace and name.

    `is_complete`: every kind has been listed to its end at least once. `is_stale`: the cluster's
    API is away, so these are its last known objects.
    """

    objects: Mapping[Kind, ByNamespace] = field(default_factory=_no_objects)
    is_complete: bool = False
    is_stale: bool = False

    @classmethod
    def of(
        cls, objects: Iterable[ManifestObject], *, is_complete: bool = True
    ) -> "ClusterSnapshot":
        """Return a snapshot of `objects`; of two with one name the later stays."""
        grouped: dict[Kind, dict[str, dict[str, ManifestObject]]] = {}
        for item in objects:
            ref = item.ref
            grouped.setdefault(ref.kind, {}).setdefault(ref.namespace, {})[ref.name] = item
        return cls(
            objects=MappingProxyType({kind: _frozen(part) for kind, part in grouped.items()}),
            is_complete=is_complete,
        )

    def with_object(self, item: ManifestObject) -> "ClusterSnapshot":
        """Return this snapshot with `item` put in or replaced; itself when nothing changes."""
        ref = item.ref
        if self.get(ref) == item:
            return self
        names = self._names(ref)
        return self._with_names(ref, MappingProxyType({**names, ref.name: item}))

    def without(self, ref: ObjectRef) -> "ClusterSnapshot":
        """Return this snapshot without the object that `ref` names; itself when it is not there."""
        names = self._names(ref)
        if ref.name not in names:
            return self
        rest = {name: item for name, item in names.items() if name != ref.name}
        return self._with_names(ref, MappingProxyType(rest))

    def with_kind(self, kind: Kind, items: Iterable[ManifestObject]) -> "ClusterSnapshot":
        """Return this snapshot with exactly `items` of `kind`: what a new list says.

        Objects that are equal to the present ones are kept as they are, so that a list which
        brings nothing new costs later steps nothing.
        """
        grouped: dict[str, dict[str, ManifestObject]] = {}
        for item in items:
            old = self.get(item.ref)
            kept = old if old == item else item
            grouped.setdefault(kept.ref.namespace, {})[kept.ref.name] = kept
        present = self.objects.get(kind, _EMPTY)
        merged = {
            namespace: _shared(present.get(namespace, _NONE), names)
            for namespace, names in grouped.items()
        }
        return replace(
            self, objects=MappingProxyType({**self.objects, kind: MappingProxyType(merged)})
        )

    def get(self, ref: ObjectRef) -> ManifestObject | None:
        """Return the object that `ref` names, or None where there is none."""
        return self._names(ref).get(ref.name)

    def ingresses(self) -> Iterator[Ingress]:
        """Yield every Ingress."""
        found = self._of_kind(Kind.INGRESS)
        yield from (item for item in found if isinstance(item, Ingress))

    def ingress_classes(self) -> Iterator[IngressClass]:
        """Yield every IngressClass."""
        found = self._of_kind(Kind.INGRESS_CLASS)
        yield from (item for item in found if isinstance(item, IngressClass))

    def endpoint_slices(self) -> Iterator[EndpointSlice]:
        """Yield every EndpointSlice."""
        found = self._of_kind(Kind.ENDPOINT_SLICE)
        yield from (item for item in found if isinstance(item, EndpointSlice))

    def service(self, namespace: str, name: str) -> Service | None:
        """Return a Service, or None where there is none."""
        item = self.get(ObjectRef(Kind.SERVICE, namespace, name))
        return item if isinstance(item, Service) else None

    def secret(self, namespace: str, name: str) -> TlsSecret | None:
        """Return a Secret with a certificate, or None where there is none."""
        item = self.get(ObjectRef(Kind.SECRET, namespace, name))
        return item if isinstance(item, TlsSecret) else None

    def pod(self, namespace: str, name: str) -> Pod | None:
        """Return a Pod, or None where there is none or Pods are not read."""
        item = self.get(ObjectRef(Kind.POD, namespace, name))
        return item if isinstance(item, Pod) else None

    def rewrite(self, namespace: str, name: str) -> RewriteRules | None:
        """Return a resource with rewrite rules, or None where there is none."""
        item = self.get(ObjectRef(Kind.REWRITE, namespace, name))
        return item if isinstance(item, RewriteRules) else None

    def __iter__(self) -> Iterator[ManifestObject]:
        for kind in self.objects:
            yield from self._of_kind(kind)

    def __len__(self) -> int:
        return sum(len(names) for part in self.objects.values() for names in part.values())

    def _names(self, ref: ObjectRef) -> ByName:
        return self.objects.get(ref.kind, _EMPTY).get(ref.namespace, _NONE)

    def _of_kind(self, kind: Kind) -> Iterator[ManifestObject]:
        for names in self.objects.get(kind, _EMPTY).values():
            yield from names.values()

    def _with_names(self, ref: ObjectRef, names: ByName) -> "ClusterSnapshot":
        part = dict(self.objects.get(ref.kind, _EMPTY))
        if names:
            part[ref.namespace] = names
        else:
            part.pop(ref.namespace, None)
        objects = {**self.objects, ref.kind: MappingProxyType(part)}
        return replace(self, objects=MappingProxyType(objects))


def _frozen(part: dict[str, dict[str, ManifestObject]]) -> ByNamespace:
    return MappingProxyType(
        {namespace: MappingProxyType(names) for namespace, names in part.items()}
    )


def _shared(present: ByName, names: dict[str, ManifestObject]) -> ByName:
    """Return `present` itself when it holds the very same objects as `names`."""
    if len(present) == len(names) and all(present.get(n) is item for n, item in names.items()):
        return present
    return MappingProxyType(names)


EMPTY_SNAPSHOT = ClusterSnapshot()


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotDiff:
    """What changed between two snapshots, each sorted."""

    changed: tuple[ObjectRef, ...]
    """Objects that are new or different."""
    removed: tuple[ObjectRef, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


def diff_snapshots(old: ClusterSnapshot, new: ClusterSnapshot) -> SnapshotDiff:
    """Return what changed from `old` to `new`; parts that both share cost nothing."""
    changed: list[ObjectRef] = []
    removed: list[ObjectRef] = []
    for kind in sorted({*old.objects, *new.objects}):
        before, after = old.objects.get(kind, _EMPTY), new.objects.get(kind, _EMPTY)
        if before is after:
            continue
        for namespace in sorted({*before, *after}):
            was, now = before.get(namespace, _NONE), after.get(namespace, _NONE)
            if was is now:
                continue
            changed += [
                ObjectRef(kind, namespace, name)
                for name, item in sorted(now.items())
                if (earlier := was.get(name)) is not item and earlier != item
            ]
            removed += [
                ObjectRef(kind, namespace, name) for name in sorted(was.keys() - now.keys())
            ]
    return SnapshotDiff(changed=tuple(changed), removed=tuple(removed))
