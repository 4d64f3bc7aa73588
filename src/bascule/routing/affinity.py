"""How a user is kept on one cluster while weights rise."""

from dataclasses import dataclass
from enum import StrEnum


class AffinityKind(StrEnum):
    """How a user is kept on one cluster while weights rise."""

    COOKIE = "cookie"
    HEADER = "header"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Affinity:
    """What tells one user from another: `name` is a cookie's or a header's."""

    kind: AffinityKind = AffinityKind.COOKIE
    name: str = "bascule"
    ttl_s: int = 86_400
