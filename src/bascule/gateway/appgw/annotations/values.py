"""Values of annotations, read as Go's strconv reads them and held to what the gateway takes.

Each reader raises ValueError that says what the value should be.
"""

import re
from collections.abc import Callable

from bascule.manifest.parse_ingress import parse_host

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_CHILD = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?", re.ASCII)
_OBJECT = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
_PATH = re.compile(r"/[^\s?#*]{0,1023}")
_CODES = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?", re.ASCII)
_POLICY = re.compile(
    r"/subscriptions/[^/\s]+/resourceGroups/[^/\s]+/providers/Microsoft\.Network"
    r"/ApplicationGatewayWebApplicationFirewallPolicies/[^/\s]+",
    re.IGNORECASE | re.ASCII,
)


def read_bool(text: str) -> bool:
    """Read as strconv.ParseBool does: `yes` and ` true` are no booleans."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("true or false")


def number(least: int, most: int, what: str = "a whole number") -> Callable[[str], int]:
    """Return a reader of numbers as strconv.Atoi reads them: `20s` and `0x10` are none.

    What does not fit in 32 bits is out of range; Azure's controller takes the lower 32 bits.
    """

    def read(text: str) -> int:
        if _NUMBER.fullmatch(text) and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"{what} from {least} to {most}")

    return read


def read_protocol(text: str) -> str:
    """Return `Http` or `Https`, from either in any case."""
    if text.lower() not in ("http", "https"):
        raise ValueError("http or https")
    return text.lower().capitalize()


def read_child(text: str) -> str:
    """Return the name of something that is on the gateway already."""
    if not _CHILD.fullmatch(text):
        raise ValueError("the name of one that is on the gateway")
    return text


def read_children(text: str) -> tuple[str, ...]:
    """Return names separated by commas, each once, with or without blanks around them."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if not all(map(_CHILD.fullmatch, names)):
        raise ValueError("names of some that are on the gateway, separated by commas")
    return names


def read_object_name(text: str) -> str:
    """Return the name of a Kubernetes object of the Ingress's namespace."""
    if not _OBJECT.fullmatch(text):
        raise ValueError("the name of an object in the Ingress's namespace")
    return text


def read_host(text: str) -> str:
    """Return one host name, lower case, without a wildcard."""
    try:
        host = parse_host(text)
    except ValueError:
        host = "*"
    if host.startswith("*"):
        raise ValueError("a host name without a wildcard")
    return host


def read_path(text: str) -> str:
    """Return a path."""
    if not _PATH.fullmatch(text):
        raise ValueError("a path that begins with a slash, without ?, # and *")
    return text


def read_probe_path(text: str) -> str:
    """Return a path with its query; a `*` at the end goes, as in Azure's controller."""
    if not text.startswith("/") or any(mark.isspace() or mark == "#" for mark in text):
        raise ValueError("a path that begins with a slash")
    return text.rstrip("*")


def read_codes(text: str) -> tuple[str, ...]:
    """Return ranges of status codes: `200-399, 401`."""
    codes = tuple(part.strip() for part in text.split(","))
    for code in codes:
        match = _CODES.fullmatch(code)
        if match is None or (match[2] or match[1]) < match[1]:
            raise ValueError("status codes and ranges of them, such as 200-399,401")
    return codes


def read_policy(text: str) -> str:
    """Return the id of a WAF policy, as it was written."""
    if not _POLICY.fullmatch(text):
        raise ValueError(
            "the id of a WAF policy: /subscriptions/.../providers/Microsoft.Network"
            "/ApplicationGatewayWebApplicationFirewallPolicies/NAME"
        )
    return text
