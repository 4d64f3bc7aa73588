"""Stops and starts a cluster: looks, acts, looks again; ended and begun at any moment."""

from bascule.azure.document import text_at
from bascule.azure.resource_id import ResourceId
from bascule.errors import NotFoundError, OutcomeUnknownError
from bascule.platform.effects import PAUSE_S, Effects
from bascule.platform.plan.step import is_busy, is_stopped
from bascule.platform.ports import Progress

BUSY_MAX_S = 5_400.0
"""So long a cluster is waited for before it is said that it does not stop, or start."""


async def stop_cluster(effects: Effects, cluster: ResourceId) -> None:
    """Return once the cluster is stopped. Raises NotFoundError if there is none."""
    await _bring(effects, cluster, is_wanted_stopped=True)


async def start_cluster(effects: Effects, cluster: ResourceId) -> None:
    """Return once the cluster runs. Raises NotFoundError if there is none."""
    await _bring(effects, cluster, is_wanted_stopped=False)


async def _bring(effects: Effects, cluster: ResourceId, *, is_wanted_stopped: bool) -> None:
    name = f"cluster {cluster.name}"
    action, verb = ("stop", "stopping") if is_wanted_stopped else ("start", "starting")
    await effects.resume(cluster, name)
    clock = effects.arm.clock
    deadline_s = clock.monotonic_s() + BUSY_MAX_S
    while clock.monotonic_s() < deadline_s:
        found = await effects.arm.get(cluster)
        if found is None:
            raise NotFoundError(f"there is no {name}", status=404, reason="ResourceNotFound")
        if is_busy(found):
            state = text_at(found, "properties", "provisioningState")
            effects.on_progress(Progress(resource=name, what="waiting", detail=state))
            await effects.pause(PAUSE_S)
        elif is_stopped(found) is is_wanted_stopped:
            return
        else:
            effects.on_progress(Progress(resource=name, what=verb))
            await effects.send(cluster, name, verb, lambda: effects.arm.post(cluster, action))
    raise OutcomeUnknownError(
        f"{name} is not {'stopped' if is_wanted_stopped else 'started'} after "
        f"{BUSY_MAX_S / 60:.0f} minutes",
        remedy="see what is being done to it in Azure's activity log, then say this again",
    )
