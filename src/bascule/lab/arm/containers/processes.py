"""Runs each managed cluster as a process of its own, in a directory of its own."""

import asyncio
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from typing_extensions import override

from bascule.lab.arm.containers.starter import ClusterStarter
from bascule.lab.arm.operations import OperationFailedError
from bascule.lab.cluster_plan import (
    ACCESS_FILE,
    APPLIED_FILE,
    PLAN_FILE,
    Access,
    AddressPlan,
    ClusterPlan,
    load_applied,
    load_plan,
    write_json,
)
from bascule.lab.supervisor.networks import (
    PREFIXES,
    Network,
    NoNetworkError,
    hold_network,
    locks_directory,
)
from bascule.lab.supervisor.processes import (
    POLL_S,
    ProcessRecord,
    end_process,
    kept_port,
    load_record,
    send_signal,
    write_record,
)

START_LIMIT_S: Final = 30.0
CHANGE_LIMIT_S: Final = 1_800.0
"""How long a change may take, nodes that are drained one by one included."""
STOP_LIMIT_S: Final = 8.0


class _Ready(msgspec.Struct):
    pid: int
    port: int


@dataclass(frozen=True, slots=True)
class _Home:
    """The files of one cluster, as the lab's clean-up knows them."""

    path: Path

    @property
    def plan(self) -> Path:
        return self.path / PLAN_FILE

    @property
    def applied(self) -> Path:
        return self.path / APPLIED_FILE

    @property
    def pid(self) -> Path:
        return self.path / "cluster.pid"

    @property
    def ready(self) -> Path:
        return self.path / "ready.json"

    @property
    def port(self) -> Path:
        return self.path / "port"

    @property
    def log(self) -> Path:
        return self.path / "cluster.log"

    @property
    def kubeconfig(self) -> Path:
        return self.path / "kubeconfig"


class ClusterProcesses(ClusterStarter):
    """Starts clusters below `directory`; one that outlived the lab's Azure is taken over."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._networks: dict[str, Network] = {}
        """Held networks: by a cluster's key where it is hidden, else by the prefix itself."""

    @override
    async def apply(self, key: str, context: str, plan: ClusterPlan) -> None:
        home = self._home(key)
        home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        record = load_record(home.pid)
        placed = self._place(key, plan, self._previous(home), is_running=record is not None)
        write_json(home.plan, placed)
        if record is None:
            record = await self._start(key, context, home)
        else:
            send_signal(record, signal.SIGHUP)
        await self._wait_applied(home, record, placed.generation)

    @override
    async def stop(self, key: str) -> None:
        home = self._home(key)
        record = load_record(home.pid)
        if record is not None:
            await end_process(record, STOP_LIMIT_S)
        home.pid.unlink(missing_ok=True)
        network = self._networks.pop(key, None)
        if network is not None:
            network.release()

    @override
    async def remove(self, key: str) -> None:
        await self.stop(key)
        shutil.rmtree(self._home(key).path, ignore_errors=True)

    @override
    def allow(self, key: str, access: Access) -> None:
        home = self._home(key)
        if home.path.is_dir():
            write_json(home.path / ACCESS_FILE, access)

    @override
    def kubeconfig(self, key: str) -> str:
        path = self._home(key).kubeconfig
        return path.read_text() if path.exists() else ""

    @override
    async def close(self) -> None:
        keys = [path.parent.name for path in self._directory.glob(f"*/{PLAN_FILE}")]
        async with asyncio.TaskGroup() as tasks:
            for key in keys:
                tasks.create_task(self.stop(key))
        for network in self._networks.values():
            network.release()
        self._networks.clear()

    def _home(self, key: str) -> _Home:
        return _Home(self._directory / key)

    def _previous(self, home: _Home) -> ClusterPlan | None:
        try:
            return load_plan(home.plan)
        except (OSError, msgspec.MsgspecError):
            return None

    # Where addresses really are.

    def _place(
        self, key: str, plan: ClusterPlan, before: ClusterPlan | None, *, is_running: bool
    ) -> ClusterPlan:
        """Say for each address where it is bound; networks that are needed are held."""
        hidden = before.pods.bound_to if before is not None and "." in before.pods.bound_to else ""
        if not is_running and not (plan.pods.bound_to and plan.balancers.bound_to):
            hidden = self._hold(key, preferred=hidden)
        if not is_running:
            for prefix in set(_visible_prefixes(plan)):
                self._hold(prefix, preferred=prefix, only=True)
        return msgspec.structs.replace(
            plan, pods=_bound(plan.pods, hidden), balancers=_bound(plan.balancers, hidden)
        )

    def _hold(self, name: str, *, preferred: str, only: bool = False) -> str:
        held = self._networks.get(name)
        if held is None:
            try:
                held = hold_network(
                    locks_directory(), preferred, (preferred,) if only else PREFIXES
                )
            except NoNetworkError as error:
                raise OperationFailedError("SubnetIsFull", error.message) from error
            self._networks[name] = held
        return held.prefix

    # The process.

    async def _start(self, key: str, context: str, home: _Home) -> ProcessRecord:
        home.ready.unlink(missing_ok=True)
        command = (
            *("-m", "bascule.lab.cluster", "--plan"),
            *("--dir", str(home.path)),
            *("--name", context),
            *("--port", str(kept_port(home.port))),
        )
        own = self._networks.get(key)
        with home.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=own.descriptors if own is not None else (),
            )
        write_record(home.pid, process.pid)
        record = load_record(home.pid)
        if record is None:
            raise _failed(home, "it ended at once")
        await self._wait_ready(home, record)
        return record

    async def _wait_ready(self, home: _Home, record: ProcessRecord) -> None:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + START_LIMIT_S
        while True:
            ready = _load_ready(home.ready)
            if ready is not None and ready.pid == record.pid:
                home.port.write_text(str(ready.port))
                return
            if load_record(home.pid) is None or loop.time() > deadline_s:
                raise _failed(home, "it did not serve")
            await asyncio.sleep(POLL_S)

    async def _wait_applied(self, home: _Home, record: ProcessRecord, generation: int) -> None:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + CHANGE_LIMIT_S
        while True:
            applied = load_applied(home.applied)
            if applied is not None and applied.generation >= generation:
                if applied.error:
                    raise OperationFailedError("UpgradeFailed", applied.error)
                return
            if load_record(home.pid) != record or loop.time() > deadline_s:
                raise _failed(home, "it did not become what it was to be")
            await asyncio.sleep(POLL_S)


def _visible_prefixes(plan: ClusterPlan) -> Iterator[str]:
    """Yield the /16 networks of 127.0.0.0/8 that other labs use as well."""
    for addresses in (plan.pods, plan.balancers):
        prefix = f"127.{addresses.first.split('.')[1]}"
        if addresses.bound_to and prefix in PREFIXES:
            yield prefix


def _bound(addresses: AddressPlan, hidden: str) -> AddressPlan:
    return msgspec.structs.replace(addresses, bound_to=addresses.bound_to or hidden)


def _load_ready(path: Path) -> _Ready | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Ready)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _failed(home: _Home, what: str) -> OperationFailedError:
    lines = home.log.read_text(errors="replace").strip().splitlines() if home.log.exists() else []
    said = lines[-1] if lines else "it said nothing"
    return OperationFailedError(
        "ControlPlaneProvisioningFailed", f"The cluster's process failed: {what}: {said}"
    )
