"""What an API server warns of beside its answer (RFC 9111 section 5.5 as Kubernetes uses it)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_WARNING = re.compile(r'299\s+\S+\s+"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiWarning:
    """A warning and the request that it was given to, such as the use of a deprecated API."""

    request: str
    text: str


def parse_warnings(headers: Iterable[str]) -> tuple[str, ...]:
    """Return the texts of the `Warning` headers with code 299; others are left out."""
    found = (match for header in headers for match in _WARNING.findall(header))
    return tuple(re.sub(r"\\(.)", r"\1", text) for text in found)
