"""Our part of a gateway's document, and what the translation must know of the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from bascule.azure.document import Document
from bascule.gateway.appgw.settings import Mechanism
from bascule.ids import CertificateDigest
from bascule.routing.model import Problem
from bascule.routing.weights import Split

PORTS: Final = "frontendPorts"
CERTIFICATES: Final = "sslCertificates"
PROBES: Final = "probes"
POOLS: Final = "backendAddressPools"
SETTINGS: Final = "backendHttpSettingsCollection"
LISTENERS: Final = "httpListeners"
PATH_MAPS: Final = "urlPathMaps"
REDIRECTS: Final = "redirectConfigurations"
REWRITES: Final = "rewriteRuleSets"
RULES: Final = "requestRoutingRules"

COLLECTIONS: Final = (
    PORTS,
    CERTIFICATES,
    PROBES,
    POOLS,
    SETTINGS,
    LISTENERS,
    PATH_MAPS,
    REDIRECTS,
    REWRITES,
    RULES,
)
"""The collections of `properties` in which children of ours may be."""

ANY_HOST: Final = "*"
"""The host of a listener without host names."""

Children = Mapping[str, Document]
"""Children of one collection by name, each `{"name": ..., "properties": {...}}`."""


def _no_certificates() -> Mapping[str, CertificateDigest]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """By what all routes change clusters, never AUTO, and why so."""

    mechanism: Mechanism
    why: str = ""


BY_RULES: Final = Choice(mechanism=Mechanism.RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """All that is ours in the document under one routing table; equal tables give equal parts.

    Children refer to each other by full ids. A certificate's name holds the digest of its pair, so
    that a name that is there already needs no data sent; `certificates` says which pair a name is
    for, and its child here has no data.
    """

    children: Mapping[str, Children]
    certificates: Mapping[str, CertificateDigest] = field(default_factory=_no_certificates)
    problems: tuple[Problem, ...] = ()
    """What of the table is left out or read otherwise, on the object that asked for it."""
    choice: Choice = BY_RULES


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class WideRule:
    """A rule of somebody else on a listener for any host, or for all that a wildcard covers.

    What it covers never reaches a rule with a larger priority at the same frontend and port.
    """

    priority: int
    name: str
    listener: str
    frontend: str
    port: int
    host: str
    """In lower case; `*`: any."""

    def covers(self, name: str) -> bool:
        """Whether it answers for a host, or for all that a wildcard stands for."""
        return fnmatchcase(name.lower(), self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is live on the gateway already, of ours."""

    mechanism: Mechanism
    """Never AUTO."""
    split: Split | None = None
    """None: nothing tells."""
    is_held: bool = False
    """Whether an upgrade moves traffic, so that nothing else is to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What of ours stands on the gateway now, all in lower case."""

    children: frozenset[tuple[str, str]] = frozenset()
    """Each by collection and name."""
    hosts: frozenset[str] = frozenset()
    """What our listeners hear, `*` for any."""


NOTHING_LIVE: Final = Live()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What of the gateway is not ours and matters to the translation.

    Equal facts let earlier work stand. Names are as the gateway spells them.
    """

    public_frontend: str = ""
    """Name of the frontend IP configuration with a public address; empty: none."""
    private_frontend: str = ""
    ports: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """Names of the frontend ports that are there and not ours, by number."""
    certificates: frozenset[str] = frozenset()
    ssl_profiles: frozenset[str] = frozenset()
    trusted_roots: frozenset[str] = frozenset()
    rewrite_sets: frozenset[str] = frozenset()
    priorities: frozenset[int] = frozenset()
    """Of rules that are not ours."""
    wide_rules: tuple[WideRule, ...] = ()
    """Of them those that answer for more hosts than one, the smallest priority first."""
    listeners: frozenset[tuple[str, int, str]] = frozenset()
    """Frontend name, port and host (lower case, `*` for any) that others' listeners have."""
    protocols: Mapping[tuple[str, int], str] = field(default_factory=lambda: MappingProxyType({}))
    """`Http` or `Https`: what others' listeners speak, by frontend name and port."""
    used: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """How many children others have, by collection."""
    others_bytes: int = field(default=0, compare=False)
    """How much of the document is not ours; it changes no child by itself."""
    has_waf: bool = False
    """Whether the gateway's tier is WAF_v2, without which a WAF policy is refused."""
    standing: Standing | None = field(default=None, compare=False)
    """None: nothing of ours was written yet. It changes no child by itself."""
    live: Live = field(default=NOTHING_LIVE, compare=False)
    """Who comes first where there is no room for all; it changes no child by itself."""

    def is_moved_by(self, split: Split) -> bool:
        """Whether requests would go elsewhere than they do."""
        return self.standing is not None and self.standing.split != split

    def held(self) -> "Facts":
        """Return the same, and that nothing but what the table says is to change now."""
        if self.standing is None:
            return self
        return replace(self, standing=replace(self.standing, is_held=True))
