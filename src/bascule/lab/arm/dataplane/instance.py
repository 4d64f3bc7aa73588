"""One instance of a gateway: an Envoy, told by files, that takes over a document step by step."""

import asyncio
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bascule.lab.arm.dataplane import discovery
from bascule.lab.arm.dataplane.admin import EnvoyAdmin
from bascule.lab.arm.dataplane.draining import Draining, find_departing, merge, still_draining
from bascule.lab.arm.dataplane.envoy import EnvoyProcess, tail
from bascule.lab.arm.dataplane.health import Hosts, read_hosts
from bascule.lab.arm.dataplane.translate.backends import Backend
from bascule.lab.arm.dataplane.translate.probes import HEALTH_LOG
from bascule.lab.arm.dataplane.translate.translation import Translation

IN_FORCE_LIMIT_S = 10.0
PROBED_LIMIT_S = 2.0
"""How long new servers may take to answer their first probe; then what they replace goes anyway."""
START_LIMIT_S = 15.0
POLL_S = 0.01
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

    async def drop_drained(self, now_s: float) -> None:
        """Let go of the servers whose time for draining is over."""
        async with self._lock:
            self.draining = still_draining(self.draining, now_s)
            if self.translation is not None:
                self._write(self._endpoint_files(self.translation.backends))

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

    async def retire(self) -> None:
        """Take no more connections; those that there are may go on until `stop`."""
        async with self._lock:
            if self.is_running:
                self._write({discovery.LISTENERS: discovery.listeners_file(self._directory, (), 0)})

    async def stop(self) -> None:
        """End its Envoy and remove its files."""
        async with self._lock:
            await self._process.stop()
            shutil.rmtree(self._directory, ignore_errors=True)
            self._written, self._backends, self.draining = {}, {}, {}
            self.translation = None

    async def _start(self, translation: Translation, generation: int) -> None:
        self._written = {}
        self._write(self._endpoint_files(translation.backends))
        self._write_clusters(dict(translation.backends))
        self._write(self._frontend_files(translation, generation))
        self._write({discovery.BOOTSTRAP: discovery.build_bootstrap(self._directory, self._name)})
        await self._run()

    async def _run(self) -> None:
        (self._directory / discovery.ADMIN_SOCKET).unlink(missing_ok=True)
        await self._process.start()
        await self._until_ready()

    async def _until_ready(self) -> None:
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while not await self._admin.is_ready():
                    if not self.is_running:
                        raise InstanceError(f"Envoy ended: {self._process.last_words()}")
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise InstanceError(
                f"Envoy did not get ready within {START_LIMIT_S:.0f} s:"
                f" {self._process.last_words() or 'it said nothing'}"
            ) from error

    async def _take_over(
        self, translation: Translation, departing: Draining, generation: int
    ) -> None:
        """Add first and let it be probed, then lead requests over, then take away."""
        await self._until_ready()
        opening = self._endpoint_files(translation.backends, staying=departing)
        self._write(opening)
        self._write_clusters(self._backends | dict(translation.backends))
        await self._until_in_force({**opening, discovery.CLUSTERS: self._clusters_text})
        await self._until_probed()
        self.draining = merge(departing, self.draining)
        closing = {
            **self._endpoint_files(translation.backends),
            **self._frontend_files(translation, generation),
        }
        self._write(closing)
        await self._until_in_force(closing)
        if self._backends.keys() != translation.backends.keys():
            self._write_clusters(dict(translation.backends))
        self._forget(keep=closing)

    def _endpoint_files(
        self, backends: Mapping[str, Backend], staying: Draining | None = None
    ) -> dict[str, str]:
        """Return the files of endpoints; those that stay still take requests, though they leave."""
        return {
            discovery.endpoints_place(backend): discovery.endpoints_file(
                backend,
                (*backend.servers, *(staying or {}).get(name, {})),
                self.draining.get(name, {}),
            )
            for name, backend in backends.items()
        }

    def _frontend_files(self, translation: Translation, generation: int) -> dict[str, str]:
        frontends = translation.frontends.values()
        files = {discovery.routes_place(each): discovery.routes_file(each) for each in frontends}
        files[discovery.LISTENERS] = discovery.listeners_file(
            self._directory, frontends, generation
        )
        return files

    @property
    def _clusters_text(self) -> str:
        return self._written[discovery.CLUSTERS]

    def _write_clusters(self, backends: dict[str, Backend]) -> None:
        text = discovery.clusters_file(self._directory, backends.values())
        self._write({discovery.CLUSTERS: text})
        self._backends = backends

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

    async def _until_probed(self) -> None:
        """Return once every server's first probe has been answered, or has taken too long."""
        deadline_s = asyncio.get_running_loop().time() + PROBED_LIMIT_S
        while asyncio.get_running_loop().time() < deadline_s:
            hosts = read_hosts(await self._admin.fetch_clusters(), "")
            is_warming = any((await self._admin.fetch_numbers(_WARMING)).values())
            if not is_warming and not any(host.is_pending for host in hosts.values()):
                return
            await asyncio.sleep(POLL_S)

    async def _until_in_force(self, files: Mapping[str, str]) -> None:
        wanted = discovery.statistics_of(files)
        deadline_s = asyncio.get_running_loop().time() + IN_FORCE_LIMIT_S
        while missing := _missing(wanted, await self._admin.fetch_versions()):
            if asyncio.get_running_loop().time() > deadline_s:
                raise InstanceError(
                    f"Envoy does not take {', '.join(missing)}: {self._process.last_words()}"
                )
            await asyncio.sleep(POLL_S)


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
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
