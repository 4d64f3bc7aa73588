"""Role-based access control, decided from the roles and bindings in the store."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bascule.lab.kubeapi.access.users import MASTERS, SERVICE_ACCOUNT_PREFIX, User
from bascule.lab.kubeapi.objects import selectors
from bascule.lab.kubeapi.refusals import ForbiddenError
from bascule.lab.kubeapi.store import Object, Store

GROUP: Final = "rbac.authorization.k8s.io"
ROLES: Final = f"roles.{GROUP}"
CLUSTER_ROLES: Final = f"clusterroles.{GROUP}"
ROLE_BINDINGS: Final = f"rolebindings.{GROUP}"
CLUSTER_ROLE_BINDINGS: Final = f"clusterrolebindings.{GROUP}"
CACHED_USERS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What somebody wants to do: to objects, or (with `path`) to a page outside the APIs."""

    verb: str
    group: str = ""
    version: str = ""
    plural: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def rule_resource(self) -> str:
        """Return the resource as rules name it: `pods` or `pods/log`."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A rule that a user has, and by which binding."""

    rule: Mapping[str, Any]
    reason: str


class Rbac:
    """Allows what a binding grants; members of `system:masters` may do everything."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changes = store.subscribe(
            (ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS)
        )
        self._cache: dict[tuple[str, tuple[str, ...], str], tuple[Grant, ...]] = {}

    def close(self) -> None:
        """Stop following the roles."""
        self._changes.close()

    def decide(self, user: User, wanted: Attributes) -> str | None:
        """Return why a user is allowed what is wanted (masters need no reason), or None."""
        if MASTERS in user.groups:
            return ""
        for grant in self.grants(user, wanted.namespace):
            if _covers(grant.rule, wanted):
                return grant.reason
        return None

    def check(self, user: User, wanted: Attributes) -> None:
        """Raise ForbiddenError if a user may not do what is wanted."""
        if self.decide(user, wanted) is None:
            raise _forbidden(user, wanted)

    def grants(self, user: User, namespace: str) -> tuple[Grant, ...]:
        """Return what a user is granted cluster-wide and in a namespace."""
        if self._changes.take() or len(self._cache) > CACHED_USERS_MAX:
            self._cache.clear()
        key = (user.name, user.groups, namespace)
        if key not in self._cache:
            self._cache[key] = tuple(self._find_grants(user, namespace))
        return self._cache[key]

    def _find_grants(self, user: User, namespace: str) -> Iterator[Grant]:
        for binding in self._store.list(CLUSTER_ROLE_BINDINGS).items:
            yield from self._granted_by("ClusterRoleBinding", binding, user)
        if namespace:
            for binding in self._store.list(ROLE_BINDINGS, namespace).items:
                yield from self._granted_by("RoleBinding", binding, user)

    def _granted_by(self, kind: str, binding: Object, user: User) -> Iterator[Grant]:
        metadata = binding["metadata"]
        space = metadata.get("namespace", "")
        subject = next(
            (item for item in binding.get("subjects") or () if _is_subject(item, user, space)), None
        )
        if subject is None:
            return
        reference = binding["roleRef"]
        name = f"{space}/{metadata['name']}" if space else metadata["name"]
        reason = (
            f'RBAC: allowed by {kind} "{name}" of {reference["kind"]} "{reference["name"]}" '
            f'to {subject["kind"]} "{_subject_name(subject, space)}"'
        )
        for rule in self._rules(reference, space):
            yield Grant(rule=rule, reason=reason)

    def _rules(self, reference: Mapping[str, str], namespace: str) -> Iterator[Mapping[str, Any]]:
        if reference["kind"] == "Role":
            role = self._store.find(ROLES, reference["name"], namespace)
        else:
            role = self._store.find(CLUSTER_ROLES, reference["name"])
        if role is None:
            return
        yield from role.get("rules") or ()
        for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
            for other in self._store.list(CLUSTER_ROLES).items:
                if selectors.match_labels(selector, other["metadata"].get("labels") or {}):
                    yield from other.get("rules") or ()


def _is_subject(subject: Mapping[str, str], user: User, namespace: str) -> bool:
    match subject["kind"]:
        case "User":
            return subject["name"] == user.name
        case "Group":
            return subject["name"] in user.groups
        case _:
            space = subject.get("namespace") or namespace
            return user.name == f"{SERVICE_ACCOUNT_PREFIX}{space}:{subject['name']}"


def _subject_name(subject: Mapping[str, str], namespace: str) -> str:
    if subject["kind"] != "ServiceAccount":
        return subject["name"]
    return f"{subject['name']}/{subject.get('namespace') or namespace}"


def _covers(rule: Mapping[str, Any], wanted: Attributes) -> bool:
    if not _has(rule.get("verbs"), wanted.verb):
        return False
    if wanted.path:
        return any(_path_matches(text, wanted.path) for text in rule.get("nonResourceURLs") or ())
    if not _has(rule.get("apiGroups"), wanted.group):
        return False
    resources = rule.get("resources") or ()
    named = _has(resources, wanted.rule_resource) or (
        bool(wanted.subresource) and f"*/{wanted.subresource}" in resources
    )
    names = rule.get("resourceNames") or ()
    return named and (not names or wanted.name in names)


def _has(values: Sequence[str] | None, value: str) -> bool:
    return values is not None and ("*" in values or value in values)


def _path_matches(pattern: str, path: str) -> bool:
    if pattern.endswith("*"):
        return path.startswith(pattern[:-1])
    return pattern == path


def _forbidden(user: User, wanted: Attributes) -> ForbiddenError:
    if wanted.path:
        message = f'forbidden: User "{user.name}" cannot {wanted.verb} path "{wanted.path}"'
        return ForbiddenError(message, code=403, reason="Forbidden", details={})
    resource = f"{wanted.plural}.{wanted.group}" if wanted.group else wanted.plural
    subject = f'{resource} "{wanted.name}"' if wanted.name else resource
    scope = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    details = {"name": wanted.name, "group": wanted.group, "kind": wanted.plural}
    return ForbiddenError(
        f'{subject} is forbidden: User "{user.name}" cannot {wanted.verb} resource '
        f'"{wanted.rule_resource}" in API group "{wanted.group}" {scope}',
        code=403,
        reason="Forbidden",
        details={key: value for key, value in details.items() if value},
    )
