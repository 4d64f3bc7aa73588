"""Kinds of values that several parts of a spec share: percentages, regular expressions, names."""

import re
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StrictFloat, WithJsonSchema

LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"

_HOST_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOST = rf"{_HOST_LABEL}(\.{_HOST_LABEL})*"
_HOST_BYTES_MAX = 253
_HEADER_VALUE = r"^[\t\x20-\x7e]*$"
_HEADER = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$"
_ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"
_SHARE = r"([0-9]{1,3}(\.[0-9]{1,2})?) ?%?"


def parse_share(value: object) -> float:
    """Return percent (`5`, `0.25`, `12.5%`) with two decimals at most. Raises ValueError."""
    match = None if isinstance(value, bool) else re.fullmatch(_SHARE, str(value))
    if match is None or not 0 <= float(match[1]) <= 100:
        raise ValueError(f"{value!r} is not a percentage from 0 to 100 with two decimals at most")
    return float(match[1])


def _check_host(name: str) -> str:
    host = name.lower()
    if len(host) > _HOST_BYTES_MAX or not re.fullmatch(_HOST, host):
        raise ValueError(f"{name!r} is not a host name")
    return host


def _check_host_rule(name: str) -> str:
    """Take what an Ingress may name too: a wildcard, or `*` where it names no host."""
    host = name.lower()
    if host != "*" and not re.fullmatch(_HOST, host.removeprefix("*.")[:_HOST_BYTES_MAX]):
        raise ValueError(f"{name!r} is not a host name, nor a wildcard such as *.example.com")
    return host


def _check_command(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words[0]:
        raise ValueError("names no program")
    if any("\0" in word for word in words):
        raise ValueError("holds a NUL character")
    return words


def _check_url(text: str) -> str:
    """Take no user and password, since a secret does not stand in a spec; never repeat them."""
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        has_login = "@" in parts.netloc
    except ValueError:
        is_good = has_login = False
    if not is_good or not text.isprintable() or " " in text:
        raise ValueError("is not an address that begins with http:// or https://")
    if has_login:
        raise ValueError("holds a user or a password: secrets do not stand here")
    return text


def _check_regex(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    return text


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone such as Europe/Berlin or UTC") from None
    return name


Share = Annotated[
    float,
    BeforeValidator(parse_share),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 100},
                {"type": "string", "pattern": f"^{_SHARE}$"},
            ]
        }
    ),
]
"""Percent with two decimals at most; `12.5%` may be written too."""
Percent = Annotated[StrictFloat, Field(ge=0, le=100, allow_inf_nan=False)]
Label = Annotated[str, Field(pattern=LABEL)]
Host = Annotated[str, AfterValidator(_check_host)]
HostRule = Annotated[str, AfterValidator(_check_host_rule)]
"""A host as an Ingress names it: `shop.example.com`, `*.example.com`, or `*` for all others."""
Url = Annotated[str, Field(max_length=2_000), AfterValidator(_check_url)]
HeaderValue = Annotated[str, Field(pattern=_HEADER_VALUE, max_length=8_000)]
HeaderName = Annotated[str, Field(pattern=_HEADER), AfterValidator(str.lower)]
Regex = Annotated[str, AfterValidator(_check_regex), Field(max_length=1_000)]
EnvName = Annotated[str, Field(pattern=_ENV_NAME)]
"""The name of an environment variable that holds a secret."""
TimeZone = Annotated[str, AfterValidator(_check_zone)]
Command = Annotated[
    tuple[str, ...], Field(min_length=1, max_length=256), AfterValidator(_check_command)
]
"""A program and its arguments; no shell."""
