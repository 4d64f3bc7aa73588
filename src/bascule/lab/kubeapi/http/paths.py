"""From a method and a path to what is asked for: group, version, resource, name, subresource."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_NAMESPACE_SUBRESOURCES: Final = frozenset(("status", "finalize"))
_VERB_BY_METHOD: Final[Mapping[str, str]] = {
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
}
_TRUE: Final = frozenset(("1", "true", "True"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request is about; a path outside the APIs has only `path` and `verb`."""

    path: str
    verb: str
    group: str = ""
    version: str = ""
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    tail: tuple[str, ...] = ()

    @property
    def is_resource(self) -> bool:
        """Say whether this is about objects, rather than a page such as `/version`."""
        return bool(self.plural)

    @property
    def scope(self) -> str:
        """Return the namespace whose roles decide: a namespace's own are its objects' too."""
        return self.name if self.resource == "namespaces" else self.namespace

    @property
    def resource(self) -> str:
        """Return the group resource, such as `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def parse_target(method: str, path: str, query: Mapping[str, str]) -> Target:
    """Return what a request is about; never raises."""
    parts = [part for part in path.split("/") if part]
    if len(parts) > 2 and parts[0] == "api":
        return _resource_target(method, path, ("", parts[1], *parts[2:]), query)
    if len(parts) > 3 and parts[0] == "apis":
        return _resource_target(method, path, tuple(parts[1:]), query)
    verb = _VERB_BY_METHOD.get(method, method.lower())
    return Target(path=path, verb="get" if verb == "head" else verb)


def is_true(text: str | None) -> bool:
    """Say whether a query parameter is set."""
    return text in _TRUE


def _resource_target(
    method: str, path: str, parts: tuple[str, ...], query: Mapping[str, str]
) -> Target:
    group, version, *rest = parts
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
            rest = rest[2:]
    plural, name, subresource = (*rest, "", "")[:3]
    if plural == "namespaces" and not group:
        namespace = ""
    return Target(
        path=path,
        verb=_verb(method, name, query),
        group=group,
        version=version,
        plural=plural,
        namespace=namespace,
        name=name,
        subresource=subresource,
        tail=tuple(rest[3:]),
    )


def _verb(method: str, name: str, query: Mapping[str, str]) -> str:
    if method in {"GET", "HEAD"}:
        if is_true(query.get("watch")):
            return "watch"
        return "get" if name else "list"
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    return _VERB_BY_METHOD.get(method, method.lower())
