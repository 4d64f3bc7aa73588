"""Switches Azure's own upgrades of a cluster on again: looks, writes, looks again."""

from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId
from bascule.platform.effects import Effects, Turns
from bascule.platform.green.upgrades import resume_upgrades
from bascule.platform.plan.step import find_etag, is_busy, is_stopped


async def apply_upgrades(effects: Effects, cluster: ResourceId, note: str = "") -> None:
    """Return once on is what was noted, by the cluster's own tag if no note is given.

    A cluster that is gone or stopped is passed over. Raises ForbiddenError where it may not be
    written: `bascule platform apply` does the same for whoever may.
    """
    turns = Turns(effects=effects, resource=cluster, name=f"cluster {cluster.name}")
    await turns.resume()
    while turns.are_left:
        found = await effects.arm.get(cluster)
        wanted = plan_upgrades(found, note)
        if found is None or wanted is None:
            return
        turns.require_progress("without its upgrades")
        if is_busy(found):
            await turns.wait_for(found)
        else:
            await _write(turns, wanted, find_etag(found))
    raise turns.give_up("upgraded by Azure again")


def plan_upgrades(found: Document | None, note: str = "") -> Document | None:
    """Return the cluster with its upgrades on again; None if nothing is to do, or it is passed."""
    return None if found is None or is_stopped(found) else resume_upgrades(found, note)


async def _write(turns: Turns, wanted: Document, etag: str) -> None:
    verb, arm = "switching upgrades on", turns.effects.arm
    turns.tell(verb)
    await turns.write(verb, lambda: arm.put(turns.resource, wanted, if_match=etag))
