"""The live data plane: every application gateway of the lab as Envoys behind its addresses."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bascule.clock import Clock
from bascule.lab.arm.dataplane.access import AccessLogFile, Scribe
from bascule.lab.arm.dataplane.counting import Meter
from bascule.lab.arm.dataplane.live_gateway import (
    LiveGateway,
    OnCount,
    OnLog,
    directory_name,
)
from bascule.lab.arm.dataplane.on_demand import probe_backend, read_probe
from bascule.lab.arm.dataplane.translate.access import ACCESS_LOG
from bascule.lab.arm.dataplane.translate.backends import BackendOptions, build_backend
from bascule.lab.arm.dataplane.translate.gateway import Gateway, UnservableError
from bascule.lab.arm.dataplane.translate.probes import HEALTH_LOG, probe_host
from bascule.lab.arm.dataplane.translate.translation import translate
from bascule.lab.arm.network.plane_port import GatewayHealth, ProbeWanted, ServerHealth
from bascule.lab.arm.operations import OperationFailedError
from bascule.lab.arm.resources import Document
from bascule.lab.supervisor.processes import end_process, load_record

INSTANCES = 2
LEFTOVER_LIMIT_S = 2.0


class DataPlane:
    """Implements `GatewayPlane` between `open` and `close`; after that no Envoy of it is left.

    Each gateway has a directory below `directory`, with a file of a process id for each Envoy.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        *,
        instances: int = INSTANCES,
        options: BackendOptions | None = None,
        meter: Meter | None = None,
        scribe: Scribe | None = None,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._count = instances
        self._options = replace(
            options or BackendOptions(),
            event_log=HEALTH_LOG,
            access_log="" if scribe is None else ACCESS_LOG,
        )
        self._meter = meter
        self._scribe = scribe
        self._gateways: dict[str, LiveGateway] = {}
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin; first end what a killed lab left behind."""
        make_private(self._directory)
        await end_leftovers(self._directory)
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        if self._meter is not None:
            self._spawn(self._keep_counting(self._meter))

    async def close(self) -> None:
        """End all gateways; called by the task that called `open`."""
        group, self._group = self._group, None
        for gateway in self._gateways.values():
            await gateway.stop()
        self._gateways.clear()
        for task in tuple(self._tasks):
            task.cancel()
        if group is not None:
            await group.__aexit__(None, None, None)

    async def apply(
        self,
        gateway_id: str,
        document: Document,
        *,
        previous: Document | None,
        frontend_addresses: Mapping[str, str],
        duration_s: float,
    ) -> None:
        """Bring a document to all instances, one by one, spread over `duration_s`."""
        del previous  # each instance knows what it serves
        try:
            translation = translate(document, frontend_addresses, self._options)
        except UnservableError as error:
            raise OperationFailedError(error.code, error.message) from error
        gateway = self._gateways.get(gateway_id.lower())
        if gateway is None:
            gateway = self._new_gateway(gateway_id)
        await gateway.apply(translation, duration_s)

    async def remove(self, gateway_id: str) -> None:
        """End all instances of a gateway; nothing happens if there are none."""
        gateway = self._gateways.pop(gateway_id.lower(), None)
        if gateway is not None:
            await gateway.remove()

    async def stop(self, gateway_id: str) -> None:
        """Stop listening; the gateway's document stays."""
        gateway = self._gateways.get(gateway_id.lower())
        if gateway is not None:
            await gateway.stop()

    async def health(self, gateway_id: str) -> GatewayHealth:
        """Return what the probes say about every pool that a rule uses; empty when stopped."""
        gateway = self._gateways.get(gateway_id.lower())
        return {} if gateway is None else await gateway.health()

    async def probe(self, document: Document, wanted: ProbeWanted) -> Sequence[ServerHealth]:
        """Ask each server of a pool of this document once; none if it lacks pool or settings."""
        gateway = Gateway(document)
        pool = gateway.named("backendAddressPools", wanted.pool)
        settings = gateway.named("backendHttpSettingsCollection", wanted.settings)
        if pool is None or settings is None:
            return ()
        backend = build_backend(gateway, pool, settings, self._options)
        host = probe_host(gateway, settings)
        return await probe_backend(backend, read_probe(wanted.body, host, backend.accepted_codes))

    def _new_gateway(self, gateway_id: str) -> LiveGateway:
        gateway = LiveGateway(
            self._directory / directory_name(gateway_id),
            self._count,
            clock=self._clock,
            spawn=self._spawn,
            on_count=None if self._meter is None else self._noting(self._meter, gateway_id),
            on_log=None if self._scribe is None else self._logging(self._scribe, gateway_id),
        )
        self._gateways[gateway_id.lower()] = gateway
        return gateway

    async def _keep_counting(self, meter: Meter) -> None:
        """Have every gateway counted again and again."""
        while True:
            await self._clock.sleep_until(self._clock.monotonic_s() + meter.sample_every_s)
            for gateway in tuple(self._gateways.values()):
                await gateway.count()

    def _noting(self, meter: Meter, gateway_id: str) -> OnCount:
        return lambda instance, reading: meter.note(
            gateway_id, instance, reading, self._clock.now().timestamp()
        )

    def _logging(self, scribe: Scribe, gateway_id: str) -> OnLog:
        def tell(instance: str, log: AccessLogFile) -> None:
            if scribe.is_wanted(gateway_id):
                scribe.note(gateway_id, instance, log.take())
            else:
                log.skip()

        return tell

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        if self._group is None:
            work.close()
            raise RuntimeError("gateways are served only between `open` and `close`")
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def end_leftovers(directory: Path) -> None:
    """End the Envoys that files of process ids below a directory still name."""
    for pid_file in find_pid_files(directory):
        record = load_record(pid_file)
        if record is not None:
            await end_process(record, LEFTOVER_LIMIT_S)
        pid_file.unlink(missing_ok=True)


def make_private(directory: Path) -> None:
    """Make a directory that only this user may look into."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def find_pid_files(directory: Path) -> list[Path]:
    """Return the files of process ids of all gateways below a directory."""
    return sorted(directory.glob("*/*.pid"))
