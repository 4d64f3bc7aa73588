"""Checks that a cluster on an overlay lets the gateway in, once it is there to be asked."""

from collections.abc import Iterator
from dataclasses import replace

from bascule.checks.azure.facts import InsideFacts
from bascule.checks.azure.reachability import tell_not_extended
from bascule.checks.findings import Finding
from bascule.checks.inventory import Inventory

NOT_EXTENDED = "OverlayNotExtended"


def check_overlay_ranges(inventory: Inventory) -> tuple[Finding, ...]:
    """Return a blocker, the object to apply in its words, for each that lets nobody in yet."""
    return tuple(_find(inventory))


def _find(inventory: Inventory) -> Iterator[Finding]:
    for cluster, ranges in sorted(inventory.overlays.items()):
        seen = inventory.inside.get(cluster)
        if not isinstance(seen, InsideFacts) or seen.extensions is None:
            continue  # nobody lets us look: the gateway itself is asked how it finds its backends
        if ranges and not {*seen.extensions} & {*ranges}:
            found = tell_not_extended(cluster.value, ranges)
            yield replace(found, message=f"{found.message}: {found.remedy}")
