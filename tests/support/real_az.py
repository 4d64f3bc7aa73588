"""The real az and Azure's SDKs, from an environment of their own, against a lab's Azure."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bascule.lab.supervisor import control
from bascule.lab.supervisor.description import LabDirectory
from tests.house import rules
from tests.support.azure_place import azure_turn

AZ_VENV = rules.ROOT / ".venv-az"
LAB = "az"
LIMIT_S = 300
LOG_SHOWN = 2_000
"""So much of the end of each log of a lab that does not start is shown."""
CREDENTIAL = """
import json, os, sys
from azure.identity import ClientSecretCredential
url = os.environ["AZURE_RESOURCE_MANAGER_ENDPOINT"]
credential = ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"],
    os.environ["AZURE_CLIENT_ID"],
    os.environ["AZURE_CLIENT_SECRET"],
    authority=url,
    disable_instance_discovery=True,
)
given = {"base_url": url, "credential_scopes": [url + "/.default"]}
subscription = os.environ["AZURE_SUBSCRIPTION_ID"]
"""
"""How a script with Azure's SDKs begins: a credential, and what each client is given with it."""
GROUPS = """
from azure.mgmt.resource.resources import ResourceManagementClient
client = ResourceManagementClient(credential, subscription, **given)
"""
"""How it goes on where it uses resource groups."""


@dataclass(frozen=True, kw_only=True)
class RealAz:
    """Runs az as the lab's first service principal, or as another one with `sign_in`."""

    directory: LabDirectory
    environment: Mapping[str, str]
    log: list[str] = field(default_factory=list)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run az and return what it printed; with another `code` what it complained of."""
        done = subprocess.run(
            [AZ_VENV / "bin/az", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        self.log.append(f"az {' '.join(arguments)}")
        assert done.returncode == code, f"{self.log[-1]}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    def ask(self, *arguments: str) -> Any:
        """Run az and return the JSON that it printed, None if it printed none."""
        text = self.run(*arguments, "--output", "json")
        return json.loads(text) if text.strip() else None

    def python(self, script: str, *arguments: str) -> Any:
        """Run a script with Azure's SDKs and return the JSON that it printed."""
        done = subprocess.run(
            [AZ_VENV / "bin/python", "-c", script, *arguments],
            env={**self.environment, "PATH": f"{AZ_VENV / 'bin'}:{self.environment['PATH']}"},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def sign_in(self) -> None:
        """Sign in as the environment says."""
        given = self.environment
        self.run(
            *("login", "--service-principal", "--output", "none"),
            *("--username", given["AZURE_CLIENT_ID"]),
            *("--password", given["AZURE_CLIENT_SECRET"]),
            *("--tenant", given["AZURE_TENANT_ID"]),
        )

    def requests(self) -> Any:
        """Return the lab's counts of requests."""
        return self.bascule("lab", "requests", "--name", LAB)

    def bascule(self, *arguments: str) -> Any:
        """Run our own command with the lab's environment and return the JSON that it printed."""
        return _bascule(self.environment, *arguments, "--output", "json")


@contextmanager
def azure_lab(home: Path, *options: str) -> Iterator[RealAz]:
    """Yield az signed in to a lab of its own below `home`; no process is left behind."""
    if not (AZ_VENV / "bin/az").exists():
        pytest.skip("needs .venv-az: `make az-test` makes it")
    inherited = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    state = {**inherited, "XDG_STATE_HOME": str(home / "state"), "HOME": str(home)}
    with azure_turn(LIMIT_S):
        _bring_up(home, state, *options)
        try:
            directory = control.find_lab(LAB, state)
            environment = {**state, **control.shell_exports(directory, state)}
            az = RealAz(directory=directory, environment=environment)
            az.sign_in()
            yield az
        finally:
            _bascule(state, "lab", "down", "--name", LAB, "--output", "json")


def _bring_up(home: Path, state: Mapping[str, str], *options: str) -> None:
    """Start the lab; what went wrong is told with the last words of all its logs."""
    try:
        _bascule(state, "lab", "up", "--azure", "--name", LAB, *options, "--output", "json")
    except (AssertionError, subprocess.TimeoutExpired) as error:
        logs = sorted((home / "state").rglob("*.log"))
        words = (f"{log}:\n{log.read_text(errors='replace')[-LOG_SHOWN:]}" for log in logs)
        raise AssertionError("\n".join([f"the lab does not start: {error}", *words])) from error


def _bascule(environment: Mapping[str, str], *arguments: str) -> Any:
    done = subprocess.run(
        ["bascule", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
