"""How much of a gateway's limits a part takes, and what is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from bascule.azure.document import Document, object_at
from bascule.gateway.appgw.part import (
    CERTIFICATES,
    LISTENERS,
    POOLS,
    PORTS,
    PROBES,
    REDIRECTS,
    REWRITES,
    RULES,
    SETTINGS,
    Children,
    Facts,
    Part,
)
from bascule.gateway.appgw.settings import KILOBYTE, Limits
from bascule.ids import Cluster

ACTIVE: Final = "activeListeners"
"""Listeners whose rule leads to backends; those that only redirect do not count."""

DOCUMENT: Final = "document"
"""The whole document as it is sent."""

AROUND_BYTES: Final = 2_000
"""How much of a document is neither ours nor others' children: the tags that we add, and commas."""

KINDS: Mapping[str, str] = {
    PORTS: "frontend ports",
    CERTIFICATES: "certificates",
    PROBES: "probes",
    POOLS: "backend pools",
    SETTINGS: "backend settings",
    LISTENERS: "listeners",
    ACTIVE: "active listeners",
    REDIRECTS: "redirects",
    REWRITES: "rewrite rule sets",
    RULES: "rules",
    DOCUMENT: "kilobytes of document",
}
"""What is limited, and how people call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """How far one collection of a gateway is filled."""

    collection: str
    ours: int
    others: int
    limit: int

    @property
    def left(self) -> int:
        """How many more there may be; negative where there are too many."""
        return self.limit - self.ours - self.others


def headroom(part: Part, facts: Facts, limits: Limits) -> tuple[Headroom, ...]:
    """Return how far each limited collection is filled, in the order of the document."""
    size = count_bytes(part.children) + AROUND_BYTES
    counts = {**count(part.children), DOCUMENT: -(-size // KILOBYTE)}
    others, most = count_others(facts), limits_by_kind(limits)
    return tuple(
        Headroom(collection=kind, ours=counts[kind], others=others[kind], limit=most[kind])
        for kind in KINDS
    )


def count(children: Mapping[str, Children]) -> dict[str, int]:
    """Return how many children there are of each limited kind."""
    found = {kind: len(children.get(kind, ())) for kind in KINDS}
    found[ACTIVE] = sum(leads_to_backends(rule) for rule in children.get(RULES, {}).values())
    return found


def count_bytes(children: Mapping[str, Children]) -> int:
    """Return how much of the document children take; certificates' data is not among them.

    Rules count as if all led to the longer name, so that no switch makes a document too large.
    """
    encoded = {kind: msgspec.json.encode([*found.values()]) for kind, found in children.items()}
    longer = encoded.get(RULES, b"").count(Cluster.BLUE.encode())
    size = sum(len(each) - 1 for kind, each in encoded.items() if children[kind])
    return size + longer * (len(Cluster.GREEN) - len(Cluster.BLUE))


def bytes_left(facts: Facts, limits: Limits) -> int:
    """Return how much of the document may be ours."""
    most = limits.document_kilobytes - facts.others_bytes // KILOBYTE
    return most * KILOBYTE - AROUND_BYTES


def count_others(facts: Facts) -> dict[str, int]:
    """Return how many others have; of their listeners all count as active unless facts say less."""
    found = {kind: facts.used.get(kind, 0) for kind in KINDS}
    found[ACTIVE] = facts.used.get(ACTIVE, found[LISTENERS])
    found[DOCUMENT] = facts.others_bytes // KILOBYTE
    return found


def leads_to_backends(rule: Document) -> bool:
    """Return whether a routing rule makes its listener an active one."""
    return "redirectConfiguration" not in object_at(rule, "properties")


def limits_by_kind(limits: Limits) -> dict[str, int]:
    """Return the limits by what they are for."""
    return {
        PORTS: limits.ports,
        CERTIFICATES: limits.certificates,
        PROBES: limits.probes,
        POOLS: limits.backend_pools,
        SETTINGS: limits.backend_settings,
        LISTENERS: limits.listeners,
        ACTIVE: limits.active_listeners,
        REDIRECTS: limits.redirects,
        REWRITES: limits.rewrite_sets,
        RULES: limits.rules,
        DOCUMENT: limits.document_kilobytes,
    }
