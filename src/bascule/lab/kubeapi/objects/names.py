"""Which names, labels and annotations an object may have."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bascule.lab.kubeapi.objects.faults import invalid, required, too_long
from bascule.lab.kubeapi.objects.statuses import Cause

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE: Final = f"({_QUALIFIED})?"
_CONFIG_KEY: Final = "[-._a-zA-Z0-9]+"
_WILDCARD: Final = rf"\*\.{_SUBDOMAIN}"
_ANNOTATIONS_BYTES_MAX: Final = 256 * 1024
_LABEL_LENGTH_MAX: Final = 63
_PORT_NAME_LENGTH_MAX: Final = 15
_SUBDOMAIN_LENGTH_MAX: Final = 253

_SUBDOMAIN_MESSAGE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    f"for validation is '{_SUBDOMAIN}')"
)
_LABEL_MESSAGE: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    f"for validation is '{_LABEL}')"
)
_LABEL_1035_MESSAGE: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    f"regex used for validation is '{_LABEL_1035}')"
)
_QUALIFIED_MESSAGE: Final = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    f"validation is '{_QUALIFIED}')"
)
_LABEL_VALUE_MESSAGE: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    f"or '12345', regex used for validation is '{_LABEL_VALUE}')"
)
_CONFIG_KEY_MESSAGE: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
    f"'{_CONFIG_KEY}')"
)
_WILDCARD_MESSAGE: Final = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which "
    "must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric "
    f"character (e.g. '*.example.com', regex used for validation is '{_WILDCARD}')"
)
_LABEL_KINDS: Final = frozenset({"Namespace"})
_LABEL_1035_KINDS: Final = frozenset({"Service"})
_PATH_KINDS: Final = frozenset(
    {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "CertificateSigningRequest"}
)
_GENERATED: Final = "aaaaa"


def check_metadata(obj: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what is wrong with the metadata of an object."""
    metadata = obj.get("metadata") or {}
    name = str(metadata.get("name") or "")
    kind = str(obj.get("kind", ""))
    if not name and not metadata.get("generateName"):
        yield required("metadata.name", "name or generateName is required")
    elif not name:
        generated = f"{metadata['generateName']}{_GENERATED}"
        for message in name_faults(generated, kind):
            yield invalid("metadata.generateName", metadata["generateName"], message)
    for message in name_faults(name, kind) if name else ():
        yield invalid("metadata.name", name, message)
    namespace = str(metadata.get("namespace") or "")
    for message in label_faults(namespace) if namespace else ():
        yield invalid("metadata.namespace", namespace, message)
    yield from check_labels(metadata.get("labels"), "metadata.labels")
    yield from _check_annotations(metadata.get("annotations"))


def check_labels(labels: Any, field: str) -> Iterator[Cause]:
    """Yield what is wrong with a map of labels."""
    for key, value in labels.items() if isinstance(labels, dict) else ():
        for message in qualified_faults(key):
            yield invalid(field, key, message)
        text = str(value)
        if len(text) > _LABEL_LENGTH_MAX:
            yield invalid(field, text, _length_message(_LABEL_LENGTH_MAX))
        if not re.fullmatch(_LABEL_VALUE, text):
            yield invalid(field, text, _LABEL_VALUE_MESSAGE)


def _check_annotations(annotations: Any) -> Iterator[Cause]:
    if not isinstance(annotations, dict):
        return
    for key in annotations:
        for message in qualified_faults(key.lower()):
            yield invalid("metadata.annotations", key, message)
    size = sum(len(key.encode()) + len(str(v).encode()) for key, v in annotations.items())
    if size > _ANNOTATIONS_BYTES_MAX:
        yield too_long(
            "metadata.annotations", f"may not be more than {_ANNOTATIONS_BYTES_MAX} bytes"
        )


def name_faults(name: str, kind: str) -> tuple[str, ...]:
    """Return why an object of this kind may not have this name, in the real server's words."""
    if kind in _PATH_KINDS:
        return _path_faults(name)
    if kind in _LABEL_KINDS:
        return label_faults(name)
    if kind in _LABEL_1035_KINDS:
        return _faults(name, _LABEL_1035, _LABEL_LENGTH_MAX, _LABEL_1035_MESSAGE)
    return subdomain_faults(name)


def label_faults(text: str) -> tuple[str, ...]:
    """Return why a text is no RFC 1123 label."""
    return _faults(text, _LABEL, _LABEL_LENGTH_MAX, _LABEL_MESSAGE)


def subdomain_faults(text: str) -> tuple[str, ...]:
    """Return why a text is no RFC 1123 subdomain."""
    return _faults(text, _SUBDOMAIN, _SUBDOMAIN_LENGTH_MAX, _SUBDOMAIN_MESSAGE)


def host_faults(text: str) -> tuple[str, ...]:
    """Return why a text is no host of an Ingress: a subdomain, or one behind `*.`."""
    if "*" in text:
        return _faults(text, _WILDCARD, _SUBDOMAIN_LENGTH_MAX, _WILDCARD_MESSAGE)
    return subdomain_faults(text)


def config_key_faults(text: str) -> tuple[str, ...]:
    """Return why a text is no key of a ConfigMap or a Secret."""
    if text in {".", ".."} or text.startswith(".."):
        detail = f"must not be '{text}'" if text in {".", ".."} else "must not start with '..'"
        return (detail,)
    return _faults(text, _CONFIG_KEY, _SUBDOMAIN_LENGTH_MAX, _CONFIG_KEY_MESSAGE)


def port_name_faults(text: str) -> tuple[str, ...]:
    """Return why a text is no name of a port (RFC 6335)."""
    found = []
    if len(text) > _PORT_NAME_LENGTH_MAX:
        found.append(f"must be no more than {_PORT_NAME_LENGTH_MAX} characters")
    if not re.fullmatch("[-a-z0-9]+", text):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        found.append("must contain at least one letter (a-z)")
    if "--" in text:
        found.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        found.append("must not begin or end with a hyphen")
    return tuple(found)


def qualified_faults(text: str) -> tuple[str, ...]:
    """Return why a text is no key of a label: a name, or a prefix, a slash and a name."""
    prefix, slash, name = text.rpartition("/")
    if slash and not prefix:
        return ("prefix part must be non-empty",)
    found = list(subdomain_faults(prefix)) if prefix else []
    found = [f"prefix part {message}" for message in found]
    if not name:
        found.append("name part must be non-empty")
    elif len(name) > _LABEL_LENGTH_MAX:
        found.append(f"name part {_length_message(_LABEL_LENGTH_MAX)}")
    if not re.fullmatch(_QUALIFIED, name):
        found.append(_QUALIFIED_MESSAGE)
    return tuple(found)


def _path_faults(name: str) -> tuple[str, ...]:
    if name in {".", ".."}:
        return (f"may not be '{name}'",)
    return tuple(f"may not contain '{part}'" for part in ("/", "%") if part in name)


def _faults(text: str, pattern: str, length_max: int, message: str) -> tuple[str, ...]:
    found = [] if len(text) <= length_max else [_length_message(length_max)]
    if not re.fullmatch(pattern, text):
        found.append(message)
    return tuple(found)


def _length_message(length_max: int) -> str:
    return f"must be no more than {length_max} bytes"
