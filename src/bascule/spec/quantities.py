"""Kinds of values that several parts of a spec share: percentages, regular expressions, names."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"

_HOST_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOST = rf"(\*\.)?{_HOST_LABEL}(\.{_HOST_LABEL})*"
_HEADER = r"^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$"
_ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"
_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")
_PERCENT = r"^[0-9]{1,3}(\.[0-9]{1,2})? ?%?$"


def parse_share(value: object) -> float:
    """Return percent (`5`, `0.25`, `12.5%`) with two decimals at most. Raises ValueError."""
    text = "" if isinstance(value, bool) else str(value).strip().removesuffix("%").strip()
    percent = float(text) if _NUMBER.fullmatch(text) else -1.0
    if not 0 <= percent <= 100:
        raise ValueError(f"{value!r} is not a percentage from 0 to 100 with two decimals at most")
    return percent


def _check_host(name: str) -> str:
    host = name.lower()
    if len(host) > 253 or not re.fullmatch(_HOST, host):
        raise ValueError(f"{name!r} is not a host name, nor a wildcard such as *.example.com")
    return host


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
                {"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.01},
                {"type": "string", "pattern": _PERCENT},
            ]
        }
    ),
]
"""Percent with two decimals at most; `12.5%` may be written too."""
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Label = Annotated[str, Field(pattern=LABEL)]
Host = Annotated[str, AfterValidator(_check_host)]
HeaderName = Annotated[str, AfterValidator(str.lower), Field(pattern=_HEADER)]
Regex = Annotated[str, AfterValidator(_check_regex), Field(max_length=1_000)]
EnvName = Annotated[str, Field(pattern=_ENV_NAME)]
"""The name of an environment variable that holds a secret."""
TimeZone = Annotated[str, AfterValidator(_check_zone)]
Command = Annotated[tuple[str, ...], Field(min_length=1, max_length=256)]
"""A program and its arguments; no shell."""
