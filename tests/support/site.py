"""A lab, a gateway before it and its runtime, each started by the command that a user types."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from bascule.app.state_dir import StateDir

POLL_S = 0.02
START_LIMIT_S = 40.0
VERB_LIMIT_S = 55.0
HOST = "api.example.test"
"""A host of the lab's shop that is served without TLS."""

_GATEWAY = """\
name: {name}
clusters:
  blue: {{kubeconfig: {kubeconfig}, context: {name}-blue}}
  green: {{kubeconfig: {kubeconfig}, context: {name}-green}}
listeners:
  - {{name: http, port: {port}}}
gateway: {{type: envoy, concurrency: 1}}
report: []
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How one call of the command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document that it printed last."""
        lines = self.out.strip().splitlines()
        assert lines, f"nothing was printed; exit code {self.code}: {self.err}"
        found: dict[str, Any] = json.loads(lines[-1])
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """A `bascule upgrade start` that runs, and the file with all that it says."""

    process: "subprocess.Popen[bytes]"
    out: Path

    @property
    def said(self) -> str:
        return self.out.read_text()

    def await_text(self, text: str) -> None:
        """Return once it has said so; it must not have ended before."""
        wait_until(lambda: text in self.said or self.process.poll() is not None)
        assert text in self.said, self.said

    def await_end(self, within_s: float = START_LIMIT_S) -> int:
        """Return its exit code."""
        return self.process.wait(timeout=within_s)


@dataclass(slots=True, kw_only=True)
class Site:
    """One gateway. Processes that it started end with `close`."""

    directory: Path
    name: str
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    runtime: "subprocess.Popen[bytes] | None" = None
    lives: int = 0

    @property
    def state_dir(self) -> StateDir:
        return StateDir(self.directory / "state")

    @property
    def file(self) -> Path:
        return self.directory / "gateway.yaml"

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "home" / "bascule" / "lab" / self.name / "kubeconfig"

    def verb(self, *arguments: str) -> Said:
        """Run `bascule ARGUMENTS` to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "bascule", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=VERB_LIMIT_S,
            check=False,
        )
        return Said(code=done.returncode, out=done.stdout, err=done.stderr)

    def on_gateway(self, verb: str, *arguments: str) -> Said:
        """Run a verb on this gateway and ask for JSON."""
        state = str(self.state_dir.path)
        return self.verb(verb, "--state", state, "--output", "json", *arguments)

    def on_upgrade(self, verb: str, *arguments: str) -> Said:
        """Run a verb of `bascule upgrade` on this gateway and ask for JSON."""
        state = str(self.state_dir.path)
        return self.verb("upgrade", verb, "--state", state, "--output", "json", *arguments)

    def upgrade(self) -> dict[str, Any]:
        """Return the newest upgrade, an empty document where there is none."""
        said = self.on_upgrade("status")
        return said.document if said.code == 0 else {}

    def begin_upgrade(self, file: Path, *arguments: str) -> Starting:
        """Begin `bascule upgrade start` on this gateway; whoever calls this ends it."""
        command = ["upgrade", "start", "-f", str(file), "--yes", *arguments]
        out = self.directory / f"start-{self.lives + 1}.out"
        with out.open("wb") as told:
            return Starting(process=self._begin(command, told, told), out=out)

    @contextmanager
    def starting_upgrade(self, file: Path, *arguments: str) -> "Iterator[Starting]":
        """Run `bascule upgrade start` on this gateway meanwhile; it is ended by force at last."""
        begun = self.begin_upgrade(file, *arguments)
        try:
            yield begun
        finally:
            begun.process.kill()
            begun.process.wait()

    def _begin(
        self, arguments: Sequence[str], out: BinaryIO, errors: BinaryIO
    ) -> "subprocess.Popen[bytes]":
        """Start a command on this gateway that lives on."""
        self.lives += 1
        state = str(self.state_dir.path)
        return subprocess.Popen(
            [sys.executable, "-m", "bascule", *arguments, "--state", state],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )

    def status(self) -> dict[str, Any]:
        return self.on_gateway("status").document

    def ask_runtime(self, op: str) -> dict[str, Any]:
        """Return the running runtime's answer on its control socket."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(VERB_LIMIT_S)
            line.connect(str(self.state_dir.control_socket))
            line.sendall(json.dumps({"op": op}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(line.makefile("rb").readline())
        return answer

    def start_runtime(self, *arguments: str) -> None:
        """Start `bascule run` and return when the gateway has its first table."""
        out = self.begin_runtime(*arguments)
        runtime = self.runtime
        assert runtime is not None
        wait_until(lambda: bool(out.read_text()) or runtime.poll() is not None)
        assert runtime.poll() is None, f"the runtime ended: {self.runtime_log.read_text()}"

    def begin_runtime(self, *arguments: str) -> Path:
        """Start `bascule run`; return the file that it says something in once it is at work."""
        command = ["run", "-f", str(self.file), "--output", "json", *arguments]
        out = self.directory / f"run-{self.lives + 1}.out"
        with out.open("wb") as told, self.runtime_log.open("ab") as log:
            self.runtime = self._begin(command, told, log)
        return out

    @property
    def runtime_log(self) -> Path:
        return self.directory / "run.log"

    def kill_runtime(self) -> None:
        """End the runtime as a power cut would."""
        assert self.runtime is not None
        self.runtime.kill()
        self.runtime.wait()

    def terminate_runtime(self) -> int:
        """End the runtime by SIGTERM and return its exit code."""
        assert self.runtime is not None
        self.runtime.terminate()
        return self.runtime.wait(timeout=START_LIMIT_S)

    def envoy_pid(self) -> int:
        return int((self.state_dir.path / "envoy.pid").read_text())

    def kill_envoy(self) -> None:
        os.kill(self.envoy_pid(), signal.SIGKILL)

    def kill_cluster(self, cluster: str) -> None:
        """End a cluster's process, its API server and pods with it, as a power cut would."""
        lab = self.directory / "home" / "bascule" / "lab" / self.name
        mark = json.loads((lab / "clusters" / cluster / "cluster.pid").read_text())
        os.kill(mark["pid"], signal.SIGKILL)

    def close(self) -> None:
        if self.state_dir.path.exists():
            self.on_gateway("stop")
        if self.runtime is not None and self.runtime.poll() is None:
            self.runtime.kill()
            self.runtime.wait()


@contextmanager
def open_site(directory: Path, *, name: str, port: int, **lab: bool) -> Iterator[Site]:
    """Start a lab with the shop in both clusters, and write a gateway for it; end all of it.

    Keywords are switches of `lab up`, such as `restart`.
    """
    home = directory / "home"
    site = Site(
        directory=directory,
        name=name,
        port=port,
        environment={**os.environ, "XDG_STATE_HOME": str(home)},
    )
    try:
        switches = [f"--{switch}" for switch, is_on in lab.items() if is_on]
        up = site.verb("lab", "up", "--name", name, "--shop", "--output", "json", *switches)
        assert up.code == 0, up.err
        text = _GATEWAY.format(name=name, kubeconfig=site.kubeconfig, port=port)
        site.file.write_text(text)
        yield site
    finally:
        site.close()
        site.verb("lab", "down", "--name", name)


def wait_until(predicate: Callable[[], bool], *, within_s: float = START_LIMIT_S) -> None:
    """Return once `predicate` holds; for tests without an event loop."""
    deadline_s = time.monotonic() + within_s
    pause = threading.Event()
    while not predicate():
        assert time.monotonic() < deadline_s, f"not within {within_s} s"
        pause.wait(POLL_S)
