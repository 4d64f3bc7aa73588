"""Checks for controllers in the clusters that write the gateway: two undo each other's work."""

from collections.abc import Iterable, Iterator

from bascule.checks.azure.controllers import judge_inside
from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory

WRITERS = frozenset({"AgicInside", "AgicOwnsGateway", "ForeignWriter", "GatewayOfAnother"})
"""Codes of blockers for which an upgrade by itself writes nothing but the way back."""


def only_writers(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return those of the findings for which nothing but the way back is written."""
    blocking = (each for each in findings if each.severity is Severity.BLOCKER)
    return tuple(each for each in blocking if each.code in WRITERS)


def check_writers(inventory: Inventory) -> tuple[Finding, ...]:
    """Return a blocker for each AGIC that works in a cluster, and what could not be seen of it."""
    return tuple(_find(inventory))


def _find(inventory: Inventory) -> Iterator[Finding]:
    for cluster, seen in sorted(inventory.inside.items()):
        facts = inventory.clusters.get(cluster)
        if facts is not None and not facts.is_awaited:
            yield from judge_inside(cluster.value, facts.name or cluster.value, seen)
