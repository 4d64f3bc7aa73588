"""Checks on the sizes of machines that green needs: offered, in its zones, to this subscription."""

from collections.abc import Iterator

from bascule.checks.azure.blocking import blocker
from bascule.checks.azure.facts import AksFacts, AzureFacts, PoolFacts, SizeFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding


def check_sizes(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each pool of green whose machines are not to be had."""
    green, sizes = facts.green, facts.sizes
    if isinstance(green, Unreadable) or isinstance(sizes, Unreadable) or green.exists:
        return ()
    found = (_check_pool(green, pool, sizes.get(pool.size.lower())) for pool in green.pools)
    return tuple(finding for findings in found for finding in findings)


def _check_pool(green: AksFacts, pool: PoolFacts, size: SizeFacts | None) -> Iterator[Finding]:
    if size is None:
        yield blocker(
            "SizeNotOffered",
            "green",
            f"{green.location} has no {pool.size}, which the pool {pool.name} of green needs",
            "choose another size for this pool",
        )
        return
    if size.refusal:
        yield blocker(
            "SizeNotOffered",
            "green",
            f"this subscription may not use {pool.size} in {green.location}, which the pool"
            f" {pool.name} of green needs: {size.refusal}",
            "choose another size for this pool, or ask Azure's support to allow it",
        )
        return
    usable = set(size.zones) - set(size.refused_zones)
    missing = [zone for zone in pool.zones if zone not in usable]
    if missing:
        yield blocker(
            "ZoneNotOffered",
            "green",
            f"{pool.size} is not to be had in zone {', '.join(missing)} of {green.location},"
            f" which the pool {pool.name} of green names",
            f"take the zones {', '.join(sorted(usable)) or '(none)'}, or another size",
        )
