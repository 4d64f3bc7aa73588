"""Label and field selectors: from their texts, or from a LabelSelector object, to predicates.

The grammar is that of k8s.io/apimachinery/pkg/labels and pkg/fields.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bascule.lab.kubeapi.objects.statuses import bad_request

Object = dict[str, Any]

_SET_TERM: Final = re.compile(
    r"^(?P<key>[^\s!=<>(),]+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)$"
)
_EQUALITY_TERM: Final = re.compile(
    r"^(?P<key>[^\s!=<>(),]+)\s*(?P<op>==|=|!=|>|<)\s*(?P<value>[^\s!=<>(),]*)$"
)
_PRESENCE_TERM: Final = re.compile(r"^(?P<absent>!?)\s*(?P<key>[^\s!=<>(),]+)$")
_KEY: Final = re.compile(
    r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One term of a label selector; `operator` is In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether these labels meet the requirement."""
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value is not None and value in self.values
            case "NotIn":
                return value is None or value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case _:
                return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        bound = next(iter(self.values), "")
        if value is None or not value.lstrip("-").isdigit() or not bound.lstrip("-").isdigit():
            return False
        return int(value) > int(bound) if self.operator == "Gt" else int(value) < int(bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSelector:
    """All of its requirements must hold; without any it selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Say whether an object with these labels is selected."""
        known = labels or {}
        return all(requirement.matches(known) for requirement in self.requirements)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTerm:
    """One term of a field selector: the value at `path` equals `value`, or does not."""

    path: str
    value: str
    equal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSelector:
    """All of its terms must hold; paths that an object lacks count as empty."""

    terms: tuple[FieldTerm, ...] = ()

    def matches(self, obj: Object) -> bool:
        """Say whether this object is selected."""
        return all((field_text(obj, term.path) == term.value) == term.equal for term in self.terms)

    def exact(self, path: str) -> str | None:
        """Return the one value that `path` must have, or None if any may do."""
        return next((term.value for term in self.terms if term.path == path and term.equal), None)


EVERYTHING: Final = LabelSelector()
ANY_FIELDS: Final = FieldSelector()

_COMMON_FIELDS: Final = ("metadata.name", "metadata.namespace")
_FIELDS_BY_RESOURCE: Final[Mapping[str, tuple[str, ...]]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "namespaces": ("status.phase", "name"),
    "replicasets.apps": ("status.replicas",),
    "replicationcontrollers": ("status.replicas",),
    "jobs.batch": ("status.successful",),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName",),
}
_ZERO_BY_PATH: Final[Mapping[str, str]] = {
    "spec.unschedulable": "false",
    "spec.hostNetwork": "false",
    "status.replicas": "0",
    "status.successful": "0",
}


def parse_label_selector(text: str) -> LabelSelector:
    """Return the selector that `text` writes; a StatusError 400 says what cannot be read."""
    terms = [term.strip() for term in _split_terms(text)]
    if terms == [""]:
        return EVERYTHING
    return LabelSelector(requirements=tuple(_parse_term(term) for term in terms))


def selector_of(raw: Mapping[str, Any] | None) -> LabelSelector:
    """Return the selector of a LabelSelector object (matchLabels, matchExpressions)."""
    source = raw or {}
    equal = (
        Requirement(key=key, operator="In", values=frozenset((value,)))
        for key, value in (source.get("matchLabels") or {}).items()
    )
    sets = (
        Requirement(
            key=term["key"],
            operator=term["operator"],
            values=frozenset(term.get("values") or ()),
        )
        for term in source.get("matchExpressions") or ()
    )
    return LabelSelector(requirements=(*equal, *sets))


def parse_field_selector(
    text: str, resource: str, *, more_paths: tuple[str, ...] = ()
) -> FieldSelector:
    """Return the selector that `text` writes for a group resource such as `pods`.

    A StatusError 400 names the first path that the resource does not support.
    """
    if not text.strip():
        return ANY_FIELDS
    allowed = {*_COMMON_FIELDS, *_FIELDS_BY_RESOURCE.get(resource, ()), *more_paths}
    return FieldSelector(terms=tuple(_parse_field(part, allowed) for part in text.split(",")))


def field_text(obj: Object, path: str) -> str:
    """Return the text that a field selector compares for `path` (`.a.b` of the object)."""
    value: Any = obj
    if path == "source":
        value = (obj.get("source") or {}).get("component") or obj.get("reportingComponent")
        return str(value or "")
    if path == "name":
        path = "metadata.name"
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return _ZERO_BY_PATH.get(path, "")
    return str(value).lower() if isinstance(value, bool) else str(value)


def object_filter(labels: LabelSelector, fields: FieldSelector) -> Callable[[Object], bool]:
    """Return one predicate for both selectors."""

    def is_selected(obj: Object) -> bool:
        return labels.matches(obj["metadata"].get("labels")) and fields.matches(obj)

    if not labels.requirements and not fields.terms:
        return lambda _: True
    return is_selected


def _split_terms(text: str) -> list[str]:
    """Split at the commas outside parentheses."""
    return re.split(r",(?![^(]*\))", text.strip())


def _parse_term(term: str) -> Requirement:
    if found := _SET_TERM.match(term):
        values = frozenset(value.strip() for value in found["values"].split(","))
        operator = "In" if found["op"] == "in" else "NotIn"
        return _checked(Requirement(key=found["key"], operator=operator, values=values), term)
    if found := _EQUALITY_TERM.match(term):
        operator = {"!=": "NotIn", ">": "Gt", "<": "Lt"}.get(found["op"], "In")
        values = frozenset((found["value"],))
        return _checked(Requirement(key=found["key"], operator=operator, values=values), term)
    if found := _PRESENCE_TERM.match(term):
        operator = "DoesNotExist" if found["absent"] else "Exists"
        return _checked(Requirement(key=found["key"], operator=operator), term)
    raise bad_request(
        f"unable to parse requirement: found '{term}', expected: identifier, operator and values"
    )


def _checked(requirement: Requirement, term: str) -> Requirement:
    if not _KEY.match(requirement.key):
        raise bad_request(
            f'unable to parse requirement: <nil>: Invalid value: "{requirement.key}": '
            f"name part must consist of alphanumeric characters, '-', '_' or '.' (in '{term}')"
        )
    return requirement


def _parse_field(text: str, allowed: set[str]) -> FieldTerm:
    path, found, value = text.strip().partition("!=")
    equal = not found
    if equal:
        path, found, value = text.strip().partition("=")
        value = value.removeprefix("=")
    if not found:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{text}'")
    if path.strip() not in allowed:
        raise bad_request(f"field label not supported: {path.strip()}")
    return FieldTerm(path=path.strip(), value=value.strip(), equal=equal)
