"""Stops and starts a cluster: looks, acts, looks again; ended and begun at any moment."""

from bascule.azure.document import text_at
from bascule.azure.resource_id import ResourceId
from bascule.errors import NotFoundError
from bascule.platform.effects import Effects, Turns
from bascule.platform.plan.step import is_busy, is_stopped


async def stop_cluster(effects: Effects, cluster: ResourceId) -> None:
    """Return once the cluster is stopped. Raises NotFoundError if there is none."""
    await _bring(effects, cluster, is_wanted_stopped=True)


async def start_cluster(effects: Effects, cluster: ResourceId) -> None:
    """Return once the cluster runs. Raises NotFoundError if there is none."""
    await _bring(effects, cluster, is_wanted_stopped=False)


async def _bring(effects: Effects, cluster: ResourceId, *, is_wanted_stopped: bool) -> None:
    turns = Turns(effects=effects, resource=cluster, name=f"cluster {cluster.name}")
    action, verb = ("stop", "stopping") if is_wanted_stopped else ("start", "starting")
    await turns.resume()
    while turns.are_left:
        found = await effects.arm.get(cluster)
        if found is None:
            raise NotFoundError(f"there is no {turns.name}", status=404, reason="ResourceNotFound")
        turns.require_progress(text_at(found, "properties", "powerState", "code"))
        if is_busy(found):
            await turns.wait_for(found)
        elif is_stopped(found) is is_wanted_stopped:
            return
        else:
            turns.tell(verb)
            await turns.write(verb, lambda: effects.arm.post(cluster, action))
    raise turns.give_up("stopped" if is_wanted_stopped else "started")
