"""The life of one pod: from its address to its last connection."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from bascule.lab.controllers.events import EventRecorder, Note
from bascule.lab.controllers.kubelet.container import Container, waiting
from bascule.lab.controllers.kubelet.container_runtime import ContainerRuntime
from bascule.lab.controllers.kubelet.hooks import sleep_s
from bascule.lab.controllers.kubelet.pod_status import build_status
from bascule.lab.controllers.kubelet.restarts import is_pullable
from bascule.lab.kubeapi.lifecycle import AT_ONCE
from bascule.lab.kubeapi.store import Store, timestamp
from bascule.lab.pods.answers import Answerer, Identity
from bascule.lab.pods.behaviour import Behaviour, BehaviourError, parse_behaviour
from bascule.lab.pods.ledger import Ledger
from bascule.lab.pods.logs import ContainerLog
from bascule.lab.pods.network import PodNetwork
from bascule.lab.pods.probes import run_probe
from bascule.lab.pods.server import Binding

Object = dict[str, Any]

PORTS_ANNOTATION = "lab.bascule.dev/ports"
"""Where container ports really are that could not be had as they are, as `80=30080,8080=41234`."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class NodeWorld:
    """What the pods of a cluster share; its version changes when the cluster is upgraded."""

    store: Store
    network: PodNetwork
    ledger: Ledger
    cluster: str
    version: str
    rng: Random
    wall_s: Callable[[], float]
    host_of_node: Callable[[str], str]
    events: EventRecorder
    latency_ms: float = 0.0


class PodRuntime:
    """Runs one Pod: `run` is its task, `terminate` its SIGTERM, cancelling it its SIGKILL."""

    def __init__(self, world: NodeWorld, pod: Object) -> None:
        self.uid = str(pod["metadata"]["uid"])
        self._world = world
        self._pod = pod
        self._key = (pod["metadata"]["name"], pod["metadata"]["namespace"])
        self._stop = asyncio.Event()
        self._grace_s = 0.0
        self._ending: asyncio.Timeout | None = None
        self._address = ""
        self._bindings: tuple[Binding, ...] = ()
        self._containers = self._make_containers("containers", "containerStatuses")
        self._init_containers = self._make_containers("initContainers", "initContainerStatuses")
        self._runtimes: list[ContainerRuntime] = []

    def _make_containers(self, field: str, status_field: str) -> list[Container]:
        statuses = (self._pod.get("status") or {}).get(status_field) or ()
        past = {item["name"]: item for item in statuses}
        made = []
        for spec in self._pod["spec"].get(field) or ():
            container = Container(spec=spec, log=ContainerLog(self._world.wall_s))
            container.resume(past.get(spec["name"]), self.now())
            made.append(container)
        return made

    def terminate(self, grace_s: float) -> None:
        """Begin the graceful end; a second call may only shorten it."""
        if self._stop.is_set() and grace_s >= self._grace_s:
            return
        self._grace_s = grace_s
        self._stop.set()
        if self._ending is not None:
            self._ending.reschedule(asyncio.get_running_loop().time() + grace_s)

    def log_of(self, container: str, *, previous: bool = False) -> ContainerLog | None:
        """Return what a container has written in this run or the last; None if it had none."""
        for item in (*self._containers, *self._init_containers):
            if item.name == container and previous:
                return item.previous_log
            if item.name == container and not (item.is_waiting and item.restarts == 0):
                return item.log
        return None

    async def run(self) -> None:
        """Live until all containers have ended for good, or until terminated.

        At the end of a termination the pod's object is deleted.
        """
        address = self._world.network.allocate((self._pod.get("status") or {}).get("podIP", ""))
        try:
            self._address = address.address
            ports = [port for item in self._containers for port in item.ports()]
            self._bindings = self._world.network.bind(address, ports)
            self._publish_ports()
            self.write_status()
            await self._live()
            if self._stop.is_set():
                await self._end()
        finally:
            for runtime in self._runtimes:
                runtime.abort()
            self._world.network.release(address)

    # Living.

    async def _live(self) -> None:
        behaviour = await self._prepare()
        if behaviour is None or not await self._run_init_containers(behaviour):
            await self._stop.wait()
            return
        answerer = self._answerer(behaviour)
        self._runtimes = [ContainerRuntime(self, item, answerer) for item in self._containers]
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(item.run()) for item in self._runtimes]
            stopping = tasks.create_task(self._stop.wait())
            await asyncio.wait(
                [stopping, tasks.create_task(_all(running))], return_when=asyncio.FIRST_COMPLETED
            )
            for task in (*running, stopping):
                task.cancel()

    async def _prepare(self) -> Behaviour | None:
        """Return the behaviour, or None if the pod cannot start; then its status says why."""
        annotations = self._pod["metadata"].get("annotations") or {}
        try:
            behaviour = parse_behaviour(annotations, latency_ms=self._world.latency_ms)
        except BehaviourError as error:
            self.refuse(self._containers, "CreateContainerConfigError", str(error))
            return None
        everything = (*self._init_containers, *self._containers)
        missing = [item for item in everything if not is_pullable(item.image)]
        for container in missing:
            self.say(container, Note("Pulling", f'Pulling image "{container.image}"'))
            problem = f'Failed to pull image "{container.image}": not found'
            self.say(container, Note("Failed", problem, "Warning"))
            self.say(container, Note("Failed", "Error: ErrImagePull", "Warning"))
            back_off = f'Back-off pulling image "{container.image}"'
            self.say(container, Note("BackOff", back_off, "Warning"))
            self.refuse([container], "ImagePullBackOff", back_off)
        return None if missing else behaviour

    async def _run_init_containers(self, behaviour: Behaviour) -> bool:
        for container in self._containers:
            if self._init_containers and container.is_waiting:
                container.state = waiting("PodInitializing")
        for container in self._init_containers:
            runtime = ContainerRuntime(self, container, self._answerer(behaviour), is_init=True)
            if not await runtime.run_until_success() or self._stop.is_set():
                return False
        return True

    def _answerer(self, behaviour: Behaviour) -> Answerer:
        identity = Identity(
            cluster=self._world.cluster,
            version=self._world.version,
            namespace=self._key[1],
            name=self._key[0],
        )
        record = self._world.ledger.record
        return Answerer(identity, behaviour, rng=self._world.rng, record_effect=record)

    # Ending.

    async def _end(self) -> None:
        for container in self._containers:
            if container.is_running:
                self.say(container, Note("Killing", f"Stopping container {container.name}"))
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._grace_s
        try:
            async with asyncio.timeout_at(deadline_s) as self._ending:
                await self._run_pre_stop()
                for runtime in self._runtimes:
                    runtime.begin_drain(deadline_s - loop.time())
                self.write_status()
                for runtime in self._runtimes:
                    await runtime.wait_drained()
            self._ending = None
        except TimeoutError:
            self._ending = None
            _log.info("pod %s: its grace period is over, connections are cut", self._key)
        for runtime in self._runtimes:
            runtime.abort()
        self._finish()

    async def _run_pre_stop(self) -> None:
        hooks = [
            (container, handler)
            for container in self._containers
            if container.is_running
            and (handler := (container.spec.get("lifecycle") or {}).get("preStop"))
        ]
        for container, handler in hooks:
            if "httpGet" in handler:
                await run_probe(handler, self.targets(container))
        await asyncio.sleep(max((sleep_s(handler) for _, handler in hooks), default=0.0))

    def _finish(self) -> None:
        for container in self._containers:
            if container.is_running:
                container.end(0, self.now())
        self.write_status()
        if self.current() is not None:
            name, namespace = self._key
            self._world.store.delete("pods", name, namespace, AT_ONCE)

    # What containers ask of their pod.

    @property
    def is_stopping(self) -> bool:
        """Say whether the pod has been told to end."""
        return self._stop.is_set()

    @property
    def restart_policy(self) -> str:
        """Return Always, OnFailure or Never."""
        return str(self._pod["spec"].get("restartPolicy") or "Always")

    @property
    def is_of_job(self) -> bool:
        """Say whether the pod belongs to a Job, whose containers end by themselves."""
        references = self._pod["metadata"].get("ownerReferences") or ()
        return any(item["kind"] == "Job" for item in references)

    async def pause(self, seconds: float | None) -> bool:
        """Wait this long (None: for ever), or until the pod is to end; say whether it is."""
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True

    def bindings_of(self, container: Container) -> tuple[Binding, ...]:
        """Return where a container listens."""
        ports = container.ports()
        return tuple(item for item in self._bindings if item.container_port in ports)

    def targets(self, container: Container) -> dict[str | int, tuple[str, int]]:
        """Return where each port of the pod is by number, and each of a container by name."""
        places: dict[str | int, tuple[str, int]] = {
            binding.container_port: (binding.address, binding.port) for binding in self._bindings
        }
        for port in container.spec.get("ports") or ():
            if port.get("name") and port["containerPort"] in places:
                places[port["name"]] = places[port["containerPort"]]
        return places

    def refuse(self, containers: list[Container], reason: str, message: str) -> None:
        """Note that containers cannot start."""
        for container in containers:
            container.state = waiting(reason, message)
            self.say(container, Note("Failed", f"Error: {message}", "Warning"))
        self.write_status()

    def say(self, container: Container, note: Note) -> None:
        """Write an Event about a container."""
        field = "initContainers" if container in self._init_containers else "containers"
        host = self._pod["spec"].get("nodeName", "")
        place = f"spec.{field}{{{container.name}}}"
        self._world.events.record(self._pod, note, host=host, field=place)

    def current(self) -> Object | None:
        """Return the pod's object as it is now, or None if it is gone."""
        name, namespace = self._key
        pod = self._world.store.find("pods", name, namespace)
        return pod if pod is not None and pod["metadata"]["uid"] == self.uid else None

    def write_status(self) -> None:
        """Write the status that follows from the containers."""
        pod = self.current()
        if pod is None:
            return
        store = self._world.store
        status = build_status(
            pod,
            self._containers,
            self._init_containers,
            now=store.clock.now(),
            address=self._address,
            host=self._world.host_of_node(pod["spec"].get("nodeName", "")),
            minor=store.minor,
        )
        store.update_status("pods", {**pod, "status": status})

    def new_log(self) -> ContainerLog:
        """Return an empty log."""
        return ContainerLog(self._world.wall_s)

    def now(self) -> str:
        """Return the time as objects say it."""
        return timestamp(self._world.store.clock.now())

    def _publish_ports(self) -> None:
        moved = [item for item in self._bindings if item.port != item.container_port]
        if not moved or self.current() is None:
            return
        text = ",".join(f"{item.container_port}={item.port}" for item in moved)
        name, namespace = self._key
        change = {"metadata": {"annotations": {PORTS_ANNOTATION: text}}}
        self._world.store.patch("pods", name, namespace, change)


async def _all(tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)
