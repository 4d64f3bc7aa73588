"""What a person has to do in a cluster that was made, so that the gateway gets into it."""

from bascule.checks.overlays import NOT_EXTENDED
from bascule.ids import Cluster
from bascule.upgrade.plan.making import find_overlays
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.ports import Checks


async def find_shut(plan: Plan, cluster: Cluster, checks: Checks) -> str:
    """Return what is to be applied in a cluster that `plan` makes on an overlay; empty: nothing."""
    if cluster not in find_overlays(plan):
        return ""
    found = await checks.find()
    shut = [f for f in found if (f.code, f.subject) == (NOT_EXTENDED, cluster.value)]
    return "; ".join(f"{each.subject}: {each.message}" for each in shut)
