"""Kinds of values that the parts of a platform share: names, address ranges, versions, tags."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

OWNER_TAG = "bascule-platform"
"""The tag that says which platform made a resource; its value is the platform's name."""

_CLOUDS = ("AzureCloud", "AzureChinaCloud", "AzureUSGovernment")
_ARM_ID = re.compile(r"/subscriptions/[^/\s]+/resourceGroups/[^/\s]+(/[^/\s]+)+", re.IGNORECASE)
_VERSION = r"1\.[0-9]{1,3}(\.[0-9]{1,3})?"
_GUID = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"


def check_range(text: str) -> str:
    """Return an IPv4 range in its one spelling. Raises ValueError for anything else."""
    try:
        return str(ipaddress.IPv4Network(text))
    except ipaddress.NetmaskValueError:
        raise ValueError(f"{text!r} is not a range of addresses such as 10.1.0.0/16") from None
    except ValueError as error:
        has_bits = "host bits" in str(error)
        why = "has bits after its prefix" if has_bits else "is not a range such as 10.1.0.0/16"
        raise ValueError(f"{text!r} {why}") from None


def _check_id(text: str) -> str:
    stripped = text.rstrip("/")
    if not _ARM_ID.fullmatch(stripped):
        raise ValueError("is not the id of a resource: /subscriptions/…/resourceGroups/…/…")
    return stripped


def _check_cloud(text: str) -> str:
    if text not in _CLOUDS and not text.startswith("https://"):
        raise ValueError(f"is none of {', '.join(_CLOUDS)}, nor the https:// address of a cloud")
    return text.rstrip("/")


def _parse_location(value: object) -> object:
    """Take `China North 2` as Azure writes it for people too."""
    return "".join(value.split()).lower() if isinstance(value, str) else value


def _parse_version(value: object) -> str:
    """Refuse numbers: YAML reads 1.30 as 1.3."""
    if isinstance(value, float):
        raise ValueError(f"write it in quotes: YAML reads a version such as 1.30 as {1.30}")  # noqa: TRY004 — pydantic takes ValueError only
    if not isinstance(value, str) or not re.fullmatch(_VERSION, value):
        raise ValueError(f'{value!r} is not a version such as "1.34" or "1.34.2"')
    return value


def _check_tags(tags: dict[str, str]) -> dict[str, str]:
    if OWNER_TAG in (name.lower() for name in tags):
        raise ValueError(f"{OWNER_TAG!r} is set by Bascule itself")
    return tags


Range = Annotated[str, AfterValidator(check_range)]
"""An IPv4 range such as 10.1.0.0/16."""
ArmId = Annotated[str, Field(max_length=2_000), AfterValidator(_check_id)]
Cloud = Annotated[str, Field(max_length=500), AfterValidator(_check_cloud)]
Guid = Annotated[str, Field(pattern=_GUID)]
Location = Annotated[
    str,
    BeforeValidator(_parse_location),
    Field(pattern=r"^[a-z][a-z0-9]{1,40}$"),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9 ]{1,60}$"}),
]
Version = Annotated[
    str,
    BeforeValidator(_parse_version),
    WithJsonSchema({"type": "string", "pattern": f"^{_VERSION}$"}),
]
GroupName = Annotated[str, Field(pattern=r"^[-\w().]*[-\w()]$", max_length=90)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([-\w.]*\w)?$", max_length=80)]
"""The name of a network, a subnet, a public IP, a gateway."""
ClusterName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_]{0,61}[A-Za-z0-9])?$")]
PoolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,11}$")]
IdentityName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][-A-Za-z0-9_]{2,127}$")]
Zones = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[1-9]$")], ...], Field(default=(), max_length=3)
]
Tags = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=512)], Annotated[str, Field(max_length=256)]
    ],
    Field(default_factory=dict, max_length=49),
    AfterValidator(_check_tags),
]
