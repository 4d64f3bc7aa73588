"""Which split each step of a shift asks for: only what the upgrade moves is moved."""

from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from bascule.spec.traffic import Hosts


def plan_split(hosts: Hosts, current: Split, green_bp: int) -> Split:
    """Return the split in which green has `green_bp` of what the upgrade moves.

    With included hosts the others stay where they are; excluded ones always do.
    """
    weights = Weights(Weights.all_to(Cluster.BLUE).blue_bp - green_bp)
    stays = {host: current.for_host(host) for host in hosts.exclude}
    if not hosts.include:
        return Split(weights, stays)
    return Split(
        current.default, {**current.by_host, **dict.fromkeys(hosts.include, weights), **stays}
    )


def is_partial(split: Split) -> bool:
    """Return whether some hosts go by other weights than the rest."""
    return any(weights != split.default for weights in split.by_host.values())
