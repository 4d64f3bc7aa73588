"""What the clusters of a platform run on, and what that costs a day: by the user's prices only."""

from collections import Counter
from dataclasses import dataclass

from bascule.azure.document import Document, list_at, number_at, text_at
from bascule.journal.record import Json
from bascule.spec.azure.prices import Prices

HOURS = 24
AZURE_CHOOSES = "of Azure's choice"
"""A size that neither the spec nor a resource names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The machines of one cluster, and the sum for a day; None where a price is not known."""

    cluster: str
    machines: tuple[tuple[str, int], ...]
    """Size and number, by size."""
    tier: str
    per_day: float | None = None
    currency: str = ""
    unpriced: tuple[str, ...] = ()
    """Of what the file of prices does not know the price."""


def count_running(name: str, cluster: Document, prices: Prices | None) -> Running:
    """Return what a cluster runs on: the nodes that it has now, or is made with."""
    counts: Counter[str] = Counter()
    for pool in list_at(cluster, "properties", "agentPoolProfiles"):
        nodes = number_at(pool, "count")
        nodes = number_at(pool, "minCount") if nodes is None else nodes
        counts[text_at(pool, "vmSize") or AZURE_CHOOSES] += nodes or 0
    machines = tuple(sorted(counts.items()))
    tier = text_at(cluster, "sku", "tier") or "Free"
    if prices is None:
        return Running(cluster=name, machines=machines, tier=tier)
    unpriced = [size for size, _ in machines if size not in prices.machines]
    if tier != "Free" and tier not in prices.tiers:
        unpriced.append(f"tier {tier}")
    hourly = sum(prices.machines.get(size, 0.0) * count for size, count in machines)
    hourly += prices.tiers.get(tier, 0.0)
    return Running(
        cluster=name,
        machines=machines,
        tier=tier,
        per_day=None if unpriced else round(hourly * HOURS, 2),
        currency=prices.currency,
        unpriced=tuple(unpriced),
    )


def render_running(running: Running) -> dict[str, Json]:
    """Return it as JSON."""
    return {
        "cluster": running.cluster,
        "machines": dict(running.machines),
        "tier": running.tier,
        "per_day": running.per_day,
        "currency": running.currency,
        "unpriced": list(running.unpriced),
    }
