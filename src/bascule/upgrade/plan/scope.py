"""Which hosts a plan moves, read from the plan itself."""

from bascule.checks.inventory import HostScope
from bascule.ids import Cluster
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.reading import read_weights


def find_scope(plan: Plan) -> HostScope:
    """Return the hosts that green has in the end. Raises JournalError for what is no plan."""
    splits = [weights.split for weights in read_weights(plan)]
    if not splits:
        return HostScope()
    last = splits[-1]
    moved = {host for host, w in last.by_host.items() if w.only is Cluster.GREEN}
    if last.default.only is Cluster.GREEN:
        return HostScope(exclude=tuple(host for host in last.by_host if host not in moved))
    return HostScope(include=tuple(host for host in last.by_host if host in moved))
