"""`bascule run` where something is missing: one line says what, and nothing is left half done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pki import Authority
from tests.support.site import wait_until

_KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: a, user: {token: not-a-secret}}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A gateway whose clusters cannot be reached."""
    (tmp_path / "kubeconfig").write_text(_KUBECONFIG)
    path = tmp_path / "gateway.yaml"
    clusters = "{blue: {kubeconfig: kubeconfig}, green: {kubeconfig: kubeconfig}}"
    path.write_text(f"name: faults\nclusters: {clusters}\n")
    return path


def command(file: Path, *arguments: str) -> list[str]:
    state = str(file.parent / "state")
    return [sys.executable, "-m", "bascule", "run", "-f", str(file), "--state", state, *arguments]


def run(file: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(file, *arguments),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_missing_envoy_is_said_before_anything_is_made(file: Path) -> None:
    done = run(file, ENVOY_BIN="/nonexistent/envoy")

    assert done.returncode == 2
    assert done.stderr.startswith("error: ENVOY_BIN names /nonexistent/envoy")
    assert not (file.parent / "state").exists()


def test_xds_for_envoys_elsewhere_is_never_served_without_mutual_tls(file: Path) -> None:
    done = run(file, "--xds-listen", "127.0.0.1:0")

    assert done.returncode == 2
    assert "mutual TLS" in done.stderr


def test_xds_is_served_to_envoys_elsewhere_though_no_cluster_can_be_reached(file: Path) -> None:
    folder = file.parent
    authority = Authority()
    pair = authority.issue("xds")
    files = []
    for name, pem in (("cert", pair.chain_pem), ("key", pair.key_pem), ("ca", authority.pem)):
        (folder / name).write_bytes(pem)
        files.append(f"--xds-{name}={folder / name}")
    line = command(file, "--xds-listen", "127.0.0.1:0", *files, "--output", "json")
    log = folder / "log"

    with log.open("wb") as err, (folder / "out").open("wb") as out:
        process = subprocess.Popen(line, stdout=out, stderr=err)
    wait_until(lambda: bool((folder / "out").read_text()) and "cluster is away" in log.read_text())
    process.terminate()

    assert process.wait(timeout=10) == 0
    started = json.loads((folder / "out").read_text().splitlines()[0])
    assert started["xds_port"] > 0
    assert started["envoy_pid"] is None
    assert "Connection refused" in log.read_text()
    assert "not-a-secret" not in log.read_text()
