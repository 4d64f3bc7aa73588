"""One kubelet for all nodes: starts a runtime for each pod that has a node, and ends it."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.kubelet.pod_runtime import NodeWorld, PodRuntime
from bascule.lab.controllers.ownership import is_terminating, key_of
from bascule.lab.controllers.pod_state import is_finished
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.lifecycle import AT_ONCE

Object = dict[str, Any]

_log = logging.getLogger(__name__)


class Kubelet:
    """Stands last among the controllers: endpoints are marked before a pod is told to go."""

    resources = ("pods",)

    def __init__(self, world: NodeWorld, tasks: asyncio.TaskGroup) -> None:
        self._world = world
        self._tasks = tasks
        self._runtimes: dict[Key, tuple[PodRuntime, asyncio.Task[None]]] = {}

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the pod."""
        return (key_of(change),)

    def runtime(self, namespace: str, name: str) -> PodRuntime | None:
        """Return the runtime of a pod that runs, for its logs."""
        found = self._runtimes.get(Key(namespace, name))
        return found[0] if found else None

    def reconcile(self, key: Key) -> float | None:
        """Start, end or kill what runs for one Pod object."""
        pod = self._world.store.find("pods", key.name, key.namespace)
        entry = self._runtimes.get(key)
        if entry is not None and (pod is None or pod["metadata"]["uid"] != entry[0].uid):
            entry[1].cancel()
            return None if pod is None else 0.0
        if pod is None or not pod["spec"].get("nodeName"):
            return None
        if is_terminating(pod):
            self._terminate(key, pod)
        elif entry is None and not is_finished(pod):
            runtime = PodRuntime(self._world, pod)
            task = self._tasks.create_task(self._run(key, runtime))
            self._runtimes[key] = (runtime, task)
        return None

    def _terminate(self, key: Key, pod: Object) -> None:
        entry = self._runtimes.get(key)
        if entry is not None:
            entry[0].terminate(float(pod["metadata"].get("deletionGracePeriodSeconds", 0)))
        elif not pod["metadata"].get("finalizers") or pod["metadata"].get(
            "deletionGracePeriodSeconds"
        ):
            self._world.store.delete("pods", key.name, key.namespace, AT_ONCE)

    async def _run(self, key: Key, runtime: PodRuntime) -> None:
        try:
            await runtime.run()
        except Exception:  # noqa: BLE001 - a supervisor: one broken pod must not stop the cluster
            _log.exception("pod %s failed", key)
        finally:
            entry = self._runtimes.get(key)
            if entry is not None and entry[0] is runtime:
                del self._runtimes[key]
