"""The life of one pod: from its address to its last connection."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from bascule.lab.controllers.events import EventRecorder, Note
from bascule.lab.controllers.kubelet.container import Container, running, waiting
from bascule.lab.controllers.kubelet.hooks import sleep_s
from bascule.lab.controllers.kubelet.pod_status import build_status
from bascule.lab.controllers.kubelet.probing import ProbeState, begin_probe
from bascule.lab.kubeapi.lifecycle import AT_ONCE
from bascule.lab.kubeapi.store import Store, timestamp
from bascule.lab.pods.answers import Answerer, Identity
from bascule.lab.pods.behaviour import Behaviour, BehaviourError, parse_behaviour
from bascule.lab.pods.ledger import Ledger
from bascule.lab.pods.logs import ContainerLog
from bascule.lab.pods.network import PodNetwork
from bascule.lab.pods.probes import run_probe
from bascule.lab.pods.server import Binding, PodServer

Object = dict[str, Any]

PORTS_ANNOTATION = "lab.bascule.dev/ports"
"""On systems without loopback aliases: where each container port really is, as `8080=41234`."""
HARD_CLOSE_S = 0.05

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeWorld:
    """What the pods of a cluster share."""

    store: Store
    network: PodNetwork
    ledger: Ledger
    cluster: str
    version: str
    rng: Random
    wall_s: Callable[[], float]
    host_of_node: Callable[[str], str]
    latency_ms: float = 0.0


class PodRuntime:
    """Runs one Pod: `run` is its task, `terminate` its SIGTERM, cancelling it its SIGKILL."""

    def __init__(self, world: NodeWorld, pod: Object) -> None:
        self._world = world
        self._pod = pod
        self._key = (pod["metadata"]["name"], pod["metadata"]["namespace"])
        self.uid = str(pod["metadata"]["uid"])
        self._events = EventRecorder(world.store, "kubelet")
        self._stop = asyncio.Event()
        self._grace_s = 0.0
        self._server: PodServer | None = None
        self._bindings: tuple[Binding, ...] = ()
        self._probes: list[tuple[Container, str, ProbeState]] = []
        self.containers = self._make_containers("containers")
        self.init_containers = self._make_containers("initContainers")

    def _make_containers(self, field: str) -> list[Container]:
        past = {
            item["name"]: item
            for item in (self._pod.get("status") or {}).get("containerStatuses") or ()
        }
        made = []
        for spec in self._pod["spec"].get(field) or ():
            container = Container(spec=spec, log=ContainerLog(self._world.wall_s))
            before = past.get(spec["name"])
            if before and "running" in before.get("state", {}):
                # The node has come back: its containers are started again, as after a reboot.
                container.restarts = before.get("restartCount", 0) + 1
                container.last_state = {
                    "terminated": {"exitCode": 255, "reason": "Unknown", **_began(before)}
                }
            made.append(container)
        return made

    def terminate(self, grace_s: float) -> None:
        """Begin the graceful end; a second call may only shorten it."""
        if not self._stop.is_set() or grace_s < self._grace_s:
            self._grace_s = grace_s
        self._stop.set()

    async def run(self) -> None:
        """Live until terminated; the pod's object is deleted at the end of a termination."""
        address = self._world.network.allocate((self._pod.get("status") or {}).get("podIP", ""))
        try:
            self._address = address.address
            ports = [
                int(port["containerPort"])
                for container in self.containers
                for port in container.spec.get("ports") or ()
                if port.get("protocol", "TCP") == "TCP"
            ]
            self._bindings = self._world.network.bind(address, ports)
            await self._start()
            await self._live()
            await self._end()
        finally:
            if self._server is not None:
                self._server.abort()
            self._world.network.release(address)

    # Beginning.

    async def _start(self) -> None:
        self._publish_ports()
        self._write_status()
        try:
            annotations = self._pod["metadata"].get("annotations") or {}
            behaviour = parse_behaviour(annotations, latency_ms=self._world.latency_ms)
        except BehaviourError as error:
            self._fail_to_start("InvalidAnnotation", str(error))
            return
        for container in (*self.init_containers, *self.containers):
            self._announce(container)
        for container in self.init_containers:
            container.state = running(self._now())
            container.end(0, self._now())
            container.is_ready = True
        for container in self.containers:
            container.state = running(self._now())
            container.is_ready = "readinessProbe" not in container.spec
        await self._serve(behaviour)

    async def _serve(self, behaviour: Behaviour) -> None:
        if behaviour.startup_ms:
            for container in self.containers:
                container.is_ready = False
            self._write_status()
            await self._pause(behaviour.startup_ms / 1000.0)
            if self._stop.is_set():
                return
        identity = Identity(
            cluster=self._world.cluster,
            version=self._world.version,
            namespace=self._key[1],
            name=self._key[0],
        )
        answerer = Answerer(
            identity, behaviour, rng=self._world.rng, record_effect=self._world.ledger.record
        )
        log = self.containers[0].log
        self._server = PodServer(answerer, log, loop=asyncio.get_running_loop())
        try:
            await self._server.start(self._bindings)
        except OSError as error:
            self._fail_to_start("CreateContainerError", str(error))
            return
        now_s = self._monotonic_s()
        for container in self.containers:
            container.is_ready = "readinessProbe" not in container.spec
            for kind in ("readinessProbe", "livenessProbe"):
                probe = container.spec.get(kind)
                if probe:
                    state = begin_probe(probe, now_s, is_passing=kind == "livenessProbe")
                    self._probes.append((container, kind, state))
        self._write_status()

    def _fail_to_start(self, reason: str, message: str) -> None:
        for container in self.containers:
            container.state = waiting(reason, message)
        self._events.record(self._pod, Note("Failed", f"Error: {message}", "Warning"))
        self._write_status()

    def _announce(self, container: Container) -> None:
        image = container.spec.get("image", "")
        field = f"spec.containers{{{container.name}}}"
        for reason, message in (
            ("Pulled", f'Container image "{image}" already present on machine'),
            ("Created", f"Container created: {container.name}"),
            ("Started", f"Container started: {container.name}"),
        ):
            self._say(Note(reason, message), field=field)

    # Living.

    async def _live(self) -> None:
        while not self._stop.is_set():
            due_s = min((state.due_s for _, _, state in self._probes), default=None)
            await self._pause(None if due_s is None else max(0.0, due_s - self._monotonic_s()))
            if not self._stop.is_set():
                await self._probe()

    async def _probe(self) -> None:
        now_s = self._monotonic_s()
        for container, kind, state in self._probes:
            if state.due_s > now_s or self._stop.is_set():
                continue
            reason = await run_probe(state.probe, self._targets(container))
            changed = state.note(reason, self._monotonic_s())
            if reason is not None:
                word = "Readiness" if kind == "readinessProbe" else "Liveness"
                note = Note("Unhealthy", f"{word} probe failed: {reason}", "Warning")
                self._say(note, field=f"spec.containers{{{container.name}}}")
            if changed and kind == "readinessProbe":
                container.is_ready = state.is_passing
                self._write_status()

    def _targets(self, container: Container) -> dict[str | int, tuple[str, int]]:
        """Return where each port of a container is, by number and by name."""
        places: dict[str | int, tuple[str, int]] = {
            binding.container_port: (binding.address, binding.port) for binding in self._bindings
        }
        for port in container.spec.get("ports") or ():
            if port.get("name") and port["containerPort"] in places:
                places[port["name"]] = places[port["containerPort"]]
        return places

    # Ending.

    async def _end(self) -> None:
        deadline_s = self._monotonic_s() + self._grace_s
        for container in self.containers:
            field = f"spec.containers{{{container.name}}}"
            self._say(Note("Killing", f"Stopping container {container.name}"), field=field)
        try:
            async with asyncio.timeout_at(self._loop_time(deadline_s)):
                await self._run_pre_stop()
                if self._server is not None:
                    self._server.begin_drain()
                    self._mark_unready()
                    await self._server.wait_drained()
        except TimeoutError:
            _log.info("pod %s: grace period over, connections cut", "/".join(self._key))
        if self._server is not None:
            self._server.abort()
        self._delete()

    async def _run_pre_stop(self) -> None:
        hooks = [
            handler
            for container in self.containers
            if (handler := (container.spec.get("lifecycle") or {}).get("preStop"))
        ]
        longest = max((sleep_s(handler) for handler in hooks), default=0.0)
        for handler in hooks:
            if "httpGet" in handler:
                await run_probe(handler, self._targets(self.containers[0]))
        if longest:
            await asyncio.sleep(longest)

    def _mark_unready(self) -> None:
        for container in self.containers:
            container.is_ready = False
        self._write_status()

    def _delete(self) -> None:
        for container in self.containers:
            container.end(0, self._now())
        self._write_status()
        name, namespace = self._key
        current = self._current()
        if current is not None:
            self._world.store.delete("pods", name, namespace, AT_ONCE)

    # The world.

    async def _pause(self, seconds: float | None) -> None:
        """Wait this long (None: for ever), or until the pod is to end."""
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return

    def _publish_ports(self) -> None:
        if self._world.network.has_aliases:
            return
        text = ",".join(f"{item.container_port}={item.port}" for item in self._bindings)
        name, namespace = self._key
        if self._current() is not None:
            change = {"metadata": {"annotations": {PORTS_ANNOTATION: text}}}
            self._world.store.patch("pods", name, namespace, change)

    def _current(self) -> Object | None:
        name, namespace = self._key
        pod = self._world.store.find("pods", name, namespace)
        return pod if pod is not None and pod["metadata"]["uid"] == self.uid else None

    def _write_status(self) -> None:
        pod = self._current()
        if pod is None:
            return
        store = self._world.store
        status = build_status(
            pod,
            self.containers,
            self.init_containers,
            now=store.clock.now(),
            address=self._address,
            host=self._world.host_of_node(pod["spec"].get("nodeName", "")),
            minor=store.minor,
        )
        store.update_status("pods", {**pod, "status": status})

    def _say(self, note: Note, *, field: str = "") -> None:
        host = self._pod["spec"].get("nodeName", "")
        self._events.record(self._pod, note, host=host, field=field)

    def _now(self) -> str:
        return timestamp(self._world.store.clock.now())

    def _monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()

    def _loop_time(self, deadline_s: float) -> float:
        return deadline_s


def _began(before: Object) -> Object:
    began = before.get("state", {}).get("running", {}).get("startedAt")
    return {"startedAt": began} if began else {}
