"""One gateway as it serves: its instances, which take over a document one after the other."""

import re
import shutil
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path

from bascule.clock import Clock
from bascule.errors import UsageError
from bascule.lab.arm.dataplane.access import AccessLogFile
from bascule.lab.arm.dataplane.admin import EnvoySilentError
from bascule.lab.arm.dataplane.bindings import find_refused
from bascule.lab.arm.dataplane.counting import Reading
from bascule.lab.arm.dataplane.handover import lead_to_newest
from bascule.lab.arm.dataplane.health import draining_in, judge_backend
from bascule.lab.arm.dataplane.instance import Instance, InstanceError
from bascule.lab.arm.dataplane.translate.translation import Translation
from bascule.lab.arm.network.plane_port import GatewayHealth
from bascule.lab.arm.operations import OperationFailedError
from bascule.lab.arm.paths import parse_path

REVIVE_AFTER_S = 1.0
RETIRED_FOR_S = 1.0
"""How long an instance that was replaced may take to end after its time for draining."""

OnCount = Callable[[str, Reading], None]
"""Called with an instance's name and what it has counted."""
OnLog = Callable[[str, AccessLogFile], None]
"""Called with an instance's name and its access log."""
Spawn = Callable[[Coroutine[None, None, None]], object]


class LiveGateway:
    """The Envoys behind one gateway's addresses. `spawn` takes what goes on in the background."""

    def __init__(
        self,
        directory: Path,
        count: int,
        *,
        clock: Clock,
        spawn: Spawn,
        on_count: OnCount | None = None,
        on_log: OnLog | None = None,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._spawn = spawn
        self._on_count = on_count
        self._on_log = on_log
        self._instances: list[Instance | None] = [None] * count
        self._replaced: set[Instance] = set()
        self._generation = 0
        self._translation: Translation | None = None
        self._bound: set[tuple[str, int]] = set()

    async def apply(self, translation: Translation, duration_s: float) -> None:
        """Bring a document to all instances, spread over the time.

        Raises OperationFailedError before anything is changed if a port may not be bound.
        """
        self._bind(translation)
        self._translation = translation
        self._generation += 1
        begun_s = self._clock.monotonic_s()
        for index in range(len(self._instances)):
            part = (index + 1) / (len(self._instances) + 1)
            await self._clock.sleep_until(begun_s + duration_s * part)
            await self._bring(index, translation)
        self._bound = set(translation.bindings)

    async def stop(self) -> None:
        """Stop listening."""
        ending = [*self._replaced, *(each for each in self._instances if each is not None)]
        self._instances = [None] * len(self._instances)
        self._replaced.clear()
        self._bound.clear()
        for instance in ending:
            await instance.stop()

    async def remove(self) -> None:
        """Stop listening, and leave no file."""
        await self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    async def health(self) -> GatewayHealth:
        """Return what the probes of all instances say; empty when stopped."""
        running = [each for each in self._instances if each is not None and each.is_running]
        if self._translation is None or not running:
            return {}
        hosts = []
        for instance in running:
            try:
                hosts.append(await instance.fetch_hosts())
            except EnvoySilentError:
                continue
        draining = [instance.draining for instance in running]
        return {
            (backend.pool, backend.settings): judge_backend(
                backend, hosts, draining_in(draining, name)
            )
            for name, backend in self._translation.backends.items()
        }

    async def count(self) -> None:
        """Have all instances tell what they have counted, those that drain too."""
        for instance in (*self._replaced, *self._instances):
            if instance is not None:
                await instance.count()

    def _bind(self, translation: Translation) -> None:
        refused = find_refused(translation.bindings - self._bound)
        if refused:
            raise OperationFailedError("ApplicationGatewayFrontendPortNotUsable", refused)
        self._bound |= translation.bindings

    async def _bring(self, index: int, translation: Translation) -> None:
        """Bring a document to one instance, to a new Envoy if connections drain otherwise now."""
        drain_s = translation.drain_s
        before = self._instances[index]
        instance = before
        if instance is None or instance.drain_s != drain_s:
            instance = self._new_instance(index, drain_s, before)
        now_s = self._clock.monotonic_s()
        try:
            await instance.apply(translation, generation=self._generation, now_s=now_s)
            if before is not None and before is not instance:
                await give_over(before, translation)
        except (InstanceError, UsageError, EnvoySilentError) as error:
            remedy = f" ({error.remedy})" if isinstance(error, UsageError) else ""
            raise OperationFailedError(
                "InternalServerError", f"Instance {index} of the gateway failed: {error}{remedy}"
            ) from error
        for until_s in sorted({u for each in instance.draining.values() for u in each.values()}):
            self._spawn(self._drop_drained(instance, until_s))

    def _new_instance(self, index: int, drain_s: float, before: Instance | None) -> Instance:
        name = f"{index}-{self._generation}"
        for directory in (self._directory, self._directory / name):
            directory.mkdir(mode=0o700, exist_ok=True)
        instance = Instance(
            self._directory / name,
            self._directory / f"{name}.pid",
            f"{self._directory.name}-{name}",
            drain_s=drain_s,
        )
        if self._on_count is not None:
            instance.on_count = partial(self._on_count, name)
        if self._on_log is not None:
            instance.on_log = partial(self._on_log, name)
        self._instances[index] = instance
        if before is not None:
            instance.inherit(before)
            self._replaced.add(before)
            self._spawn(self._end_replaced(before))
        self._spawn(self._revive(instance))
        return instance

    async def _revive(self, instance: Instance) -> None:
        """Start an instance's Envoy again whenever it dies, as long as the instance is wanted."""
        while instance in self._instances:
            if instance.is_running:
                await instance.wait_for_death()
            await self._clock.sleep_until(self._clock.monotonic_s() + REVIVE_AFTER_S)
            if instance in self._instances:
                with suppress(InstanceError, UsageError, OSError):
                    await instance.restart()

    async def _end_replaced(self, instance: Instance) -> None:
        wait_s = instance.drain_s + RETIRED_FOR_S
        await self._clock.sleep_until(self._clock.monotonic_s() + wait_s)
        if instance in self._replaced:
            self._replaced.discard(instance)
            await instance.stop()

    async def _drop_drained(self, instance: Instance, until_s: float) -> None:
        await self._clock.sleep_until(until_s)
        await instance.drop_drained(until_s)


async def give_over(before: Instance, translation: Translation) -> None:
    """Have an Envoy close that another one replaces, and fail none of its clients."""
    served = before.translation
    if served is None or not before.is_running:
        return
    await lead_to_newest(served.bindings & translation.bindings)
    await before.retire()


def directory_name(gateway_id: str) -> str:
    """Return the name of a gateway's directory, such as `rg.appgateway`."""
    path = parse_path(gateway_id)
    return re.sub(r"[^a-z0-9._-]", "_", f"{path.group}.{path.name}".lower())
