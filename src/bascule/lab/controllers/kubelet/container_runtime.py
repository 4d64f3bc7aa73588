"""The life of one container: started, probed, restarted, drained."""

import asyncio
from typing import TYPE_CHECKING

from bascule.lab.controllers.events import Note
from bascule.lab.controllers.kubelet.container import Container, waiting
from bascule.lab.controllers.kubelet.probing import (
    ProbeState,
    active_probes,
    begin_probes,
    is_ready,
)
from bascule.lab.controllers.kubelet.restarts import backoff_s, runs_again
from bascule.lab.pods.answers import Answerer
from bascule.lab.pods.probes import run_probe
from bascule.lab.pods.script import QUICK_S, Script, Step, parse_script
from bascule.lab.pods.server import PodServer

if TYPE_CHECKING:
    from bascule.lab.controllers.kubelet.pod_runtime import PodRuntime

KILLED = 137
GOODBYE_S = 1.0
"""Streams that are still open so shortly before the end of the grace period are ended cleanly."""
LIVENESS_DRAIN_S = 1.0
"""How long a container that fails its liveness probe may finish what is open."""


class ContainerRuntime:
    """Runs one container of a pod, as a server or as the few commands of its script."""

    def __init__(
        self, pod: "PodRuntime", container: Container, answerer: Answerer, *, is_init: bool = False
    ) -> None:
        self._pod = pod
        self._container = container
        self._answerer = answerer
        self._is_init = is_init
        self._server: PodServer | None = None

    async def run(self) -> None:
        """Run it, and again as the pod's policy says, until it has ended for good."""
        container = self._container
        while container.exit_code is None or self._runs_again(container.exit_code):
            if container.exit_code is not None and not await self._back_off():
                return
            code = await self._run_once()
            if self._pod.is_stopping:
                # The pod drains its servers itself.
                return
            self.abort()
            container.end(code, self._pod.now(), "Error" if code == KILLED else "")
            self._pod.write_status()

    async def run_until_success(self) -> bool:
        """Run an init container until it succeeds; False if it never will."""
        container = self._container
        if container.exit_code == 0:
            container.is_ready = True
            return True
        await self.run()
        container.is_ready = container.exit_code == 0
        self._pod.write_status()
        return container.is_ready

    def begin_drain(self, left_s: float) -> None:
        """Send it the SIGTERM; `left_s` is what is left of the pod's grace period."""
        self._container.is_ready = False
        drain_ms = self._answerer.behaviour.stream_drain_ms
        streams_for_s = left_s - GOODBYE_S if drain_ms is None else drain_ms / 1000.0
        if self._server is not None:
            self._server.begin_drain(max(0.0, streams_for_s))

    async def wait_drained(self) -> None:
        """Return when its last connection is gone."""
        if self._server is not None:
            await self._server.wait_drained()

    def abort(self) -> None:
        """Send it the SIGKILL."""
        if self._server is not None:
            self._server.abort()

    def _runs_again(self, code: int) -> bool:
        policy = self._pod.restart_policy
        return runs_again("OnFailure" if self._is_init and policy == "Always" else policy, code)

    async def _back_off(self) -> bool:
        """Wait as a crash loop does; say whether to go on."""
        container, pod = self._container, self._pod
        container.previous_log = container.log
        pause_s = backoff_s(container.restarts)
        if pause_s:
            message = f"back-off {pause_s:g}s restarting failed container={container.name}"
            container.last_state = container.state
            container.state = waiting("CrashLoopBackOff", message)
            pod.say(container, Note("BackOff", f"Back-off restarting {container.name}", "Warning"))
            pod.write_status()
            if await pod.pause(pause_s):
                return False
        else:
            container.last_state = container.state
        container.restarts += 1
        container.log = pod.new_log()
        return True

    async def _run_once(self) -> int:
        """Run it once and return its exit code; cancelled when the pod ends."""
        container, pod = self._container, self._pod
        self._announce()
        container.start(pod.now())
        script = self._script()
        if script is not None:
            container.is_ready = not self._is_init
            pod.write_status()
            return await self._run_script(script)
        return await self._serve()

    def _announce(self) -> None:
        image = self._container.image
        for reason, message in (
            ("Pulled", f'Container image "{image}" already present on machine'),
            ("Created", f"Container created: {self._container.name}"),
            ("Started", f"Container started: {self._container.name}"),
        ):
            self._pod.say(self._container, Note(reason, message))

    def _script(self) -> Script | None:
        """Return what it does if it ends by itself; a Job's container always does."""
        spec = self._container.spec
        behaviour = self._answerer.behaviour
        if behaviour.run_ms is not None and not self._container.ports():
            ending = Step("exit", code=behaviour.exit_code)
            return Script((Step("wait", seconds=behaviour.run_ms / 1000.0), ending))
        script = parse_script(spec.get("command") or (), spec.get("args") or ())
        if script is None and (self._is_init or self._pod.is_of_job):
            return Script((Step("wait", seconds=QUICK_S), Step("exit", code=behaviour.exit_code)))
        return script

    async def _run_script(self, script: Script) -> int:
        for step in script.steps:
            if step.action == "exit":
                return step.code
            if step.action == "print":
                self._container.log.write(step.text)
            elif await self._pod.pause(step.seconds):
                return 0
        return 0

    # As a server.

    async def _serve(self) -> int:
        container, pod = self._container, self._pod
        behaviour = self._answerer.behaviour
        pod.write_status()
        if behaviour.startup_ms and await pod.pause(behaviour.startup_ms / 1000.0):
            return 0
        loop = asyncio.get_running_loop()
        self._server = PodServer(self._answerer, container.log, loop=loop)
        try:
            await self._server.start(pod.bindings_of(container))
        except OSError as error:
            container.log.write(f"cannot listen: {error}")
            return 1
        probes = begin_probes(container.spec, loop.time())
        container.is_ready = is_ready(probes)
        pod.write_status()
        ends_at_s = None
        if behaviour.run_ms is not None:
            ends_at_s = loop.time() + behaviour.run_ms / 1000.0
        return await self._watch(probes, ends_at_s)

    async def _watch(self, probes: list[ProbeState], ends_at_s: float | None) -> int:
        """Probe it until it ends by itself or is killed for failing."""
        loop = asyncio.get_running_loop()
        while True:
            due = [state.due_s for state in active_probes(probes)]
            due += [ends_at_s] if ends_at_s is not None else []
            wait_s = max(0.0, min(due) - loop.time()) if due else None
            if await self._pod.pause(wait_s):
                return 0
            if ends_at_s is not None and loop.time() >= ends_at_s:
                return self._answerer.behaviour.exit_code
            for state in active_probes(probes):
                if state.due_s <= loop.time() and await self._probe(state, probes):
                    return await self._kill(state)

    async def _probe(self, state: ProbeState, probes: list[ProbeState]) -> bool:
        """Probe once; say whether the container has to be killed for it."""
        container, pod = self._container, self._pod
        loop = asyncio.get_running_loop()
        reason = await run_probe(state.probe, pod.targets(container))
        changed = state.note(reason, loop.time())
        if reason is not None:
            message = f"{state.word} probe failed: {reason}"
            pod.say(container, Note("Unhealthy", message, "Warning"))
        ready = is_ready(probes)
        if ready != container.is_ready or (changed and state.kind == "startupProbe"):
            container.is_ready = ready
            pod.write_status()
        return state.kind != "readinessProbe" and reason is not None and state.has_failed

    async def _kill(self, state: ProbeState) -> int:
        message = f"Container {self._container.name} failed {state.word.lower()} probe"
        self._pod.say(self._container, Note("Killing", f"{message}, will be restarted"))
        if self._server is not None:
            self._server.begin_drain()
            try:
                async with asyncio.timeout(LIVENESS_DRAIN_S):
                    await self._server.wait_drained()
            except TimeoutError:
                self._server.abort()
        return KILLED
