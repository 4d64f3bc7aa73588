"""Sets the stage: a private directory, two clusters with a shop each, a gateway; and clears it."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bascule.errors import BasculeError
from bascule.lab.shop.certificates import CA_FILE, HostCertificate, load_certificate
from bascule.lab.shop.deploy import Target, deploy, load_target, open_api
from bascule.lab.shop.manifests import SHOP_HOST, ShopOptions, build_shop
from bascule.lab.story.settings import StorySettings
from bascule.lab.story.traffic import Places
from bascule.lab.story.upgrade import FILE, write_file
from bascule.lab.story.verbs import VerbFailedError, call_verb, command_line
from bascule.lab.supervisor.control import bring_up, take_down
from bascule.lab.supervisor.description import LabDescription, LabDirectory, labs_root
from bascule.lab.supervisor.description import parse_clusters as parse_lab_clusters
from bascule.lab.supervisor.processes import end_process, load_record
from bascule.lab.wall_clock import WallClock

LAB_NAME = "demo"
GATEWAY_NAME = "demo"
CLUSTERS = "blue=1.33,green=1.36"
RUN_LIMIT_S = 30.0
END_LIMIT_S = 10.0
POLL_S = 0.02
LAST_LINES = 2
"""An error is two lines: what happened, and what to do."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """What stands while the story is told."""

    directory: Path
    environment: Mapping[str, str]
    settings: StorySettings
    places: Places
    runtime: subprocess.Popen[bytes] | None = None
    targets: dict[str, Target] = field(default_factory=dict)

    @property
    def lab(self) -> LabDirectory:
        """The lab's files."""
        return LabDirectory(labs_root(self.environment) / LAB_NAME)

    @property
    def gateway_file(self) -> Path:
        """The gateway.yaml that `bascule run` reads."""
        return self.directory / "gateway.yaml"

    @property
    def _run_log(self) -> Path:
        return self.directory / "run.log"

    async def start_clusters(self) -> None:
        """Start both clusters and deploy the shop to each."""
        lab = LabDescription(name=LAB_NAME, clusters=parse_lab_clusters(CLUSTERS))
        await bring_up(lab, self.environment)
        certificate = load_certificate(self.directory, (SHOP_HOST,), now=WallClock().now())
        async with asyncio.TaskGroup() as tasks:
            for cluster in lab.clusters:
                target = load_target(self.lab.kubeconfig, lab.context(cluster.name))
                self.targets[cluster.name] = target
                tasks.create_task(self._deploy(target, cluster.version, certificate))

    async def _deploy(self, target: Target, version: str, made: HostCertificate) -> None:
        options = ShopOptions(
            routes=self.settings.routes,
            annotations={"lab.bascule.dev/latency-ms": str(self.settings.latency_ms)},
        )
        shop = build_shop(version, made.certificate, made.key, options=options)
        await deploy(target, shop)

    async def start_gateway(self) -> None:
        """Start `bascule run` and return when its first table is live. Raises VerbFailedError."""
        self._write_gateway()
        write_file(self.directory / FILE, scale=self.settings.scale)
        said = self.directory / "run.out"
        with said.open("wb") as out, self._run_log.open("wb") as log:
            # Not a child of asyncio's, which would be killed with the loop: it may stay.
            self.runtime = subprocess.Popen(  # noqa: ASYNC220, S603 — a command line of ours
                command_line("run", "-f", str(self.gateway_file), "--output", "json"),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env=dict(self.environment),
                start_new_session=True,
            )
        deadline_s = time.monotonic() + RUN_LIMIT_S
        while b'"started"' not in said.read_bytes():
            if self.runtime.poll() is not None or time.monotonic() > deadline_s:
                raise VerbFailedError(f"`bascule run` did not start: {self._last_words()}")
            await asyncio.sleep(POLL_S)

    async def fetch_effects(self, cluster: str) -> dict[str, int]:
        """Return the ledger of a cluster."""
        async with open_api(self.targets[cluster]) as api:
            return await api.get("/lab/effects")

    async def end_cluster(self, cluster: str) -> None:
        """Take a cluster away: its API server, its controllers and all its pods."""
        record = load_record(self.lab.cluster_pid(cluster))
        if record is not None:
            await end_process(record, END_LIMIT_S)

    def leave(self) -> None:
        """Let go of what runs, so that it goes on without us."""
        if self.runtime is not None and self.runtime.poll() is None:
            self.runtime.returncode = 0  # Popen must not warn that it still runs

    async def clear(self) -> None:
        """End everything and remove every file. Goes on past what cannot be ended."""
        await self._end_gateway()
        if self.lab.description.exists():
            await take_down(self.lab, keeps_data=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    async def _end_gateway(self) -> None:
        if self.runtime is None:
            return
        with suppress(BasculeError):  # it is ended below, whether it listens or not
            await call_verb(self.environment, "stop", "--gateway", GATEWAY_NAME)
        for end in (self.runtime.terminate, self.runtime.kill):
            deadline_s = time.monotonic() + END_LIMIT_S
            while self.runtime.poll() is None and time.monotonic() < deadline_s:
                end()
                await asyncio.sleep(POLL_S)

    def _write_gateway(self) -> None:
        access = {
            cluster: {"kubeconfig": str(self.lab.kubeconfig), "context": f"{LAB_NAME}-{cluster}"}
            for cluster in ("blue", "green")
        }
        listeners = [
            {"name": "http", "port": self.places.http_port},
            {"name": "https", "port": self.places.https_port, "tls": True},
        ]
        content = {
            "name": GATEWAY_NAME,
            "clusters": access,
            "active": "blue",
            "listeners": listeners,
            "gateway": {"type": "envoy", "concurrency": 2},
        }
        self.gateway_file.write_text(yaml.safe_dump(content, sort_keys=False))

    def _last_words(self) -> str:
        lines = self._run_log.read_text(errors="replace").strip().splitlines()
        return "; ".join(line.strip() for line in lines[-LAST_LINES:]) or "it said nothing"


@asynccontextmanager
async def open_stage(settings: StorySettings) -> AsyncIterator[Stage]:
    """Make a private directory for a story; whatever happens, all that it started is ended.

    With `settings.keep` a story that was told to its end stays as it is.
    """
    directory = Path(tempfile.mkdtemp(prefix="bascule-demo-"))
    http_port, https_port = free_ports(2)
    stage = Stage(
        directory=directory,
        environment={**os.environ, "XDG_STATE_HOME": str(directory / "state")},
        settings=settings,
        places=Places(http_port=http_port, https_port=https_port, ca_file=directory / CA_FILE),
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(stage.clear)
        yield stage
        if settings.keep:
            stage.leave()
            stack.pop_all()


def free_ports(count: int) -> tuple[int, ...]:
    """Return ports of 127.0.0.1 that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return tuple(sock.getsockname()[1] for sock in sockets)
    finally:
        for sock in sockets:
            sock.close()
