"""The supervisor of one lab: holds its lock and networks, and keeps its processes.

That is one process per cluster, or the one of the lab's Azure, which makes its clusters itself.
"""

import asyncio
import fcntl
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from bascule.errors import BasculeError, LockedError
from bascule.lab.supervisor.azure import hold_azure
from bascule.lab.supervisor.description import ClusterDescription, LabDescription, LabDirectory
from bascule.lab.supervisor.networks import Network, hold_network, locks_directory
from bascule.lab.supervisor.processes import POLL_S, kept_port, load_record, write_record

READY_LIMIT_S = 30.0
STOP_LIMIT_S = 8.0
AZURE_STOP_LIMIT_S = 25.0
RESTARTS_MAX = 10
RESTART_PAUSE_S = 0.2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Role:
    """What a process is for, how it is started, and its files."""

    title: str
    command: Callable[[], Iterable[str]]
    network: Network
    pid: Path
    log: Path
    ready: Path
    port: Path | None = None
    """Where the port is noted once the process serves."""
    stop_limit_s: float = STOP_LIMIT_S


@dataclass(slots=True)
class _Member:
    """One process that is kept."""

    role: _Role
    process: asyncio.subprocess.Process
    is_asked_for: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is dead and is to be started, even before its end was noticed here."""


class Supervisor:
    """Starts the clusters of a lab, watches them, and ends them all on SIGTERM.

    On SIGHUP it starts those that are dead, and reads again whether to do so unasked.
    """

    def __init__(self, directory: LabDirectory, lab: LabDescription) -> None:
        self._directory = directory
        self._lab = lab
        self._stop = asyncio.Event()
        self._restarts = lab.restarts
        self._members: list[_Member] = []

    async def run(self) -> None:
        """Serve until SIGTERM. Raises LockedError if the lab already has a supervisor."""
        lock = hold_lock(self._directory.lock)
        write_record(self._directory.pid, os.getpid())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._revive)
        try:
            for cluster in self._lab.clusters:
                await self._begin_cluster(cluster)
            if self._lab.azure is not None:
                await self._begin_azure()
            await self._wait_ready(self._members)
            if not self._stop.is_set():
                self._publish()
                await self._watch()
        finally:
            self._directory.ready.unlink(missing_ok=True)
            await self._end()
            self._directory.pid.unlink(missing_ok=True)
            os.close(lock)

    async def _begin_cluster(self, cluster: ClusterDescription) -> None:
        home = self._directory.cluster(cluster.name)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        remembered = home / "network"
        preferred = remembered.read_text() if remembered.exists() else ""
        network = hold_network(locks_directory(), preferred)
        remembered.write_text(network.prefix)
        role = _Role(
            title=f"cluster {cluster.name}",
            command=lambda: self._command(cluster, network),
            network=network,
            pid=self._directory.cluster_pid(cluster.name),
            log=self._directory.cluster_log(cluster.name),
            ready=home / "ready.json",
            port=self._directory.cluster_port(cluster.name),
        )
        self._members.append(_Member(role, await _start(role)))

    async def _begin_azure(self) -> None:
        self._directory.azure.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = str(self._directory.path)
        role = _Role(
            title="the lab's Azure",
            command=lambda: (sys.executable, "-m", "bascule.lab.arm", "--dir", path),
            network=hold_azure(locks_directory(), self._directory.path),
            pid=self._directory.azure_pid,
            log=self._directory.azure_log,
            ready=self._directory.azure_ready,
            stop_limit_s=AZURE_STOP_LIMIT_S,
        )
        self._members.append(_Member(role, await _start(role)))

    def _command(self, cluster: ClusterDescription, network: Network) -> Iterable[str]:
        lab = self._lab
        return (
            sys.executable,
            *("-m", "bascule.lab.cluster"),
            *("--dir", str(self._directory.cluster(cluster.name))),
            *("--name", cluster.name),
            *("--version", cluster.version),
            *("--context", lab.context(cluster.name)),
            *("--network", network.prefix),
            *("--port", str(kept_port(self._directory.cluster_port(cluster.name)))),
            *("--nodes", str(lab.nodes)),
            *("--latency-ms", str(lab.latency_ms)),
        )

    # Readiness.

    async def _wait_ready(self, members: list[_Member]) -> None:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + READY_LIMIT_S
        for member in members:
            role = member.role
            while not _names(role.ready, member.process.pid):
                if self._stop.is_set():
                    return
                if member.process.returncode is not None or loop.time() > deadline_s:
                    raise BasculeError(
                        f"{role.title} did not start: {_last_line(role.log)}",
                        remedy=f"see {role.log}",
                    )
                await asyncio.sleep(POLL_S)
            if role.port is not None:
                port = msgspec.json.decode(role.ready.read_bytes())["port"]
                role.port.write_text(str(port))

    def _publish(self) -> None:
        if self._lab.azure is None:
            self._merge_kubeconfigs()
        content = {member.role.title: {"pid": member.process.pid} for member in self._members}
        draft = self._directory.ready.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(content))
        draft.replace(self._directory.ready)

    def _merge_kubeconfigs(self) -> None:
        merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "preferences": {}}
        for cluster in self._lab.clusters:
            path = self._directory.cluster(cluster.name) / "kubeconfig"
            document = yaml.safe_load(path.read_text())
            for section in ("clusters", "users", "contexts"):
                merged.setdefault(section, []).extend(document[section])
        merged["current-context"] = merged["contexts"][0]["name"]
        draft = self._directory.kubeconfig.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(yaml.safe_dump(merged, sort_keys=False))
        draft.replace(self._directory.kubeconfig)

    # Watching and ending.

    async def _watch(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            watchers = [tasks.create_task(self._keep(member)) for member in self._members]
            await self._stop.wait()
            for watcher in watchers:
                watcher.cancel()

    def _revive(self) -> None:
        lab = self._directory.load()
        self._restarts = lab is not None and lab.restarts
        for member in self._members:
            if load_record(member.role.pid) is None:
                member.is_asked_for.set()

    async def _keep(self, member: _Member) -> None:
        """Start a cluster again that dies: on SIGHUP, or unasked RESTARTS_MAX times."""
        unasked = 0
        while not self._stop.is_set():
            code = await member.process.wait()
            _log.warning("%s ended with code %s", member.role.title, code)
            if self._restarts and unasked < RESTARTS_MAX:
                unasked += 1
                await asyncio.sleep(RESTART_PAUSE_S)
            else:
                await member.is_asked_for.wait()
                unasked = 0
            member.is_asked_for.clear()
            member.process = await _start(member.role)
            try:
                await self._wait_ready([member])
            except BasculeError as error:
                _log.warning("%s", error.message)
            else:
                self._publish()

    async def _end(self) -> None:
        for member in self._members:
            if member.process.returncode is None:
                member.process.terminate()
        for member in self._members:
            try:
                async with asyncio.timeout(member.role.stop_limit_s):
                    await member.process.wait()
            except TimeoutError:
                member.process.kill()
                await member.process.wait()
            member.role.pid.unlink(missing_ok=True)
            member.role.network.release()


async def _start(role: _Role) -> asyncio.subprocess.Process:
    with role.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *role.command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=role.network.descriptors,
        )
    write_record(role.pid, process.pid)
    return process


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def hold_lock(path: Path) -> int:
    """Return a descriptor that holds the lock. Raises LockedError if another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise LockedError(f"{path} is held by another process") from error
    return descriptor


def is_locked(path: Path) -> bool:
    """Say whether a supervisor lives; asks without taking the lock for longer than the question."""
    if not path.exists():
        return False
    try:
        os.close(hold_lock(path))
    except LockedError:
        return True
    return False


def _names(ready: Path, pid: int) -> bool:
    try:
        return bool(msgspec.json.decode(ready.read_bytes())["pid"] == pid)
    except (FileNotFoundError, msgspec.DecodeError):
        return False
