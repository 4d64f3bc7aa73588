"""One instance of a gateway: an Envoy, told by files, that takes over a document step by step."""

import asyncio
import math
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from bascule.lab.arm.dataplane import discovery
from bascule.lab.arm.dataplane.access import AccessLogFile
from bascule.lab.arm.dataplane.admin import EnvoyAdmin, EnvoySilentError
from bascule.lab.arm.dataplane.counting import COUNTED, Reading, read_figures
from bascule.lab.arm.dataplane.draining import Draining, find_departing, merge, still_draining
from bascule.lab.arm.dataplane.envoy import EnvoyProcess, tail
from bascule.lab.arm.dataplane.health import Hosts, read_hosts
from bascule.lab.arm.dataplane.translate.access import ACCESS_LOG
from bascule.lab.arm.dataplane.translate.backends import Backend, build_endpoints
from bascule.lab.arm.dataplane.translate.probes import HEALTH_LOG
from bascule.lab.arm.dataplane.translate.translation import Translation

IN_FORCE_LIMIT_S = 10.0
PROBED_LIMIT_S = 2.0
"""How long new servers may take to answer their first probe; then what they replace goes anyway."""
START_LIMIT_S = 15.0
POLL_FIRST_S, POLL_LAST_S, POLL_GROWTH = 0.01, 0.2, 1.3
HEALTH_LOG_BYTES_MAX = 1024 * 1024
"""As much of its end is read; each server that turns unhealthy takes about 400 bytes."""
_WARMING = r"^cluster_manager\.warming_clusters$"


class InstanceError(Exception):
    """An instance did not do as it was told."""


class Instance:
    """An Envoy that is started with its first document and told of each later one.

    `apply`, `drop_drained` and `stop` exclude one another. What was written before a cancellation
    stays in force; the next `apply` begins from there.
    """

    def __init__(self, directory: Path, pid_file: Path, name: str, *, drain_s: float) -> None:
        self.drain_s = drain_s
        self._directory = directory
        self._name = name
        self._process = EnvoyProcess(directory, pid_file, drain_s=max(1, math.ceil(drain_s)))
        self._admin = EnvoyAdmin(directory)
        self._lock = asyncio.Lock()
        self._written: dict[str, str] = {}
        self._backends: dict[str, Backend] = {}
        self._start_limit_s = START_LIMIT_S
        self.on_count: Callable[[Reading], None] | None = None
        """Called with what it has counted: now and then, and before anything counted is lost."""
        self.on_log: Callable[[AccessLogFile], None] | None = None
        """Called with its access log at the same times."""
        self.log = AccessLogFile(directory / ACCESS_LOG)
        self.draining: Draining = {}
        self.translation: Translation | None = None
        """The document that it serves; None until it serves one."""

    @property
    def is_running(self) -> bool:
        """Whether its Envoy runs."""
        return self._process.is_running

    async def apply(self, translation: Translation, *, generation: int, now_s: float) -> None:
        """Serve a document from now on; return when it is in force. Raises InstanceError."""
        async with self._lock:
            previous = self.translation.backends if self.translation is not None else {}
            self.log.learn(translation.backends)
            departing = find_departing(previous, translation.backends, now_s)
            self.draining = still_draining(self.draining, now_s, translation.backends)
            if self.is_running:
                await self._take_over(translation, departing, generation)
            else:
                self.draining = merge(departing, self.draining)
                await self._start(translation, generation)
            self.translation = translation

    def inherit(self, before: "Instance") -> None:
        """Know of what the instance in whose place this one comes serves and drains."""
        self.translation = before.translation
        self.draining = before.draining
        self.log.addresses.update(before.log.addresses)

    async def drop_drained(self, now_s: float) -> None:
        """Let go of the servers whose time for draining is over."""
        async with self._lock:
            self.draining = still_draining(self.draining, now_s)
            if self.translation is not None:
                self._write(self._cluster_files(self._backends))

    async def restart(self) -> None:
        """Start its Envoy again, which died, with what it was told last."""
        async with self._lock:
            if not self.is_running and self.translation is not None:
                await self._run()

    async def wait_for_death(self) -> None:
        """Return when its Envoy has ended."""
        await self._process.wait()

    async def fetch_hosts(self) -> Hosts:
        """Return what its probes say. Raises EnvoySilentError when it does not answer."""
        clusters = await self._admin.fetch_clusters()
        return read_hosts(clusters, tail(self._directory / HEALTH_LOG, HEALTH_LOG_BYTES_MAX))

    async def count(self) -> None:
        """Tell what it has counted and logged by now; counts only when it answers."""
        if self.on_log is not None:
            self.on_log(self.log)
        if self.on_count is None or not self.is_running:
            return
        with suppress(EnvoySilentError):
            self.on_count(read_figures(await self._admin.fetch_numbers(COUNTED)))

    async def retire(self) -> None:
        """Take no more connections; those that there are may go on until `stop`."""
        async with self._lock:
            if self.is_running:
                self._write({discovery.LISTENERS: discovery.listeners_file(self._directory, (), 0)})

    async def stop(self) -> None:
        """End its Envoy and remove its files."""
        async with self._lock:
            await self.count()
            await self._process.stop()
            shutil.rmtree(self._directory, ignore_errors=True)
            self._written, self._backends, self.draining = {}, {}, {}
            self.translation = None

    async def _start(self, translation: Translation, generation: int) -> None:
        self._written = {}
        self._write(self._cluster_files(translation.backends))
        self._write(self._frontend_files(translation, generation))
        self._write({discovery.BOOTSTRAP: discovery.build_bootstrap(self._directory, self._name)})
        self._backends = dict(translation.backends)
        self._start_limit_s = START_LIMIT_S + translation.probe_timeout_s
        await self._run()

    async def _run(self) -> None:
        (self._directory / discovery.ADMIN_SOCKET).unlink(missing_ok=True)
        await self._process.start()
        await self._until_ready()

    async def _until_ready(self) -> None:
        async for _ in _polls(self._start_limit_s):
            if await self._admin.is_ready():
                return
            if not self.is_running:
                break
        raise InstanceError(
            f"Envoy did not get ready: {self._process.last_words() or 'it said nothing'}"
        )

    async def _take_over(
        self, translation: Translation, departing: Draining, generation: int
    ) -> None:
        """Add first and let it be probed, then lead requests over, then take away."""
        await self._until_ready()
        all_backends = {**self._backends, **translation.backends}
        opening = self._cluster_files(all_backends, staying=departing)
        self._backends = all_backends
        self._write(opening)
        await self._until_in_force(opening)
        if any(departing.values()) or not translation.are_new_pools_cold:
            await self._until_probed(translation.probe_timeout_s, departing)
        self.draining = merge(departing, self.draining)
        closing = self._cluster_files(all_backends)
        frontends = self._frontend_files(translation, generation)
        self._write({**closing, **frontends})
        await self._until_in_force({**closing, **frontends})
        await self.count()
        remaining = self._cluster_files(translation.backends)
        self._write(remaining)
        self._backends = dict(translation.backends)
        self._forget(keep={**remaining, **frontends})

    def _cluster_files(
        self, backends: Mapping[str, Backend], staying: Draining | None = None
    ) -> dict[str, str]:
        """Return the files of clusters; servers that leave but stay still take requests."""
        endpoints = {
            name: build_endpoints(
                backend,
                (*backend.servers, *(staying or {}).get(name, {})),
                self.draining.get(name, {}),
            )
            for name, backend in backends.items()
        }
        return discovery.cluster_files(self._directory, backends, endpoints)

    def _frontend_files(self, translation: Translation, generation: int) -> dict[str, str]:
        frontends = translation.frontends.values()
        files = {discovery.routes_place(each): discovery.routes_file(each) for each in frontends}
        files[discovery.LISTENERS] = discovery.listeners_file(
            self._directory, frontends, generation
        )
        return files

    def _write(self, files: Mapping[str, str]) -> None:
        for place, text in files.items():
            if self._written.get(place) != text:
                write_private(self._directory / place, text)
                self._written[place] = text

    def _forget(self, keep: Mapping[str, str]) -> None:
        fixed = {discovery.CLUSTERS, discovery.LISTENERS, discovery.BOOTSTRAP}
        for place in self._written.keys() - keep.keys() - fixed:
            (self._directory / place).unlink(missing_ok=True)
            del self._written[place]

    async def _until_probed(self, probe_timeout_s: float, departing: Draining) -> None:
        """Return once the first probes are answered: new clusters take no requests before.

        New servers of clusters that serve already are waited for if others leave, and no longer
        than PROBED_LIMIT_S.
        """
        async for waited_s in _polls(PROBED_LIMIT_S + probe_timeout_s):
            if await self._is_warming():
                continue
            is_awaited = any(departing.values())
            if not is_awaited or waited_s > PROBED_LIMIT_S or not await self._has_pending():
                return

    async def _is_warming(self) -> bool:
        try:
            return any((await self._admin.fetch_numbers(_WARMING)).values())
        except EnvoySilentError:
            return True

    async def _has_pending(self) -> bool:
        try:
            hosts = read_hosts(await self._admin.fetch_clusters(), "")
        except EnvoySilentError:
            return True
        return any(host.is_pending for host in hosts.values())

    async def _until_in_force(self, files: Mapping[str, str]) -> None:
        wanted = discovery.statistics_of(files)
        missing = list(wanted)
        async for _ in _polls(IN_FORCE_LIMIT_S):
            with suppress(EnvoySilentError):  # it is busy: many servers to probe at once
                missing = _missing(wanted, await self._admin.fetch_versions())
            if not missing:
                return
            if not self.is_running:
                break
        raise InstanceError(
            f"Envoy does not take {', '.join(missing)}: {self._process.last_words()}"
        )


async def _polls(limit_s: float) -> AsyncIterator[float]:
    """Yield the time that has passed, ever less often, for as long as the limit says."""
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    pause_s = POLL_FIRST_S
    while (waited_s := loop.time() - begun_s) < limit_s:
        yield waited_s
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * POLL_GROWTH, POLL_LAST_S)


def _missing(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Return the statistics that do not show the wanted version; routes' begin as they like."""
    return [
        name
        for name, version in wanted.items()
        if not any(
            shown == version for each, shown in found.items() if each == name or each.endswith(name)
        )
    ]


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, so that a watcher sees the old or the new, and only we read it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
