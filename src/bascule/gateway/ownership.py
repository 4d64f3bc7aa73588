"""What of a shared gateway is ours, by name and tag, and what nobody of us may touch.

A name is ours by its prefix. On a gateway that was taken over from AGIC its objects are ours too,
so that they are replaced. Its certificates, which nobody can read back, and frontend ports stay.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

OWNER_TAG: Final = "bascule-owner"
"""Names the gateway, as `gateway.yaml` does, whose prefix the children's names begin with."""
TABLE_TAG: Final = "bascule-table"
"""The first hex digits of the digest of the routing table that was last written."""
ADOPTED_TAG: Final = "bascule-adopted"
"""Says that the objects of AGIC are ours; its value is the prefix that AGIC was given."""
TABLE_DIGITS: Final = 16
SPLIT_TAG: Final = "bascule-split"
"""What blue gets of the requests, in percent: `100;shop.example.com=0`."""
SWITCH_TAG: Final = "bascule-switch-by"
"""`pools`, or `rules` where it was pools before: how all routes change clusters."""


PROBED_HOST_END: Final = ".bascule.invalid"
"""What the hosts of listeners end with that are there for probes and not for clients.

No such name is ever in DNS (RFC 2606).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owns:
    """What is ours of one gateway."""

    prefix: str
    owner: str
    adopted: bool = False
    """Whether the objects that AGIC made are ours too."""
    agic_prefix: str = ""
    """What the names of AGIC's objects begin with: its `appgw.subResourceNamePrefix`."""

    def __post_init__(self) -> None:
        if not self.prefix:
            raise ValueError("an empty prefix would own the whole gateway")

    def is_ours(self, collection: str, name: str) -> bool:
        """Whether a child is ours; `collection` as in `properties`, such as `httpListeners`."""
        if name.lower().startswith(self.prefix.lower()):
            return True
        return self.adopted and is_child_of_agic(collection, name, self.agic_prefix)


def has_clients(hosts: Iterable[str]) -> bool:
    """Whether a listener of these hosts is for clients, and not only there for probes."""
    return any(not host.lower().endswith(PROBED_HOST_END) for host in hosts)


def owns_of(tags: Mapping[str, object], *, prefix: str, owner: str) -> Owns:
    """Return what is ours of a gateway with these tags, whoever else it may belong to."""
    agic_prefix = adoption_of(tags)
    return Owns(
        prefix=prefix,
        owner=owner,
        adopted=agic_prefix is not None,
        agic_prefix=agic_prefix or "",
    )


def owner_of(tags: Mapping[str, object]) -> str:
    """Return whose gateway it is by its tags; empty: no Bascule has written it."""
    return _tag(tags, OWNER_TAG) or ""


def table_of(tags: Mapping[str, object]) -> str:
    """Return the digits of the table that was last written; empty: none."""
    return _tag(tags, TABLE_TAG) or ""


def split_of(tags: Mapping[str, object]) -> str:
    """Return the text of the split that was last written; empty: none."""
    return _tag(tags, SPLIT_TAG) or ""


def switch_of(tags: Mapping[str, object]) -> str:
    """Return by what routes change clusters, as was last written; empty: nothing says."""
    return _tag(tags, SWITCH_TAG) or ""


def adoption_of(tags: Mapping[str, object]) -> str | None:
    """Return the prefix that AGIC was given, or None where nothing was taken over."""
    return _tag(tags, ADOPTED_TAG)


def _tag(tags: Mapping[str, object], name: str) -> str | None:
    """Return a tag; their names have no case in Azure."""
    found = (value for key, value in tags.items() if key.lower() == name)
    value = next(found, None)
    return value if isinstance(value, str) else None


_DIGEST = r"[0-9a-f]{32}"
_CUT = rf".{{0,47}}-{_DIGEST}"
"""AGIC cuts what is longer than 80 characters and puts a digest at the end."""
_AGIC_BY_COLLECTION: Final[Mapping[str, str]] = {
    "probes": r"pb-.+-.+-.+-.+|defaultprobe-Https?",
    "backendHttpSettingsCollection": r"bp-.+-.+-.+-\d+-.+|defaulthttpsetting",
    "backendAddressPools": r"pool-.+-.+-.+-bp-\d+|defaultaddresspool",
    "httpListeners": rf"fl-{_DIGEST}",
    "urlPathMaps": rf"url-{_DIGEST}",
    "requestRoutingRules": rf"rr-{_DIGEST}",
    "redirectConfigurations": rf"sslr-.*fl-{_DIGEST}",
}
"""How AGIC names what it makes, behind the prefix that it was given (agic 1.9.8)."""
_CUT_BEGINNINGS: Final[Mapping[str, str]] = {
    "probes": "pb-",
    "backendHttpSettingsCollection": "bp-",
    "backendAddressPools": "pool-",
}


def is_child_of_agic(collection: str, name: str, agic_prefix: str = "") -> bool:
    """Whether AGIC with this prefix names a child of this collection so."""
    if collection == "rewriteRuleSets":
        return re.fullmatch(r"crd-.+-.+", name) is not None
    pattern = _AGIC_BY_COLLECTION.get(collection)
    if pattern is None or not name.startswith(agic_prefix):
        return False
    if re.fullmatch(pattern, name[len(agic_prefix) :]) is not None:
        return True
    beginning = _CUT_BEGINNINGS.get(collection)
    is_cut = re.fullmatch(_CUT, name) is not None
    return beginning is not None and is_cut and name[len(agic_prefix) :].startswith(beginning)


_AGIC_WITH_ANY_PREFIX: Final = re.compile(
    r"pool-.+-bp-\d+$"
    r"|(?:fl|rr|url)-[0-9a-f]{32}$"
    r"|defaultaddresspool$"
    r"|defaulthttpsetting$"
    r"|pool-.{0,42}-[0-9a-f]{32}$"  # cut to 80 characters, with a digest at the end
)


def is_agic_name(name: str) -> bool:
    """Return whether AGIC, with whatever prefix, would name a pool, listener or rule like this."""
    return _AGIC_WITH_ANY_PREFIX.search(name) is not None


def split_names(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names of AGIC's, and the others, both in order."""
    ordered = sorted(names)
    agic = tuple(name for name in ordered if is_agic_name(name))
    return agic, tuple(name for name in ordered if not is_agic_name(name))
