"""One kubelet for all nodes: starts a runtime for each pod that has a node, and ends it."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, NamedTuple

from bascule.lab.controllers.kubelet.pod_runtime import NodeWorld, PodRuntime
from bascule.lab.controllers.ownership import is_terminating, key_of
from bascule.lab.controllers.pod_state import is_finished
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.lifecycle import AT_ONCE
from bascule.lab.pods.logs import ContainerLog

Object = dict[str, Any]

_log = logging.getLogger(__name__)


class _Entry(NamedTuple):
    runtime: PodRuntime
    task: asyncio.Task[None]


class Kubelet:
    """Stands last among the controllers: endpoints are marked before a pod is told to go."""

    resources = ("pods",)

    def __init__(self, world: NodeWorld, tasks: asyncio.TaskGroup) -> None:
        self._world = world
        self._tasks = tasks
        self._entries: dict[Key, _Entry] = {}

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the pod."""
        return (key_of(change),)

    def log_of(
        self, namespace: str, name: str, container: str, *, previous: bool = False
    ) -> ContainerLog | None:
        """Return what a container has written, also after it has ended, while its Pod is there."""
        entry = self._entries.get(Key(namespace, name))
        return entry.runtime.log_of(container, previous=previous) if entry else None

    def reconcile(self, key: Key) -> float | None:
        """Start, end or kill what runs for one Pod object."""
        pod = self._world.store.find("pods", key.name, key.namespace)
        entry = self._entries.get(key)
        if entry is not None and (pod is None or pod["metadata"]["uid"] != entry.runtime.uid):
            entry.task.cancel()
            del self._entries[key]
            entry = None
        if pod is None or not pod["spec"].get("nodeName"):
            return None
        if is_terminating(pod):
            self._terminate(key, pod, entry)
        elif entry is None and not is_finished(pod):
            runtime = PodRuntime(self._world, pod)
            self._entries[key] = _Entry(runtime, self._tasks.create_task(_run(key, runtime)))
        return None

    def _terminate(self, key: Key, pod: Object, entry: _Entry | None) -> None:
        grace_s = pod["metadata"].get("deletionGracePeriodSeconds", 0)
        if entry is not None and not entry.task.done():
            entry.runtime.terminate(float(grace_s))
        elif grace_s:
            self._world.store.delete("pods", key.name, key.namespace, AT_ONCE)


async def _run(key: Key, runtime: PodRuntime) -> None:
    try:
        await runtime.run()
    except Exception:  # noqa: BLE001 - a supervisor: one broken pod must not stop the cluster
        _log.exception("pod %s/%s failed", *key)
