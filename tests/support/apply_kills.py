"""`bascule platform apply` is killed at random moments while a third of the answers go wrong."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bascule.lab.supervisor.azure import azure_exports
from bascule.lab.supervisor.description import LabDirectory
from tests.support.azure_place import azure_turn

VERB_LIMIT_S = 100.0
TURN_S = 300.0
"""How long the machine's one place for a lab with an Azure is waited for."""
RUNS_MAX = 12
"""So often an apply that gave up is said again before the platform counts as never done."""
KILL_FROM_S, KILL_TO_S = 0.9, 5.0
"""After its start, within which a process is killed: it takes most of a second to begin."""
FAULTS: Sequence[Sequence[str]] = (
    ("error", "--rate", "0.1", "--status", "503", "--code", "ServiceUnavailable"),
    ("lose", "--rate", "0.1"),
    ("throttle", "--rate", "0.05", "--retry-after", "0.2"),
    ("fail", "--rate", "0.05"),
)
"""30 % of the calls and operations go wrong, lost answers included."""

_PLATFORM = """\
name: {name}
cloud: {cloud}
location: chinanorth2
resourceGroup: {name}
network:
  name: AksVnet
  addressSpace: [10.0.0.0/8]
  subnets:
    - {{name: AppGwSubnet, prefix: 10.1.0.0/16}}
    - {{name: AksSubnet, prefix: 10.240.0.0/16}}
publicIp: {{name: AppGatewayIp}}
gateway: {{name: AppGateway, subnet: AppGwSubnet, port: 8080}}
clusters:
  blue:
    name: old
    subnet: AksSubnet
    network: {{plugin: azure}}
    pools: [{{name: nodepool1, count: 1}}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyTrial:
    """How a platform came about."""

    kills: Sequence[float]
    """Moments of the kills that met a living process, in seconds from its start."""
    runs: int
    """How often it was said until it was done, those that were killed included."""
    made: Sequence[str]
    """Types and names of what there is in the end, sorted."""
    wrongs: Sequence[str]
    took_s: float


@dataclass(slots=True)
class AzureLab:
    """A lab with an Azure, and the command as a user calls it there."""

    directory: Path
    name: str
    environment: dict[str, str] = field(default_factory=dict)

    def verb(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `bascule ARGUMENTS` to its end."""
        return subprocess.run(
            self._command(arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=VERB_LIMIT_S,
            check=False,
        )

    def document(self, *arguments: str) -> dict[str, Any]:
        """Run a verb that has to succeed and return the JSON document that it printed last."""
        done = self.verb(*arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    def kill_after(self, arguments: Sequence[str], moment_s: float) -> bool:
        """Start a command and kill it; return whether it still lived then."""
        process = subprocess.Popen(
            self._command(arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(timeout=moment_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return True
        return False

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "bascule", *arguments]


@contextmanager
def open_azure_lab(directory: Path, name: str) -> Iterator[AzureLab]:
    """Start a lab with an Azure; end it, with all that was made in it."""
    home = directory / "home"
    lab = AzureLab(directory, name, {**os.environ, "XDG_STATE_HOME": str(home)})
    with azure_turn(TURN_S):
        try:
            up = lab.verb("lab", "up", "--azure", "--name", name)
            assert up.returncode == 0, up.stderr
            lab.environment.update(azure_exports(LabDirectory(home / "bascule" / "lab" / name)))
            yield lab
        finally:
            lab.verb("lab", "down", "--name", name)


def kill_applies(lab: AzureLab, rng: random.Random, name: str, *, kills: int) -> ApplyTrial:
    """Have a platform made, killed so often, with faults; then look at what there is."""
    file = lab.directory / f"{name}.yaml"
    cloud = lab.environment["AZURE_RESOURCE_MANAGER_ENDPOINT"]
    file.write_text(_PLATFORM.format(name=name, cloud=cloud))
    apply = ("platform", "apply", "-f", str(file), "--yes")
    begun_s = time.monotonic()
    for fault in FAULTS:
        added = lab.verb("lab", "fault", "add", "--name", lab.name, *fault)
        assert added.returncode == 0, added.stderr
    moments: list[float] = []
    for _ in range(kills):
        moment_s = rng.uniform(KILL_FROM_S, KILL_TO_S)
        if lab.kill_after(apply, moment_s):
            moments.append(round(moment_s, 2))
    runs, said = _finish(lab, apply)
    cleared = lab.verb("lab", "fault", "clear", "--name", lab.name)
    assert cleared.returncode == 0, cleared.stderr
    took_s = time.monotonic() - begun_s
    plan = lab.document("platform", "plan", "-f", str(file))
    made = sorted(f"{each['kind']} {each['name']}" for each in plan["actions"])
    wrongs = (*said, *_find_wrongs(lab, plan, name))
    return ApplyTrial(
        kills=moments, runs=kills + runs, made=made, wrongs=wrongs, took_s=round(took_s, 1)
    )


def _finish(lab: AzureLab, apply: Sequence[str]) -> tuple[int, list[str]]:
    """Say it again until it is done; a refusal of the moment is one, a third of all goes wrong."""
    said = ""
    for number in range(1, RUNS_MAX + 1):
        done = lab.verb(*apply)
        if done.returncode == 0:
            return number, []
        said = done.stderr[-500:]
        if "Traceback" in done.stderr:
            return number, [f"a stack trace: {said}"]
        threading.Event().wait(0.2)
    return RUNS_MAX, [f"it never ended well: {said}"]


def _find_wrongs(lab: AzureLab, plan: Mapping[str, Any], name: str) -> list[str]:
    wrongs = []
    if not plan["is_empty"]:
        left = [f"{a['op']} {a['kind']} {a['name']}" for a in plan["actions"] if a["op"] != "leave"]
        wrongs.append(f"the plan is not empty: {left}")
    requests = lab.document("lab", "requests", "--name", lab.name)
    made = [
        each["path"].lower()
        for each in requests["latestWrites"]
        if each["method"] == "PUT" and each["status"] == 201 and f"/{name}" in each["path"].lower()
    ]
    wrongs += [f"made twice: {path}" for path in sorted(set(made)) if made.count(path) > 1]
    return wrongs
