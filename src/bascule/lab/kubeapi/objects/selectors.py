"""Label and field selectors, as written in a query and as written in an object."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from bascule.lab.kubeapi.objects.json_path import find_by_path
from bascule.lab.kubeapi.objects.statuses import bad_request

Object: TypeAlias = Mapping[str, Any]
Selector: TypeAlias = Callable[[Object], bool]

_TOKEN: Final = re.compile(r"\s*(?:(?P<symbol>==|!=|[=!,()<>])|(?P<word>[^\s=!,()<>]+))")
_KEY: Final = re.compile(
    r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_VALUE: Final = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_EVENT_SUBJECT: Final = ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")
_EVERY_KIND: Final = ("metadata.name", "metadata.namespace")
_FIELDS_BY_RESOURCE: Final[Mapping[str, Sequence[str]]] = {
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
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "replicationcontrollers": ("status.replicas",),
    "replicasets.apps": ("status.replicas",),
    "jobs.batch": ("status.successful",),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName",),
    "events": (
        *(f"involvedObject.{name}" for name in (*_EVENT_SUBJECT, "resourceVersion")),
        *(f"regarding.{name}" for name in (*_EVENT_SUBJECT, "resourceVersion")),
        "reason",
        "reportingComponent",
        "reportingController",
        "source",
        "type",
    ),
}
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "regarding": "involvedObject",
    "involvedObject": "regarding",
    "reportingComponent": "reportingController",
    "reportingController": "reportingComponent",
    "source": "source.component",
    "status.successful": "status.succeeded",
    "status.podIPs": "status.podIPs[*].ip",
}
_ABSENT: Final[Mapping[str, str]] = {
    "spec.unschedulable": "false",
    "spec.hostNetwork": "false",
    "status.replicas": "0",
    "status.successful": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One condition on labels; `operator` is In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def is_met_by(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet this condition."""
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case _:
                return self._compare(value)

    def _compare(self, value: str | None) -> bool:
        if value is None or not re.fullmatch(r"-?\d+", value):
            return False
        bound = int(self.values[0])
        return int(value) > bound if self.operator == "Gt" else int(value) < bound


def parse_label_selector(text: str) -> Selector:
    """Return a test for `a=b,c!=d,e in (f,g),h notin (i),j,!k`; 400 when it cannot be parsed."""
    requirements = parse_requirements(text)
    return lambda obj: _meets(requirements, obj.get("metadata", {}).get("labels") or {})


def parse_requirements(text: str) -> tuple[Requirement, ...]:
    """Return the conditions of a label selector; 400 when it cannot be parsed."""
    return tuple(_Parser(text).parse()) if text.strip() else ()


def parse_field_selector(text: str, resource: str, custom_fields: Sequence[str] = ()) -> Selector:
    """Return a test for `metadata.name=a,status.phase!=b`; 400 for a field not supported.

    `custom_fields` are the `selectableFields` of a custom kind, as JSON paths.
    """
    supported = {
        *_EVERY_KIND,
        *_FIELDS_BY_RESOURCE.get(resource.removesuffix(".events.k8s.io"), ()),
        *(path.removeprefix(".") for path in custom_fields),
    }
    terms = [_parse_term(term) for term in _split(text)]
    for field, _, _ in terms:
        if field not in supported:
            raise bad_request(_unsupported(field, resource))
    return lambda obj: all(
        (value in read_field(obj, field)) == is_wanted for field, value, is_wanted in terms
    )


def match_labels(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Tell whether a LabelSelector object (matchLabels, matchExpressions) selects these labels.

    None selects nothing and an empty selector everything, as in the API.
    """
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and _meets(
        [
            Requirement(
                key=rule.get("key", ""),
                operator=rule.get("operator", ""),
                values=tuple(rule.get("values") or ()),
            )
            for rule in selector.get("matchExpressions") or ()
        ],
        labels,
    )


def read_field(obj: Object, field: str) -> tuple[str, ...]:
    """Return the values that a field selector compares; one empty text for a missing field."""
    head, _, rest = field.partition(".")
    names = [field, _OTHER_NAMES.get(field, "")]
    if head in _OTHER_NAMES and rest:
        names.append(f"{_OTHER_NAMES[head]}.{rest}")
    for name in filter(None, names):
        found = [v for v in find_by_path(obj, f".{name}") if not isinstance(v, dict | list)]
        if found and found != [None]:
            return tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in found)
    return (_ABSENT.get(field, ""),)


def _meets(requirements: Iterable[Requirement], labels: Mapping[str, str]) -> bool:
    return all(requirement.is_met_by(labels) for requirement in requirements)


def _unsupported(field: str, resource: str) -> str:
    if resource in _FIELDS_BY_RESOURCE:
        return f"field label not supported: {field}"
    return f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _split(text: str) -> list[str]:
    terms = [""]
    is_escaped = False
    for character in text:
        if character == "," and not is_escaped:
            terms.append("")
        else:
            terms[-1] += character
        is_escaped = character == "\\" and not is_escaped
    return [term for term in terms if term]


def _parse_term(term: str) -> tuple[str, str, bool]:
    match = re.match(r"(?P<field>[^=!]+)(?P<operator>!=|==|=)(?P<value>.*)$", term, re.DOTALL)
    if match is None:
        raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    value = re.sub(r"\\([\\,=])", r"\1", match["value"])
    return match["field"], value, match["operator"] != "!="


class _Parser:
    """Reads a label selector token by token, as k8s.io/apimachinery/pkg/labels does."""

    def __init__(self, text: str) -> None:
        self._tokens = [match[0].strip() for match in _TOKEN.finditer(text)]
        self._place = 0

    def parse(self) -> list[Requirement]:
        requirements = [self._requirement()]
        while self._peek() == ",":
            self._next()
            requirements.append(self._requirement())
        if self._peek():
            raise self._unexpected("',' or 'end of string'")
        return requirements

    def _requirement(self) -> Requirement:
        if self._peek() == "!":
            self._next()
            return Requirement(key=self._key(), operator="DoesNotExist")
        key = self._key()
        match self._peek():
            case "" | ",":
                return Requirement(key=key, operator="Exists")
            case "=" | "==":
                self._next()
                return Requirement(key=key, operator="In", values=(self._value(),))
            case "!=":
                self._next()
                return Requirement(key=key, operator="NotIn", values=(self._value(),))
            case "in" | "notin" as word:
                self._next()
                operator = "In" if word == "in" else "NotIn"
                return Requirement(key=key, operator=operator, values=self._values())
            case ">" | "<" as symbol:
                self._next()
                return self._bound(key, "Gt" if symbol == ">" else "Lt")
            case _:
                raise self._unexpected("in, notin, =, ==, !=, gt, lt")

    def _bound(self, key: str, operator: str) -> Requirement:
        value = self._value()
        if not re.fullmatch(r"-?\d+", value):
            raise bad_request(
                f'unable to parse requirement: values[0][{key}]: Invalid value: "{value}": '
                "for 'Gt', 'Lt' operators, the value must be an integer"
            )
        return Requirement(key=key, operator=operator, values=(value,))

    def _key(self) -> str:
        token = self._next()
        if not token or token in {"=", "==", "!=", ",", "(", ")", "<", ">", "!"}:
            self._place -= 1
            raise self._unexpected("identifier")
        if not _KEY.fullmatch(token):
            raise bad_request(
                f'unable to parse requirement: <nil>: Invalid value: "{token}": name part must '
                "consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
                "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
                "used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            )
        return token

    def _values(self) -> tuple[str, ...]:
        if self._next() != "(":
            self._place -= 1
            raise self._unexpected("'('")
        values = [self._value()]
        while self._peek() == ",":
            self._next()
            values.append(self._value())
        if self._next() != ")":
            self._place -= 1
            raise self._unexpected("',' or ')'")
        return tuple(values)

    def _value(self) -> str:
        token = self._peek()
        if token in {"", ",", ")"}:
            return ""
        if not _VALUE.fullmatch(token):
            raise bad_request(
                f'unable to parse requirement: values[0]: Invalid value: "{token}": a valid label '
                "must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                "and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
                "'my_value',  or '12345', regex used for validation is "
                "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            )
        return self._next()

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._place += 1
        return token

    def _unexpected(self, expected: str) -> Exception:
        return bad_request(
            f"unable to parse requirement: found '{self._peek()}', expected: {expected}"
        )
