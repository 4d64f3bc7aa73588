"""The commands that `bascule gateway break-glass` prints, typed into a shell with the real az."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.real_az import AZ_VENV, LIMIT_S, RealAz, azure_lab

GROUP = ("--resource-group", "AKS_Upgrade")
CREATE = (
    *("network", "application-gateway", "create", *GROUP, "--name", "AppGateway"),
    *("--vnet-name", "AksVnet", "--subnet", "AppGwSubnet", "--sku", "Standard_v2"),
    *("--public-ip-address", "AppGatewayIp", "--frontend-port", "8080", "--priority", "100"),
    *("--location", "ChinaNorth2"),
)
_FILE = """\
name: shop
clusters:
  blue: {kubeconfig: kubeconfig, context: blue}
  green: {kubeconfig: kubeconfig, context: green}
listeners: [{name: http, address: 127.0.0.1, port: 8080}]
gateway: {type: appgw, resourceGroup: AKS_Upgrade, name: AppGateway}
"""


@pytest.fixture
def az(tmp_path: Path) -> Iterator[RealAz]:
    with azure_lab(tmp_path) as opened:
        opened.run("group", "create", "--name", "AKS_Upgrade", "--location", "ChinaNorth2")
        network = ("network", "vnet", "create", *GROUP, "--name", "AksVnet")
        subnet = ("--subnet-name", "AppGwSubnet", "--subnet-prefix", "10.1.0.0/16")
        opened.run(*network, *subnet, "--address-prefix", "10.0.0.0/8")
        address = ("network", "public-ip", "create", *GROUP, "--name", "AppGatewayIp")
        opened.run(*address, "--sku", "Standard", "--allocation-method", "Static")
        opened.run(*CREATE)
        yield opened


def type_in(az: RealAz, command: str) -> str:
    """Type a command into a shell and return what it prints."""
    path = f"{AZ_VENV / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        env={**az.environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def test_the_printed_commands_write_the_document_that_was_kept(az: RealAz, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(_FILE)
    state = tmp_path / "state of shop"
    state.mkdir(mode=0o700)
    gateway_id = az.ask("network", "application-gateway", "list", *GROUP)[0]["id"]
    url = f"{gateway_id}?api-version=2025-07-01"
    document: dict[str, Any] = az.ask("rest", "--method", "get", "--url", url)
    kept = {**document, "tags": {"bascule-split": "100"}}
    (state / "break-glass-blue.json").write_text(json.dumps(kept))

    said = az.bascule("gateway", "break-glass", "-f", str(file), "--state", str(state))
    _, compare, put, look = (each["command"] for each in said["steps"])

    assert type_in(az, compare) == document["etag"]
    type_in(az, put)
    assert type_in(az, look) == "Succeeded"
    assert az.ask("rest", "--method", "get", "--url", url)["tags"] == {"bascule-split": "100"}
