"""An application gateway as checks see it: counts of its parts, who it belongs to, how it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Part(StrEnum):
    """Parts of a gateway that Azure limits; the values are words for messages."""

    POOLS = "backend pools"
    SETTINGS = "backend settings"
    LISTENERS = "listeners"
    ACTIVE_LISTENERS = "active listeners"
    RULES = "routing rules"
    PORTS = "frontend ports"
    CERTIFICATES = "certificates"
    REDIRECTS = "redirects"
    REWRITES = "rewrite rule sets"
    PATH_RULES = "path rules of one path map"
    TARGETS = "targets of one pool"
    HOSTS = "host names of one listener"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgicObjects:
    """What in a gateway's document bears AGIC's names, and what does not."""

    names: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Pools, listeners and rules that somebody else made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFacts:
    """An application gateway."""

    id: str
    name: str
    location: str
    tier: str
    """Such as `Standard_v2`, `WAF_v2`."""
    counts: Mapping[Part, int]
    """Of parts that are counted one by one, the largest: the pool with most targets."""
    used_counts: Mapping[Part, int] = field(default_factory=dict)
    """Of pools and settings: how many a rule or path leads to."""
    hosts: tuple[str, ...] = ()
    """The host names that it listens for; `*` for any."""
    instances_max: int = 2
    subnet_id: str = ""
    public_ip_ids: tuple[str, ...] = ()
    identity_ids: tuple[str, ...] = ()
    waf_policy_ids: tuple[str, ...] = ()
    agic: AgicObjects = field(default_factory=AgicObjects)
    agic_cluster_id: str = ""
    """What the tag says that AGIC puts on its gateway; empty without that tag."""
    is_marked_by_agic: bool = False
    """Whether it bears a tag of AGIC's, and Bascule has not taken it over."""
    state: str = "Succeeded"
    is_running: bool = True
