"""What the verbs do with a lab: bring it up, look at it, take it down."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bascule.errors import BasculeError, UsageError
from bascule.lab.kubeapi.kinds import parse_minor
from bascule.lab.supervisor.azure import AzureStatus, azure_exports, azure_status, hold_azure
from bascule.lab.supervisor.description import LabDescription, LabDirectory, labs_root
from bascule.lab.supervisor.networks import locks_directory
from bascule.lab.supervisor.processes import POLL_S, end_process, load_record, send_signal
from bascule.lab.supervisor.supervise import AZURE_STOP_LIMIT_S, STOP_LIMIT_S, is_locked

UP_LIMIT_S = 45.0
DOWN_LIMIT_S = AZURE_STOP_LIMIT_S + STOP_LIMIT_S
_LEFTOVERS = ("azure/arm.pid", "clusters/*/cluster.pid", "gateways/*/*.pid")
"""Processes that outlive a killed supervisor; the lab's Azure first, since it starts the others."""
_TRANSIENT = ("ready.json", "supervisor.pid", "supervisor.log", "lock")


class LabFailedError(BasculeError):
    """The lab's processes did not come up."""


class ClusterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster as seen from outside; `url` is empty while it does not serve."""

    name: str
    version: str
    context: str
    state: str
    pid: int | None
    url: str
    network: str


class LabStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A lab as seen from outside: `running`, `stopped` (data kept), or `degraded`."""

    name: str
    state: str
    directory: str
    kubeconfig: str
    clusters: tuple[ClusterStatus, ...]
    azure: AzureStatus | None = None


def find_lab(name: str, environment: Mapping[str, str]) -> LabDirectory:
    """Return the directory of a lab that exists. Raises UsageError."""
    directory = LabDirectory(labs_root(environment) / name)
    if not directory.description.exists():
        raise UsageError(
            f"there is no lab {name!r} in {directory.path.parent}",
            remedy=f"start it with `bascule lab up --name {name}`",
        )
    return directory


def load_kept(name: str, environment: Mapping[str, str]) -> LabDescription | None:
    """Return what a lab is that exists, running or kept; None if there is none of this name."""
    return LabDirectory(labs_root(environment) / name).load()


def list_labs(environment: Mapping[str, str]) -> list[LabDirectory]:
    """Return all labs of this user, by name."""
    root = labs_root(environment)
    if not root.is_dir():
        return []
    return [LabDirectory(path) for path in sorted(root.iterdir()) if (path / "lab.json").exists()]


async def bring_up(lab: LabDescription, environment: Mapping[str, str]) -> LabStatus:
    """Start a lab and return once its API servers answer.

    Of one that runs already, only the clusters that are dead are started again; with `restarts`
    they are so from then on, without being asked.
    Raises UsageError if it runs with other clusters or a version is not known, LabFailedError if it
    does not come up; then no process of it is left.
    """
    _check_versions(lab)
    directory = LabDirectory(labs_root(environment) / lab.name)
    if lab.azure is not None and not is_locked(directory.lock):
        await _end_leftovers(directory)
        hold_azure(locks_directory(), directory.path).release()
    directory.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_locked(directory.lock):
        await _wait_ready(directory, None)
        await _revive(directory, lab)
        return status_of(directory)
    await _end_leftovers(directory)
    directory.ready.unlink(missing_ok=True)
    _write_description(directory, lab)
    with directory.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own module, made to outlive this loop
            [sys.executable, "-m", "bascule.lab.supervisor", "--dir", str(directory.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    try:
        await _wait_ready(directory, process)
    except BaseException:
        await take_down(directory, keeps_data=True)
        raise
    # The supervisor goes on without us; Popen must not warn that it still runs.
    process.returncode = 0
    return status_of(directory)


async def _revive(directory: LabDirectory, lab: LabDescription) -> None:
    """Have the supervisor start what is dead. Raises UsageError if the lab is another one."""
    running = directory.load()
    if running is None or msgspec.structs.replace(lab, restarts=running.restarts) != running:
        raise UsageError(
            f"lab {lab.name!r} is running with other settings",
            remedy=f"end it first: `bascule lab down --name {lab.name}`",
        )
    supervisor = load_record(directory.pid)
    changes = lab.restarts and not running.restarts
    if changes:
        _write_description(directory, lab)
    if supervisor is None or not (changes or status_of(directory).state == "degraded"):
        return
    send_signal(supervisor, signal.SIGHUP)
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + UP_LIMIT_S
    while status_of(directory).state != "running":
        if loop.time() > deadline_s:
            raise LabFailedError(
                f"lab {lab.name!r} runs without some of its processes",
                remedy=f"see {directory.log} and the logs of the others below {directory.path}",
            )
        await asyncio.sleep(POLL_S)


def _write_description(directory: LabDirectory, lab: LabDescription) -> None:
    draft = directory.description.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(lab)))
    draft.replace(directory.description)


async def take_down(directory: LabDirectory, *, keeps_data: bool) -> None:
    """End all processes of a lab; remove its files too unless `keeps_data`."""
    supervisor = load_record(directory.pid)
    if supervisor is not None:
        await end_process(supervisor, DOWN_LIMIT_S)
    await _end_leftovers(directory)
    if not keeps_data:
        shutil.rmtree(directory.path, ignore_errors=True)
        return
    for name in _TRANSIENT:
        (directory.path / name).unlink(missing_ok=True)


def status_of(directory: LabDirectory) -> LabStatus:
    """Return how a lab is, from its files and processes alone."""
    lab = directory.load()
    if lab is None:
        raise UsageError(f"there is no lab in {directory.path}")
    clusters = tuple(
        _cluster_status(directory, lab, cluster.name, cluster.version) for cluster in lab.clusters
    )
    azure = azure_status(directory, lab.azure.latency_model) if lab.azure is not None else None
    states = {cluster.state for cluster in clusters} | ({azure.state} if azure else set())
    is_supervised = is_locked(directory.lock)
    is_left_behind = azure is not None and azure.clusters + azure.gateways > 0
    if states == {"stopped"} and not is_supervised and not is_left_behind:
        state = "stopped"
    else:
        state = "running" if states == {"running"} and is_supervised else "degraded"
    return LabStatus(
        name=lab.name,
        state=state,
        directory=str(directory.path),
        kubeconfig=str(directory.kubeconfig),
        clusters=clusters,
        azure=azure,
    )


def shell_exports(directory: LabDirectory, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with which the real kubectl, and az, find what is in the lab."""
    exports = {"KUBECONFIG": str(directory.kubeconfig)}
    lab = directory.load()
    if lab is not None and lab.azure is not None:
        exports |= azure_exports(directory)
    tools = str(Path(sys.executable).parent)
    path = environment.get("PATH", "")
    if tools not in path.split(os.pathsep):
        exports["PATH"] = os.pathsep.join(part for part in (tools, path) if part)
    return exports


def _check_versions(lab: LabDescription) -> None:
    for cluster in lab.clusters:
        try:
            parse_minor(cluster.version)
        except ValueError as error:
            raise UsageError(
                f"cluster {cluster.name}: {error}", remedy="choose another version"
            ) from error


def _cluster_status(
    directory: LabDirectory, lab: LabDescription, name: str, version: str
) -> ClusterStatus:
    home = directory.cluster(name)
    record = load_record(directory.cluster_pid(name))
    ready = _load_json(home / "ready.json") if record else {}
    network = home / "network"
    is_ready = record is not None and ready.get("pid") == record.pid
    state = "running" if is_ready else ("starting" if record else "stopped")
    return ClusterStatus(
        name=name,
        version=version,
        context=lab.context(name),
        state=state,
        pid=record.pid if record else None,
        url=str(ready.get("url", "")) if is_ready else "",
        network=f"{network.read_text()}.0.0/16" if network.exists() else "",
    )


async def _wait_ready(directory: LabDirectory, process: "subprocess.Popen[bytes] | None") -> None:
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + UP_LIMIT_S
    while not directory.ready.exists():
        ended = process is not None and process.poll() is not None
        if ended or loop.time() > deadline_s:
            lines = directory.log.read_text(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else "the supervisor said nothing"
            raise LabFailedError(
                f"the lab did not come up: {reason}", remedy=f"see {directory.log}"
            )
        await asyncio.sleep(POLL_S)


async def _end_leftovers(directory: LabDirectory) -> None:
    """End processes whose supervisor was killed."""
    for pattern in _LEFTOVERS:
        for path in sorted(directory.path.glob(pattern)):
            record = load_record(path)
            if record is not None:
                await end_process(record, STOP_LIMIT_S)
            path.unlink(missing_ok=True)


def _load_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        return {}
    return content
